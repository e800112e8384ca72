"""Embeddings of numbers are those of PyTorch, and of NumPy by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.model.layers import embeddings, layers
from nettrain.model.layers.number_embeddings.layer import NumberEmbeddingLayer
from nettrain.model.layers.number_embeddings.piecewise_linear import edges
from tests.model.probe import Probe

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tabular_layers.json").read_text())
CASES = {name: case for name, case in GOLDEN["layers"].items() if name.partition(",")[0] in embeddings}
PRECISION = {"float64": 1e-12, "float32": 2e-5}  # of the largest
OURS = {  # names of arrays here, by those in the golden file
    "linear_relu": {"weight": "slope"},
    "periodic": {"weight": "projection"},
    "piecewise_linear": {"weight": "slope"},
    "pbld": {"weight": "mixing"},
}


def layer_of(name: str, case: dict[str, Any]) -> NumberEmbeddingLayer:
    """The layer of a golden case."""
    kind, _, more = name.partition(", ")
    settings: dict[str, Any] = {"dimension": 4}
    if "frequencies" in case["arrays"]:
        settings["frequencies"] = 3
    if "edges" in case:
        settings["bins"] = max(map(len, case["edges"])) - 1
    settings |= {more: True} if more else {}
    return layers["number_embedding"](embedding=embeddings[kind](**settings), positions=case["positions"])


def arrays_of(name: str, case: dict[str, Any], kept: str) -> dict[str, np.ndarray]:
    """The case's arrays or gradients by our names; matrices of one layer one on another, padded with 0."""
    ours, found, bins = OURS[name.partition(",")[0]], {}, []
    longest = max(map(len, case.get("edges", [[0]]))) - 1
    for key, values in case[kept].items():
        if key.startswith("matrix"):
            bins.append(np.pad(values, ((0, longest - len(values)), (0, 0))))
        else:
            array = np.array(values)
            found[ours.get(key, key)] = array.reshape(-1, array.shape[-1])
    return found | ({"projection": np.concatenate(bins)} if bins else {})


def padded(case: dict[str, Any]) -> np.ndarray:
    """The edges of each column, the last one repeated."""
    longest = max(map(len, case["edges"]))
    return np.array([[*own, *[own[-1]] * (longest - len(own))] for own in case["edges"]])


def near(actual: np.ndarray, expected: object, dtype: str) -> bool:
    wanted = np.array(expected)
    return bool(np.abs(actual - wanted).max() <= PRECISION[dtype] * max(np.abs(wanted).max(), 1e-300))


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", CASES)
def test_an_embedding_is_pytorchs(name: str, dtype: str) -> None:
    case = CASES[name]
    x, delta = (np.array([case[key]] * 2, dtype) for key in ("x", "delta"))
    given = {"edges": padded(case)} if "edges" in case else {}
    probe = Probe.of([layer_of(name, case)], x, arrays_of(name, case, "arrays"), statistics=given).run(delta)
    assert near(probe.output[1], case["y"], dtype)
    assert near(probe.dx[1], case["dx"], dtype)
    for array, expected in arrays_of(name, case, "gradients").items():
        assert near(probe.gradient_of(array)[1], expected, dtype), array


def test_every_embedding_is_compared_with_pytorch() -> None:
    assert set(embeddings) - {"none"} == {name.partition(",")[0] for name in CASES}


@pytest.mark.parametrize("case", GOLDEN["edges"], ids=lambda case: f"{case['bins']} bins")
def test_edges_are_pytorchs_distinct_quantiles(case: dict[str, Any]) -> None:
    found = edges(np.array(case["x"]), case["bins"])
    assert case["bins"] + 1 == len(found)
    np.testing.assert_allclose(np.unique(found), case["edges"], rtol=1e-12, atol=1e-14)
    assert (found[len(case["edges"]) - 1 :] == found[-1]).all()
