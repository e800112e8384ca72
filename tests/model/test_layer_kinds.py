"""Every kind of layer is its definition, forward and backward, and no member depends on another.

Oracles that are not this code: PyTorch's numbers in tests/golden/layers.json, and central differences.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.model.architecture import Architecture, Block
from nettrain.model.layers import Layer, embeddings, layers, norms
from nettrain.model.layers.base import Context, DefinitionContext, LearnedArray
from nettrain.model.parameters import initial_row, parameter_layout
from nettrain.model.tape import Tape
from tests.model.probe import Probe

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "layers.json").read_text())
PRECISION = {"float64": 1e-12, "float32": 2e-5}  # of the largest

Dense, Activation, Residual = layers["dense"], layers["activation"], layers["residual"]
TANH = Activation(function=activations["tanh"]())
EMBEDDING = layers["number_embedding"]
SMALL: dict[str, dict[str, Any]] = {
    "periodic": {"frequencies": 3, "sigma": 0.3},
    "piecewise_linear": {"bins": 3, "relu": True},
}
SAMPLES: dict[str, Layer] = {
    "dense": Dense(units=3),
    "output_clamp": layers["output_clamp"](),
    "neural_tangent": layers["neural_tangent"](units=3),
    "activation": TANH,
    "dropout": layers["dropout"](rate=0.4),
    "category_embedding": layers["category_embedding"](positions=(1, 2), categories=(3, 2), dimension=3),
    "input_noise": layers["input_noise"](sigma=0.3),
    "residual": Residual(body=(Dense(units=3), TANH)),
    "repeat": layers["repeat"](sub_members=3),
    "scale": layers["scale"](sub_members=3, start="normal"),
    "batch_ensemble": layers["batch_ensemble"](units=3, sub_members=3, start="normal"),
    "packed_dense": layers["packed_dense"](units=3, sub_members=3),
    "mean_prediction": layers["mean_prediction"](sub_members=3, averaged="softmax"),
    "number_embedding": EMBEDDING(
        embedding=embeddings["periodic"](frequencies=2, dimension=3), positions=(0, 2)
    ),
    **{
        f"embedding {name}": EMBEDDING(embedding=entry(**SMALL.get(name, {})), positions=(0, 1, 3))
        for name, entry in embeddings.items()
        if name != "none"
    },
    **{f"norm {name}": norms[name]() for name in norms},
}
ORACLES = {"none": "the input itself", "batch": "PyTorch", "layer": "PyTorch"}  # of every norm: add yours


def near(actual: np.ndarray, expected: object, dtype: str) -> bool:
    wanted = np.array(expected)
    return bool(np.abs(actual - wanted).max() <= PRECISION[dtype] * max(np.abs(wanted).max(), 1e-300))


def twice(rows: object, dtype: str) -> np.ndarray:
    """The same rows for two members."""
    return np.array([rows, rows], dtype)


def test_every_kind_has_a_sample_and_every_norm_an_oracle() -> None:
    numbers = {f"embedding {name}" for name in embeddings if name != "none"}
    assert set(layers) | {f"norm {name}" for name in norms} | numbers == set(SAMPLES), "add one to SAMPLES"
    assert set(norms) == set(ORACLES), "compare the norm with numbers that are not ours, then name them"


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", GOLDEN["layer_norm"], ids=range(5))
def test_layer_norm_is_pytorchs(case: dict, dtype: str) -> None:
    x, delta = twice(case["x"], dtype), twice(case["delta"], dtype)
    probe = Probe.of([norms["layer"](epsilon=case["epsilon"])], x, case).run(delta)
    assert near(probe.output[1], case["y"], dtype)
    if x.shape[2] == 1:  # nothing is left of a single column but rounding
        assert not probe.dx.any()
        assert not probe.gradient_of("gain").any()
    else:
        assert near(probe.dx[1], case["dx"], dtype)
        assert near(probe.gradient_of("gain")[1, 0], case["dgain"], dtype)
    assert near(probe.gradient_of("shift")[1, 0], case["dshift"], dtype)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", GOLDEN["residual"], ids=["the same width", "projected"])
def test_residual_blocks_are_pytorchs(case: dict, dtype: str) -> None:
    x, delta = twice(case["x"], dtype), twice(case["delta"], dtype)
    block = Residual(body=(Dense(units=delta.shape[2]), TANH))
    probe = Probe.of([block], x, case).run(delta)
    assert near(probe.output[1], case["y"], dtype)
    assert near(probe.dx[1], case["dx"], dtype)
    for name in ("weight", "bias", "projection"):
        if name in case:
            assert near(probe.gradient_of(name)[1].reshape(np.shape(case[name])), case[f"d{name}"], dtype)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_pass_is_the_definition_and_its_derivatives(name: str) -> None:
    rng = np.random.default_rng(len(name))
    x = rng.normal(size=(2, 6, 4))  # rows of three sub-members
    width = SAMPLES[name].width(4)
    delta = rng.normal(size=(2, 6 * SAMPLES[name].batches, width))
    probe = Probe.of([SAMPLES[name]], x.copy())
    probe.parameters += 0.3 * rng.normal(size=probe.parameters.shape)
    row, probe.x = probe.parameters[0].copy(), x.copy()
    probe.run(delta)
    np.testing.assert_allclose(probe.output[0], probe.defined(row, x[0])[0], rtol=1e-12, atol=1e-14)
    if SAMPLES[name].drawn != ("noisy",):  # its definition takes the noisy input as it is
        slopes = differences(lambda moved: (probe.defined(row, moved)[0] * delta[0]).sum(), x[0])
        np.testing.assert_allclose(probe.dx[0], slopes, rtol=1e-6, atol=1e-8)
    slopes = differences(lambda moved: (probe.defined(moved, x[0])[0] * delta[0]).sum(), row)
    np.testing.assert_allclose(probe.gradient[0], slopes, rtol=1e-6, atol=1e-8)


def differences(function, at: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Central differences of a function of an array."""
    slopes = np.zeros_like(at)
    for k in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[k] += h
        down[k] -= h
        slopes[k] = (function(up) - function(down)) / (2 * h)
    return slopes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in SAMPLES if not SAMPLES[name].random])
def test_a_member_does_not_depend_on_the_others(name: str, dtype: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 6, 70)).astype(dtype)
    shape = (3, 6 * SAMPLES[name].batches, SAMPLES[name].width(70))
    delta = rng.normal(size=shape).astype(dtype)
    together = Probe.of([SAMPLES[name]], x.copy()).run(delta)
    for r in range(3):
        alone = Probe.of([SAMPLES[name]], x[r : r + 1].copy())
        alone.parameters = together.parameters[r : r + 1].copy()
        alone.run(delta[r : r + 1])
        assert alone.output.tobytes() == together.output[r : r + 1].tobytes()
        assert alone.dx.tobytes() == together.dx[r : r + 1].tobytes()
        assert alone.gradient.tobytes() == together.gradient[r : r + 1].tobytes()


@pytest.mark.parametrize("name", SAMPLES)
def test_no_layer_writes_over_an_input_that_is_somebody_elses(name: str) -> None:
    x = np.random.default_rng(2).normal(size=(2, 6, 4))
    before = x.copy()
    relu, rows = Activation(function=activations["relu"]()), 6 * SAMPLES[name].batches
    bodies: list[list[Layer]] = [[SAMPLES[name]]]
    if name not in ("repeat", "mean_prediction"):  # which have other rows than a skip connection
        bodies.append([Residual(body=(SAMPLES[name], relu))])
    for body in bodies:
        width = body[0].width(4)
        for training in (True, False):
            probe = Probe.of(body, x, training=training)
            probe.run(np.ones((2, rows, width)))
            assert before.tobytes() == x.tobytes()


def test_layer_norm_is_the_same_in_training_and_prediction() -> None:
    x, delta = np.random.default_rng(3).normal(size=(2, 5, 4)), np.ones((2, 5, 4))
    trained, predicted = (
        Probe.of([norms["layer"]()], x.copy(), training=training).run(delta) for training in (True, False)
    )
    assert trained.output.tobytes() == predicted.output.tobytes()


class Centred(Layer):
    """x - b, where b starts as the mean of the training rows."""

    starts_from_rows = True

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        return {"bias": LearnedArray((1, inputs), "bias")}

    def initial_values(self, inputs: int, generator: np.random.Generator, rows=None) -> dict:
        return {"bias": rows.mean(axis=0)}

    def forward(self, tape: Tape, ctx: Context, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def definition(self, xp, ctx: DefinitionContext, x: np.ndarray) -> np.ndarray:
        return x - ctx.arrays["bias"]


def test_a_start_may_depend_on_the_rows_that_reach_the_layer() -> None:
    rows = np.random.default_rng(4).normal(3, 1, size=(50, 4))
    architecture = Architecture(4, (Block("hidden 1", 0, (Dense(units=3), Centred())),))
    layout = parameter_layout(architecture)
    row = initial_row(architecture, layout, 7, rows)[None]
    weight, start = layout.view(row, 0, "weight")[0], layout.view(row, 1, "bias")[0, 0]
    np.testing.assert_allclose(start, (rows @ weight).mean(axis=0), rtol=1e-12)
    assert np.array_equal(
        weight, layout.view(initial_row(architecture, layout, 7, rows)[None], 0, "weight")[0]
    )


def test_a_group_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="group 'weights' is none of weight, bias, scale, activation"):
        LearnedArray((1, 3), "weights")
