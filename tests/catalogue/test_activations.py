"""Activations of one number: values and derivatives against PyTorch's, kinks, and numbers of members."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import shaped, stack
from tests.catalogue.oracles import assert_oracles
from tests.variants import varying_numbers

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "activations.json").read_text())
POINTS, CASES = np.array(GOLDEN["points"]), GOLDEN["cases"]
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-6}  # of the largest
ELEMENTWISE = [name for name, entry in activations.items() if entry.elementwise and not entry.learned]


class Passed:
    """What an activation's two passes make of z (R, B, H), one set of numbers per member."""

    def __init__(self, name: str, z: np.ndarray, *numbers: dict) -> None:
        self.entry, self.kind = activations[name], z.dtype
        members = stack([self.entry(**member) for member in numbers])
        self.activation = shaped(members, 2, z.dtype)
        self.numbers = columns(members.kernel_numbers(), len(numbers)).astype(z.dtype)
        self.z, self.a = z.copy(), np.empty_like(z)

    def forward(self) -> np.ndarray:
        if self.entry.forward_kernel is not None:
            self.entry.forward_kernel(self.z, self.a, self.numbers)
        else:
            self.define()
        return self.a.copy()

    def define(self) -> np.ndarray:
        self.activation.forward(np, self.z, self.a)
        return self.a.copy()

    def backward(self, delta: np.ndarray) -> np.ndarray:
        out = delta.astype(self.kind)
        if self.entry.backward_kernel is not None:
            self.entry.backward_kernel(out, self.z, self.a, self.numbers)
        else:
            self.activation.backward(np, out, self.z, self.a)
        return out


def assert_near(actual: np.ndarray, expected: np.ndarray, dtype: type, scale: float | None = None) -> None:
    largest = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE[dtype] * largest)


def test_every_activation_has_an_oracle() -> None:
    special = set(activations) - set(ELEMENTWISE)  # tests/model/test_layers_against_torch.py
    assert_oracles(activations, {case["name"] for case in CASES.values()} | special)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_derivatives_are_pytorchs(case: str, dtype: type) -> None:
    expected = CASES[case]
    z = POINTS.astype(dtype).reshape(1, 1, -1)
    passed = Passed(expected["name"], z, expected["numbers"])
    a, slope = passed.forward().ravel(), passed.backward(np.ones_like(z)).ravel()
    near = np.abs(POINTS) < 20  # apart, or 1e4 would hide them
    for some in (near, ~near):
        assert_near(a[some], np.array(expected["values"])[some], dtype)
        assert_near(slope[some], np.array(expected["slopes"])[some], dtype, scale=1.0)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_fused_forward_pass_equals_the_definition(case: str, dtype: type) -> None:
    expected = CASES[case]
    z = np.random.default_rng(3).normal(0, 3, (1, 7, 13)).astype(dtype)
    fused, defined = (Passed(expected["name"], z, expected["numbers"]) for _ in range(2))
    eps = np.finfo(dtype).eps  # atol: far out, e^-x turns one rounding error of x into x of them
    np.testing.assert_allclose(fused.forward(), defined.define(), rtol=8 * eps, atol=eps)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_derivative_multiplies_what_comes_down(name: str) -> None:
    z = np.random.default_rng(4).normal(0, 2, (2, 3, 5))
    delta = np.random.default_rng(5).normal(0, 2, z.shape)
    passed = [Passed(name, z, {}, {}) for _ in range(2)]
    for one in passed:
        one.forward()
    np.testing.assert_allclose(
        passed[0].backward(delta), delta * passed[1].backward(np.ones_like(z)), rtol=1e-14
    )


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_kinks_are_where_the_derivative_jumps(name: str) -> None:
    z = np.arange(-40, 41).reshape(1, 1, -1) / 4
    below, above = (
        passed.backward(np.ones_like(z)).ravel()
        for passed in (Passed(name, z - 1e-9, {}), Passed(name, z + 1e-9, {}))
        if passed.forward() is not None
    )
    jumps = z.ravel()[np.abs(above - below) > 1e-6].tolist()
    expected = [] if name == "elu" else list(activations[name].kinks)  # elu's derivative only bends, at λ = 1
    assert jumps == expected


def test_elu_has_a_kink_where_its_depth_is_not_one() -> None:
    z = np.array([[[-1e-12, 0.0, 1e-12]]])
    passed = Passed("elu", z, {"alpha": 0.5})
    passed.forward()
    np.testing.assert_allclose(passed.backward(np.ones_like(z)).ravel(), [0.5, 0.5, 1], rtol=1e-11)


@pytest.mark.parametrize(("name", "field"), varying_numbers(activations))
def test_members_have_numbers_of_their_own(name: str, field: str) -> None:
    numbers: list[dict] = [{field: 0.25}, {field: 0.75}]
    z = np.tile(np.linspace(-3, 3, 12).reshape(1, 3, 4), (2, 1, 1))
    together = Passed(name, z, *numbers)
    values, slopes = together.forward(), together.backward(np.ones_like(z))
    assert not np.array_equal(values[0], values[1])
    for r, member in enumerate(numbers):
        alone = Passed(name, z[:1], member)
        assert values[r].tobytes() == alone.forward()[0].tobytes()
        assert slopes[r].tobytes() == alone.backward(np.ones_like(z[:1]))[0].tobytes()


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nan_stays_nan(name: str, dtype: type) -> None:
    z = np.linspace(-8, 8, 15, dtype=dtype).reshape(1, 1, -1)
    z[..., 3::4] = np.nan
    assert np.isnan(Passed(name, z, {}).forward()).tolist() == np.isnan(z).tolist()


def test_sigmoid_keeps_its_small_values() -> None:
    a = Passed("sigmoid", np.array([[[-700.0, -40.0]]]), {}).forward()
    np.testing.assert_allclose(a.ravel(), [math.exp(-700), math.exp(-40)], rtol=1e-14)


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_gates_keep_their_small_values(name: str) -> None:
    a = Passed(name, np.array([[[-20.0]]]), {}).forward().item()
    expected = {"gelu": -20 * math.erfc(20 / math.sqrt(2)) / 2, "silu": -20 / (1 + math.exp(20))}
    assert a == pytest.approx(expected.get(name, -20 * math.log1p(math.exp(-20))), rel=1e-12)


def test_selu_keeps_mean_and_variance() -> None:
    z = np.random.default_rng(0).standard_normal((1, 1000, 1000))
    a = Passed("selu", z, {}).forward()
    assert abs(a.mean()) < 5e-3
    assert abs(a.var() - 1) < 1e-2
