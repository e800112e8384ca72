"""Batch normalisation, prelu, maxout and softmax against PyTorch's numbers in tests/golden/layers.json."""

import json
from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.activations.joint import (
    maxout_backward,
    maxout_forward,
    softmax_backward,
    softmax_forward,
)
from nettrain.catalogue.activations.learned import prelu_backward, prelu_forward
from nettrain.model.layers.batch_norm import normalise, normalise_backward, normalise_by_running
from nettrain.model.layers.standardization import standardized
from tests.catalogue.oracles import assert_oracles

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "layers.json").read_text())
PRECISION = {np.float64: 1e-12, np.float32: 1e-5}  # of the largest
GAIN, SHIFT, MEAN, VARIANCE = 3, 64, 2, 70  # where they lie in rows that hold other things too
SPECIAL = [name for name, entry in activations.items() if entry.learned or not entry.elementwise]
NONE = np.zeros((2, 0))


def assert_near(actual, expected, dtype=np.float64):
    expected = np.array(expected)
    assert actual.dtype == dtype
    worst = np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-300)
    assert worst <= PRECISION[dtype], worst


def two(rows, dtype):
    """The same rows for two members; the second's are measured."""
    return np.array([rows, rows], dtype)


class Norm:
    """A case of batch normalisation, as the second of two members."""

    def __init__(self, case, dtype):
        self.dtype, columns = dtype, len(case["gain"])
        self.w, self.gradient, self.running = (np.full((2, 128), 9.0, dtype) for _ in range(3))
        self.w[:, GAIN : GAIN + columns], self.w[:, SHIFT : SHIFT + columns] = case["gain"], case["shift"]
        self.running[:, MEAN : MEAN + columns], self.running[:, VARIANCE : VARIANCE + columns] = 0, 1
        self.numbers = np.array([[0.5, 1.0], [case["momentum"], case["epsilon"]]], dtype)
        self.moments, self.columns = np.zeros((2, 3, columns)), columns

    def part(self, rows, start):
        return rows[1, start : start + self.columns]

    def places(self):
        return self.w, GAIN, SHIFT, self.running, MEAN, VARIANCE


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", GOLDEN["batch_norm"], ids=range(3))
def test_batch_norm(case, dtype):
    norm = Norm(case, dtype)
    for step in case["steps"]:
        z, delta = two(step["z"], dtype), two(step["delta"], dtype)
        y = np.empty_like(z)
        normalise(z, y, norm.moments, norm.numbers, *norm.places())
        assert_near(y[1], step["y"], dtype)
        assert_near(norm.part(norm.running, MEAN), step["mean"], dtype)
        assert_near(norm.part(norm.running, VARIANCE), step["variance"], dtype)
        normalise_backward(delta, z, norm.moments, norm.w, norm.gradient, GAIN, SHIFT)
        assert_near(norm.part(norm.gradient, GAIN), step["dgain"], dtype)
        assert_near(norm.part(norm.gradient, SHIFT), step["dshift"], dtype)
        assert_near(delta[1], step["dz"], dtype)
    x = two(case["x"], dtype)
    normalise_by_running(x, norm.moments, norm.numbers, *norm.places())
    assert_near(x[1], case["inferred"], dtype)
    outside = np.ones(128, bool)
    outside[GAIN : GAIN + 5] = outside[SHIFT : SHIFT + 5] = False
    assert (norm.gradient[:, outside] == 9).all()


@pytest.mark.parametrize("case", GOLDEN["batch_norm"], ids=range(3))
def test_the_definition_of_batch_norm(case):
    for step in case["steps"]:
        z = np.array([step["z"]])
        assert_near(
            standardized(np, z, np.array(case["gain"]), np.array(case["shift"]), case["epsilon"], 1)[0],
            step["y"],
        )


@pytest.mark.parametrize("columns", [1, 64, 65, 200])
@pytest.mark.parametrize("members", [1, 3])
def test_batch_norm_of_any_width_is_the_same_column_by_column(columns, members):
    rng = np.random.default_rng(columns)
    z = rng.normal(2, 3, (members, 10, columns))
    rows = rng.normal(1, 0.2, (members, 2 * columns))
    running, moments, y = np.zeros((members, 2 * columns)), np.zeros((members, 3, columns)), np.empty_like(z)
    numbers = np.tile([0.1, 1e-5], (members, 1))
    expected = standardized(np, z, rows[:, None, :columns], rows[:, None, columns:], 1e-5, 1)
    normalise(z, y, moments, numbers, rows, 0, columns, running, 0, columns)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", PRECISION)
def test_prelu(dtype):
    (case,) = GOLDEN["prelu"]
    z, delta = two(case["z"], dtype), two(case["delta"], dtype)
    w, gradient, a = np.full((2, 64), 9.0, dtype), np.full((2, 64), 9.0, dtype), np.empty_like(z)
    w[:, 4:9] = case["slope"]
    starts, numbers = np.array([4]), NONE.astype(dtype)
    prelu_forward(z, a, numbers, w, starts)
    prelu_backward(delta, z, a, numbers, w, gradient, starts)
    assert_near(a[1], case["a"], dtype)
    assert_near(delta[1], case["dz"], dtype)
    assert_near(gradient[1, 4:9], case["dslope"], dtype)
    assert (gradient[:, 9:] == 9).all()
    assert (gradient[:, :4] == 9).all()


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", GOLDEN["parametric"], ids=lambda case: case["name"])
def test_parametric_activations(case, dtype):
    z, delta = two(case["z"], dtype), two(case["delta"], dtype)
    w, a = np.full((2, 64), 9.0, dtype), np.empty_like(z)
    w[:, 4:9] = case["alpha"]
    entry, behind = activations[case["name"]], (NONE.astype(dtype), w, np.array([4]))
    entry.forward_kernel(z, a, *behind)
    near = np.abs(np.array(case["z"])) < 20  # apart, or 1e4 would hide them
    for some in (near, ~near):
        assert_near(a[1][some], np.array(case["a"])[some], dtype)
    entry.backward_kernel(delta, z, a, *behind)
    assert_near(delta[1], case["dz"], dtype)
    assert_near(a[1].sum(axis=0), case["dalpha"], dtype)


@pytest.mark.parametrize("name", ["selu", "mish"])
def test_parametric_activations_begin_as_the_function_itself(name):
    z = np.random.default_rng(0).normal(0, 3, (1, 40, 6))
    w, learned, plain = np.ones((1, 64)), np.empty_like(z), np.empty_like(z)
    activations[f"parametric_{name}"].forward_kernel(z, learned, NONE[:1], w, np.array([0]))
    activations[name]().forward(np, z.copy(), plain)
    np.testing.assert_allclose(learned, plain, rtol=1e-14)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", GOLDEN["maxout"], ids=range(4))
def test_maxout(case, dtype):
    z, delta = two(case["z"], dtype), two(case["delta"], dtype)
    a, numbers = np.empty_like(delta), NONE.astype(dtype)
    maxout_forward(z, a, numbers)
    maxout_backward(delta, z, a, numbers)
    assert_near(a[1], case["a"], dtype)
    assert_near(z[1], case["dz"], dtype)


def test_maxout_gives_ties_to_the_first_piece():
    z, a, delta = np.array([[[2.0, 1.0, 2.0, 3.0, 2.0, 3.0]]]), np.empty((1, 1, 2)), np.array([[[5.0, 7.0]]])
    sides = activations["maxout"](pieces=3).sides(np, z)
    maxout_forward(z, a, NONE)
    maxout_backward(delta, z, a, NONE)
    assert [[[5.0, 0.0, 0.0, 7.0, 0.0, 0.0]]] == z.tolist()
    assert [[[0, 1]]] == sides.tolist()


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("case", GOLDEN["softmax"], ids=range(3))
def test_softmax(case, dtype):
    z, delta = two(case["z"], dtype), two(case["delta"], dtype)
    a, numbers = np.empty_like(z), NONE.astype(dtype)
    softmax_forward(z, a, numbers)
    softmax_backward(delta, z, a, numbers)
    assert_near(a[1], case["a"], dtype)
    if np.abs(case["dz"]).max() > 0:
        assert_near(delta[1], case["dz"], dtype)
    else:
        assert np.abs(delta).max() < 1e-7  # a single output is always 1


@pytest.mark.parametrize("name", SPECIAL)  # the others: tests/catalogue
def test_a_fused_forward_pass_is_the_definition(name):
    entry, s = activations[name], activations[name]()
    z = np.random.default_rng(0).normal(0, 3, (2, 5, 4 * s.columns_per_unit))
    w = np.linspace(-1, 2, 8).reshape(2, 4)
    learned = dict.fromkeys(entry.learned, w[:, None])
    ours, theirs = np.empty((2, 5, 4)), np.empty((2, 5, 4))
    entry.forward_kernel(z.copy(), ours, NONE, *((w, np.array([0])) if learned else ()))
    s.with_learned(learned).forward(np, z.copy(), theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


def test_every_activation_that_is_not_plain_has_an_oracle():
    plain = set(activations) - set(SPECIAL)  # tests/catalogue/test_activations.py
    named = {case["name"] for case in GOLDEN["parametric"]}
    others = {"batch_norm", "layer_norm", "residual", "torch", "parametric"}
    assert_oracles(activations, plain | named | set(GOLDEN) - others)
