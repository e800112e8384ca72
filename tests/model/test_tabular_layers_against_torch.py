"""Layers of networks for tables against plain PyTorch transcriptions of their formulas, and schedules.

tests/golden/tabular_layers.json has inputs, outputs and gradients (scripts/goldens).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.schedules import Calendar, schedules
from nettrain.model.layers import Layer, embeddings
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.layers.batch_ensemble import BatchEnsemble
from nettrain.model.layers.category_embedding import CategoryEmbedding
from nettrain.model.layers.dense import Dense
from nettrain.model.layers.neural_tangent import NeuralTangentDense
from nettrain.model.layers.number_embeddings.layer import NumberEmbeddingLayer
from nettrain.model.layers.output_clamp import OutputClamp
from nettrain.model.layers.packed_dense import PackedDense
from nettrain.model.layers.repeat import Repeat
from nettrain.model.layers.scale import Scale
from nettrain.model.parameters import parameter_layout
from tests.model.probe import Probe

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tabular_layers.json").read_text())
CASES = GOLDEN["layers"]
COUNT = 3  # sub-members
DIMENSION = 4  # of embeddings
EMBEDDINGS: dict[str, dict[str, Any]] = {
    "periodic": {"frequencies": 3},
    "periodic, lite": {"frequencies": 3, "lite": True},
    "piecewise_linear": {"bins": 3},
    "piecewise_linear, relu": {"bins": 3, "relu": True},
    "pbld": {"frequencies": 3},
}
PRECISION = {"float64": 1e-10, "float32": 1e-4}  # of the largest number of an array


def layers_of(name: str) -> list[Layer]:
    """The layers that a golden case is about."""
    case, (kind, _, option) = CASES[name], name.partition(", ")
    units = np.shape(case["y"])[-1]
    repeated = [Repeat(sub_members=COUNT)] if option == "shared rows" else []
    made: dict[str, Layer] = {
        "dense": Dense(units=units),
        "neural_tangent": NeuralTangentDense(units=units),
        "parametric selu": ActivationLayer(function=activations["parametric_selu"]()),
        "parametric mish": ActivationLayer(function=activations["parametric_mish"]()),
        "scale": Scale(),
        "batch_ensemble": BatchEnsemble(units=units, sub_members=COUNT),
        "mini": Scale(sub_members=COUNT),
        "heads": PackedDense(units=units, sub_members=COUNT),
    }
    if kind in embeddings:
        embedding = embeddings[kind](dimension=DIMENSION, **EMBEDDINGS.get(name, {}))
        return [NumberEmbeddingLayer(embedding=embedding, positions=case["positions"])]
    if kind == "category":
        shape = {"positions": case["positions"], "categories": case["categories"]}
        return [CategoryEmbedding(**shape, dimension=DIMENSION)]
    return [*repeated, made[kind]]


def near(actual: np.ndarray, expected: Any) -> None:
    """Equal up to a share of the largest number."""
    expected = np.reshape(expected, actual.shape)
    worst = np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-300)
    assert worst <= PRECISION[str(actual.dtype)], worst


def rows(signals: Any) -> np.ndarray:
    """Signals (B, W), or of sub-members (k, B, W) one after the other: (k·B, W)."""
    array = np.array(signals)
    return array.reshape(-1, array.shape[-1])


def padded(edges: list[list[float]]) -> np.ndarray:
    """The edges of bins of each column, of which the last one is repeated where they are fewer."""
    longest = max(map(len, edges))
    return np.array([own + own[-1:] * (longest - len(own)) for own in edges])


def others(x: np.ndarray, name: str) -> np.ndarray:
    """Inputs of another member: codes remain codes."""
    return x[::-1] if name == "category" else 2 * x


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("name", CASES)
def test_output_and_gradients(name: str, dtype: str) -> None:
    """Of the second of two members, of which the first has other numbers."""
    case, layers = CASES[name], layers_of(name)
    x, delta = rows(case["x"]), rows(case["delta"])
    statistics = {"edges": padded(case["edges"])} if "edges" in case else {}
    probe = Probe.of(layers, np.array([others(x, name), x], dtype), statistics=statistics)
    for slot in (layout := parameter_layout(probe.architecture)).slots:
        values = np.reshape(case["arrays"][slot.name], slot.shape)
        layout.view(probe.parameters, slot.layer, slot.name)[...] = [1.5 * values, values]
    probe.run(np.array([delta, delta], dtype))
    near(probe.output[1], case["y"])
    near(probe.dx[1], case["dx"])
    assert {slot.name for slot in layout.slots} == case["gradients"].keys()
    for array, values in case["gradients"].items():
        near(probe.gradient_of(array)[1], values)


@pytest.mark.parametrize("name", ["coslog4", "flat_cos"])
def test_schedules(name: str) -> None:
    times = np.array(GOLDEN["schedules"]["t"])
    calendar = Calendar(steps_per_epoch=100, epochs=2)
    rates = schedules[name]().rates(np.ones((1, 1)), times * calendar.steps, calendar)
    np.testing.assert_allclose(rates[0], GOLDEN["schedules"][name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", GOLDEN["edges"], ids=lambda case: f"{case['bins']} bins")
def test_edges_of_bins(case: dict[str, Any]) -> None:
    bins = embeddings["piecewise_linear"](bins=case["bins"])
    actual = bins.initial_statistics(np.array(case["x"])[:, None])["edges"][0]
    expected = case["edges"]
    np.testing.assert_allclose(actual[: len(expected)], expected, rtol=1e-13, atol=1e-15)
    assert (actual[len(expected) :] == actual[len(expected) - 1]).all()


def test_outputs_are_cut_to_the_range_of_the_targets() -> None:
    case = GOLDEN["clamp"]
    limits = {"least": np.array([min(case["targets"])]), "largest": np.array([max(case["targets"])])}
    outputs = np.array(case["outputs"])[None, :, None]
    probe = Probe.of([OutputClamp()], outputs, statistics=limits, training=False).run(outputs)
    assert case["clamped"] == probe.output[0, :, 0].tolist()
