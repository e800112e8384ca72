"""Symbolic arrays: what NumPy records on them is what it computes, and what cannot be recorded is refused."""

from collections.abc import Callable

import numpy as np
import pytest

from nettrain.export.evaluation import evaluate
from nettrain.export.node import ROWS, GraphNode, in_order
from nettrain.export.simplification import simplified
from nettrain.export.traced import Traced, UntraceableError

X = np.random.default_rng(0).normal(size=(5, 4))
X[1, 2] = np.nan


def rows(dtype: str = "float64") -> Traced:
    return Traced(GraphNode("input", (ROWS, 4), np.dtype(dtype), options={"column": "x"}))


def with_columns_set(x):
    x = x.copy()
    x[:, [0, 2]] = x[:, [0, 2]] * 2
    x[..., np.array([False, True, False, False])] = 7.0
    return x


def in_place(x):
    a = np.empty_like(x)
    np.exp(x, out=a)
    np.add(a, 1, out=a)
    np.divide(1.0, a, out=a, where=a > 1.5)
    return a


CALCULATIONS: dict[str, Callable] = {
    "operators": lambda x: -((x + 1) ** 2) / 3 - abs(x),
    "comparisons": lambda x: ((x > 0) & ~(x > 1)) | np.isnan(x),
    "choice": lambda x: np.where(np.isnan(x), 0.0, x),
    "index": lambda x: x[:, 1:3][..., ::-1][:, None, :, None],
    "one column": lambda x: x[:, -1],
    "positions": lambda x: x[..., [3, 0, 0]],
    "mask": lambda x: x[:, np.array([True, False, True, False])],
    "columns set": with_columns_set,
    "out": in_place,
    "reductions": lambda x: x.max(axis=-1, keepdims=True) - np.mean(x[:, :2], axis=1, keepdims=True),
    "sums": lambda x: np.sum(x[:, 3:], axis=-1) + np.add.reduce(x[:, :1], axis=1),
    "argmax": lambda x: np.where(np.isnan(x), 0.0, x).argmax(axis=-1),
    "product": lambda x: x[:, :2] @ np.arange(6.0).reshape(2, 3),
    "own matrices": lambda x: x[None, :, :2] @ np.arange(12.0).reshape(2, 2, 3),
    "reshape": lambda x: x.reshape(-1, 2, 2).swapaxes(1, 2).reshape(x.shape[0], 4),
    "concatenate": lambda x: np.concatenate([x, np.isnan(x)], axis=-1),
    "stack": lambda x: np.stack([x[:, 0], x[:, 1] * 0], axis=-1),
    "clip": lambda x: np.clip(x, -0.5, None),
    "full": lambda x: np.full_like(x, 3.0) + np.ones_like(x) + np.zeros_like(x),
    "broadcast": lambda x: np.broadcast_to(x, (3, *x.shape)),
    "interp": lambda x: np.interp(x, [-1.0, 0.0, 2.0], [0.0, 0.5, 1.0]),
    "take": lambda x: np.take(x * 0 + [1.0, 5.0, 9.0, 2.0], [3, 0], axis=-1),
    "one by one": lambda x: sum(np.stack([x[:, 0], x[:, 1], x[:, 3]])),
    "the least": lambda x: x.min(axis=-1) + np.min(x, axis=1),
    "float32": lambda x: (x.astype(np.float32) * 2 + np.float32(1)).astype(np.float64),
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_what_is_recorded_is_computed_later_to_the_bit(name: str) -> None:
    calculation = CALCULATIONS[name]
    with np.errstate(all="ignore"):
        expected = calculation(X)
    end = calculation(rows()).node
    assert end.dtype == expected.dtype
    for ends in ([end], simplified([end])):
        (actual,) = evaluate(ends, {"x": X}, len(X))
        assert actual.shape == expected.shape
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


def test_python_numbers_keep_float32() -> None:
    result = np.maximum(rows("float32") * 2.0 + 1, 0.0)
    assert result.dtype == np.float32
    assert (rows("float32") + np.ones(4)).dtype == np.float64


@pytest.mark.parametrize(
    ("calculation", "message"),
    [
        (np.cumsum, "np.cumsum"),
        (lambda x: np.arctan2(x, 1.0), "arctan2"),
        (np.asarray, "does not have yet"),
        (lambda x: x if x.sum(axis=1)[0] > 0 else -x, "a part of the rows|cannot branch"),
        (lambda x: x.sum(), "along None"),
        (np.multiply.accumulate, "multiply.accumulate"),
        (lambda x: x if x[:, 0] else -x, "cannot branch on numbers"),
        (
            lambda x: x @ np.ones((3, 2)),
            r"no product of Traced\(input, \(N, 4\), float64\) and Traced\(constant, \(3, 2\),",
        ),
        (lambda x: np.broadcast_to(x, (1, 4)), r"Traced\(.*\) as \(1, 4\)"),
        (lambda x: np.take(x, [0]), "of several axes at once"),
        (lambda x: x.copy().__setitem__((slice(0, 3), 0), 1.0), "values can be set in columns alone"),
    ],
)
def test_what_cannot_be_recorded_is_refused_by_name(calculation: Callable, message: str) -> None:
    with pytest.raises(UntraceableError, match=message):
        calculation(rows())


def test_a_simpler_graph_has_nothing_twice_and_nothing_without_effect() -> None:
    x = rows()
    scale = np.full(4, 2.0) * 3.0
    y = np.exp(x * scale + 0.0) + np.exp(x * scale) * 1.0
    operations = [node.operation for node in in_order(simplified([y.reshape(-1, 4).node]))]
    assert ["input", "constant", "multiply", "exp", "add"] == operations


def test_shapes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ValueError, match="do not broadcast"):
        rows() + np.ones(3)
    with pytest.raises(ValueError, match="cannot become"):
        rows().reshape(-1, 3)
