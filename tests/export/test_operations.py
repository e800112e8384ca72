"""Whatever a formula may compute is written in every form: functions that no entry of the catalogue uses yet, too."""

import ctypes
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from nettrain.export.prediction import PredictionGraph
from nettrain.export.traced import Traced, traced
from tests.export.compiled_models import ModelInC, compiled, write_model
from tests.export.exported_predictions import expected_of
from tests.export.test_numpy_module import module_of

NAME = "loss mse of numbers"
TURN = np.array([[0.5, 2.0], [-1.0, 0.25]])


def clipped(p):
    q = np.empty_like(p)
    np.clip(p, -0.5, 0.5, out=q)
    return q


def tops(p):
    return p.max(axis=-1, keepdims=True)


def grid(p):
    return p[:, :, None] * np.array([1.0, 10.0, 100.0])


def softplus(x):
    return np.logaddexp(x, np.float32(0)) + np.log1p(np.exp(-abs(x))) + np.maximum(x, np.float32(0))


CALCULATIONS: dict[str, Callable] = {
    "powers": lambda p: (1 + abs(p)) ** 1.5 + 1.1**p,
    "a power of an array": lambda p: (1 + abs(p)) ** p[:, ::-1],
    "the least": lambda p: p - p.min(axis=-1, keepdims=True),
    "a choice of booleans": lambda p: np.where(np.where(p > 0, p > 1, p < -1), p, -p),
    "unequal numbers": lambda p: (p != tops(p)) * p,
    "whole quotients": lambda p: p // 0.3 + p % 0.7,
    "reciprocals": lambda p: np.reciprocal(1 + p * p),
    "broadcasting": lambda p: np.broadcast_to(tops(p), p.shape) + p,
    "whole numbers": lambda p: abs(p.argmax(axis=-1) - 2)[:, None] * p,
    "truth": lambda p: (p > 0).astype(np.float64) + 2.0 * np.floor(p).astype(bool),
    "an axis more": lambda p: p.reshape(-1, 2, 1).swapaxes(1, 2).reshape(-1, 2) + p[:, None][:, 0],
    "nothing beside it": lambda p: np.concatenate([p[:, :0], p], axis=-1),
    "positions": lambda p: np.take(p, [1, 0], axis=-1) - p,
    "limits": clipped,
    "a transposed matrix": lambda p: p @ traced(TURN).T if isinstance(p, Traced) else p @ TURN.T,
    "erfc in float32": lambda p: special.erfc(p.astype(np.float32)).astype(np.float64),
    "a large number": lambda p: p * 3.0 + 1e16,
    "an axis of both": lambda p: np.mean(p[None] * np.array([1.0, 3.0]).reshape(2, 1, 1), axis=0),
    "a grid and back": lambda p: grid(p).reshape(-1, 6)[:, ::3] + grid(p).reshape(-1, 3, 2).sum(axis=1),
    "parts of a grid": lambda p: (
        grid(p)[:, :, [2, 0]].sum(axis=1) - np.take(grid(p), [1, 0], axis=1)[:, 0, 1:]
    ),
    "where each is largest": lambda p: (grid(p) * p[:, ::-1, None]).argmax(axis=-1) * 1.0 + p,
    "one number for both": lambda p: np.broadcast_to(tops(p), p.shape),
    "not quite log softmax": lambda p: (
        (p - np.log(np.square(p).sum(axis=-1, keepdims=True)))
        + (p - np.log(np.exp(2 * p).sum(axis=-1, keepdims=True)))
        + (p - np.log(np.exp(p).sum(axis=-1, keepdims=True)))
        + ((p - 1) - np.log(np.exp(p - 1).sum(axis=-1, keepdims=True)))
    ),
    "softmax without its shift": lambda p: np.exp(p) / np.exp(p).sum(axis=-1, keepdims=True),
    "softplus in float32": lambda p: softplus(p.astype(np.float32)).astype(np.float64),
    "no softplus in float32": lambda p: np.logaddexp(p.astype(np.float32), np.float32(1)).astype(np.float64),
    "a product with itself": lambda p: (p[:, None] @ p[:, :, None])[:, 0] + np.zeros(2),
    "a bias of each row": lambda p: p @ TURN + tops(p),
}


def graph_of(name: str) -> tuple[PredictionGraph, np.ndarray]:
    """The prediction of a run, with a calculation behind it, and what NumPy makes of it (N, 2)."""
    graph = expected_of(NAME).graph
    own = Traced(graph.predictions) / np.array([1000.0, 0.01])
    before = np.stack([one / by for one, by in zip(predictions().T, (1000.0, 0.01), strict=True)], axis=-1)
    return replace(graph, predictions=CALCULATIONS[name](own).node), CALCULATIONS[name](before)


def predictions() -> np.ndarray:
    graph = expected_of(NAME).graph
    return module_of(graph)["predict"](cells()).reshape(-1, 2)


def cells() -> dict:
    return {name: cell[:60] for name, cell in expected_of(NAME).cells.items()}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_in_numpy(name: str) -> None:
    graph, expected = graph_of(name)
    actual = module_of(graph)["predict"](cells()).reshape(-1, 2)
    assert_near(actual, expected, name)


def assert_near(actual: np.ndarray, expected: np.ndarray, name: str) -> None:
    single = "float32" in name
    np.testing.assert_allclose(actual, expected, rtol=1e-6 if single else 1e-12, atol=1e-6 * single)


COMPILERS = [one for one in ("gcc", "clang") if shutil.which(one)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("operations")
    sources = [write_model(graph_of(name)[0], folder, f"m{k}") for k, name in enumerate(CALCULATIONS)]
    compiled(COMPILERS[0], sources, "-O0", "-fPIC", "-shared", "-o", str(folder / "models.so"))
    return ctypes.CDLL(str(folder / "models.so"))


@pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")
@pytest.mark.parametrize("name", CALCULATIONS)
def test_in_c(name: str, library: ctypes.CDLL) -> None:
    graph, expected = graph_of(name)
    actual, _ = ModelInC(library, graph, f"m{[*CALCULATIONS].index(name)}").predict(cells())
    assert_near(actual, expected, name)


@pytest.mark.parametrize("name", CALCULATIONS)
def test_in_onnx(name: str) -> None:
    pytest.importorskip("onnxruntime")
    from tests.export.test_onnx import Session

    graph, expected = graph_of(name)
    session = Session(graph)
    actual = session.values(session.run(cells()))
    assert_near(actual, expected, name)
