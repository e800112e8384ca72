"""Dual numbers against central differences of the very same NumPy calls, and against closed forms."""

import numpy as np
import pytest
from scipy import special

from nettrain.checks.dual import FUNCTIONS, Dual, seeded, seeded_by_coordinate, value_of
from nettrain.checks.rules import PIECEWISE_CONSTANT, RULES

STEP = 1e-6
RNG = np.random.default_rng(0)
INSIDE = {np.log: 1.5, np.sqrt: 1.5, np.power: 1.5, np.log1p: 1.5, np.divide: 1.5, np.reciprocal: 1.5}
FORMULAS = {
    "softmax": lambda z: np.exp(z - z.max(axis=-1, keepdims=True)) / np.exp(z - z.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True),
    "batch norm": lambda z: (z - z.mean(axis=0)) / np.sqrt(np.square(z - z.mean(axis=0)).mean(axis=0) + 1e-5),
    "where": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "clip": lambda z: np.clip(z, -0.5, 0.5) * 3,
    "selected": lambda z: np.take_along_axis(z, np.array([[0], [2], [1]]), axis=-1)[..., 0],
    "smallest": lambda z: np.min(z, axis=0) + z.min(axis=0, keepdims=True),
    "transposed": lambda z: np.reshape(np.swapaxes(z, 0, 1), (2, 6)).sum(axis=(0, 1)),
    "broadcast": lambda z: np.broadcast_to(z[:, None], (3, 2, 4)) * np.arange(8.0).reshape(2, 4),
    "side by side": lambda z: np.concatenate([z[:, :1], np.ones((3, 2)), z * z], axis=-1) @ np.arange(7.0),
    "squared distance": lambda z: np.sum((z[0] - z[1]) ** 2) ** 0.5,
    "flat mean": lambda z: np.mean(z * z),
    "products": lambda z: (z @ np.arange(8.0).reshape(4, 2)) @ (np.ones((2, 3)) @ z),
    "vectors": lambda z: (np.arange(3.0) @ z) @ (z[0] * 2) + z[1] @ np.arange(4.0) + (np.arange(3.0)[:, None] * z @ z[2]).sum(),
    "reflected": lambda z: 1.0 - 2.0 / (3.0 + z * z),
    "reduced": lambda z: np.add.reduce(z, axis=1) + np.maximum.reduce(z, axis=1),
}  # fmt: skip


def in_place(z):
    """Sigmoid as the catalogue writes it: out=, scratch, and views of the output."""
    a, z = np.empty_like(z), z.copy()
    np.minimum(z, 0.0, out=a)
    np.exp(a, out=a)
    np.absolute(z, out=z)
    np.negative(z, out=z)
    np.exp(z, out=z)
    np.add(z, 1.0, out=z)
    np.divide(a, z, out=a)
    np.multiply(a[:, :2], 2.0, out=a[:, :2])
    a[0] = a[1] + 1
    np.copyto(a[2], 7.0)
    return a


FORMULAS["in place"] = in_place


def differences(function, at):
    """∂function/∂at one coordinate at a time (T, …)."""
    slopes = []
    for k in range(at.size):
        move = np.zeros(at.size)
        move[k] = STEP
        move = move.reshape(at.shape)
        slopes.append((np.asarray(function(at + move)) - np.asarray(function(at - move))) / (2 * STEP))
    return np.array(slopes)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name):
    at = RNG.standard_normal((3, 4))
    dual = FORMULAS[name](seeded_by_coordinate(at, np.arange(at.size)))
    np.testing.assert_array_equal(FORMULAS[name](at), dual.value)
    np.testing.assert_allclose(dual.tangent, differences(FORMULAS[name], at), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("ufunc", RULES, ids=lambda ufunc: ufunc.__name__)
def test_every_rule_for_every_argument(ufunc):
    points = INSIDE.get(ufunc, 0.0) + 0.4 * RNG.standard_normal((ufunc.nin, 7))
    assert ufunc.nin == len(RULES[ufunc])
    for k in range(ufunc.nin):
        others = list(points)

        def moved(x, others=others, k=k):
            return ufunc(*[x if place == k else other for place, other in enumerate(others)])

        dual = moved(seeded_by_coordinate(points[k], np.arange(7)))
        np.testing.assert_allclose(dual.tangent, differences(moved, points[k]), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.multiply, np.divide, np.power, np.logaddexp])
def test_both_arguments_may_vary(ufunc):
    at = RNG.uniform(0.7, 2.3, (2, 5))  # where all of them are smooth
    dual = ufunc(*(seeded_by_coordinate(at, np.arange(10))[k] for k in range(2)))
    np.testing.assert_allclose(
        dual.tangent, differences(lambda x: ufunc(x[0], x[1]), at), rtol=1e-7, atol=1e-8
    )


def test_a_tie_has_the_derivative_from_the_left():
    zero = seeded(np.zeros(1), np.ones(1))
    slopes = [
        np.maximum(zero, 0.0),
        np.maximum(0.0, zero),
        np.minimum(zero, 0.0),
        np.minimum(0.0, zero),
        abs(zero),
    ]
    assert [0, 0, 1, 1, -1] == [float(slope.tangent[0, 0]) for slope in slopes]
    assert 0.25 == in_place(seeded(np.zeros((3, 4)), np.ones((3, 4)))).tangent[0, 1, 3]  # σ'(0)


def test_of_equal_elements_the_maximum_is_the_first():
    equal = seeded_by_coordinate(np.ones((1, 3)), np.arange(3))
    assert [1, 0, 0] == equal.max(axis=-1).tangent[:, 0].tolist()
    assert [1, 0, 0] == np.maximum(equal[0, 0], equal[0, 1]).tangent.tolist()


@pytest.mark.parametrize(
    "ufunc", sorted(PIECEWISE_CONSTANT, key=lambda ufunc: ufunc.__name__), ids=lambda ufunc: ufunc.__name__
)
def test_piecewise_constant_functions_return_arrays(ufunc):
    dual = seeded_by_coordinate(np.array([-1.5, 2.0]), np.arange(2))
    arguments = [dual] * ufunc.nin
    assert isinstance(ufunc(*arguments), np.ndarray)
    np.testing.assert_array_equal(ufunc(*map(value_of, arguments)), ufunc(*arguments))


def test_functions_without_a_rule_are_refused():
    dual = seeded_by_coordinate(np.ones((2, 2)), np.arange(4))
    with pytest.raises(TypeError, match="dual numbers have no rule for cbrt"):
        np.cbrt(dual)
    with pytest.raises(TypeError, match="dual numbers have no rule for median"):
        np.median(dual)
    with pytest.raises(TypeError, match=r"no rule for multiply\.reduce"):
        np.multiply.reduce(dual)
    with pytest.raises(TypeError, match="unexpected keyword argument 'where'"):
        np.sum(dual, where=np.eye(2, dtype=bool))
    with pytest.raises(TypeError, match="an array cannot hold the derivatives"):
        np.exp(dual, out=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"a tangent of shape \(3,\) does not fit a value of shape \(2, 2\)"):
        Dual(np.ones((2, 2)), np.ones(3))


def test_functions_keep_their_shapes():
    at = seeded(RNG.standard_normal((2, 3)), np.ones((2, 3)))
    assert (2, 3, (1, 2, 3)) == (*np.zeros_like(at).shape, np.zeros_like(at).tangent.shape)
    assert {np.sum, np.mean, np.where} <= set(FUNCTIONS)
    assert at.mean().shape == () == np.sum(at).shape


def test_numbers_are_cut_off_in_place_too():
    at, out = seeded(np.array([-2.0, 0.5, 3.0]), np.ones(3)), seeded(np.zeros(3), np.zeros(3))
    assert np.clip(at, -1.0, 1.0, out=out) is out
    assert ([-1.0, 0.5, 1.0], [[0.0, 1.0, 0.0]]) == (out.value.tolist(), out.tangent.tolist())
    assert "Dual(array([-1. ,  0.5,  1. ]), array([[0., 1., 0.]]))" == repr(out)


def test_known_derivatives():
    at = seeded(np.array([0.3, -0.7]), np.ones(2))
    np.testing.assert_allclose(special.expit(at).tangent[0], [0.2444583, 0.2217129], rtol=1e-6)
    np.testing.assert_allclose(special.erf(at).tangent[0], 2 / np.sqrt(np.pi) * np.exp([-0.09, -0.49]))
    np.testing.assert_allclose(np.power(at[:1], 0.0).tangent, 0)
