"""Initializers: mean and variance within five standard errors, and what a draw depends on."""

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.initializers import initializers
from nettrain.model.blocks import architecture
from nettrain.model.parameters import initial_row, parameter_layout, views
from nettrain.model.settings import ModelSettings
from tests.catalogue.oracles import assert_oracles

M, N = 300, 200
VARIANCE = {
    "zeros": 0.0,
    "constant": 0.0,
    "normal": 0.01**2,
    "uniform": 0.05**2 / 3,
    "fan_in_uniform": 1 / (3 * M),
    "lecun_uniform": 1 / M,
    "lecun_normal": 1 / M,
    "glorot_uniform": 2 / (M + N),
    "glorot_normal": 2 / (M + N),
    "he_uniform": 2 / M,
    "he_normal": 2 / M,
    "orthogonal": 1 / M,  # N columns of length 1 in M dimensions
    "sparse": 15 / M,
}
MEAN = {"constant": 0.1}
KURTOSIS = {"sparse": 3 * M / 15}  # else 3 of normal, 1.8 of uniform numbers


def draw(name: str, m: int = M, n: int = N, slope: float = 0.0, **numbers: float) -> np.ndarray:
    entry = initializers[name](**numbers)
    return entry.draw(np.random.Generator(np.random.Philox(key=[1, 2])), m, n, slope)


def assert_variance(drawn: np.ndarray, variance: float, kurtosis: float) -> None:
    error = variance * np.sqrt((kurtosis - 1) / drawn.size)
    assert abs(drawn.var() - variance) <= 5 * error + 1e-30


def test_every_initializer_has_an_oracle() -> None:
    assert_oracles(initializers, {*VARIANCE, "auto"})  # auto stands for one of the others


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_and_variance_lie_within_five_standard_errors(name: str) -> None:
    drawn, variance = draw(name), VARIANCE[name]
    assert (drawn.shape, drawn.dtype) == ((M, N), np.float64)
    assert abs(drawn.mean() - MEAN.get(name, 0)) <= 5 * np.sqrt(variance / drawn.size) + 1e-15
    assert_variance(drawn, variance, KURTOSIS.get(name, 1.8 if "uniform" in name else 3))
    if "uniform" in name:
        limit = np.sqrt(3 * variance)
        assert limit * 0.99 < np.abs(drawn).max() <= limit


@pytest.mark.parametrize(("name", "kurtosis"), [("he_normal", 3), ("he_uniform", 1.8)])
@pytest.mark.parametrize("slope", [0.01, 0.25, 1.0])
def test_he_makes_up_for_the_slope_below_zero(name: str, kurtosis: float, slope: float) -> None:
    assert_variance(draw(name, slope=slope), 2 / ((1 + slope**2) * M), kurtosis)


def test_a_leaky_layer_hands_its_slope_to_its_initializer() -> None:
    plain = rows(activation="relu", init="he_normal")
    leaky = rows(activation={"name": "leaky_relu", "negative_slope": 0.5}, init="he_normal")
    np.testing.assert_allclose(leaky[0]["weight"], plain[0]["weight"] / np.sqrt(1.25), rtol=1e-14)
    np.testing.assert_array_equal(leaky[-1]["weight"], plain[-1]["weight"])  # the output is linear


@pytest.mark.parametrize(("m", "n"), [(40, 30), (30, 40), (20, 20), (1, 5), (5, 1)])
def test_orthogonal_is_orthogonal(m: int, n: int) -> None:
    drawn = draw("orthogonal", m, n, gain=1.5)
    product = drawn.T @ drawn if m >= n else drawn @ drawn.T
    np.testing.assert_allclose(product, 2.25 * np.eye(min(m, n)), atol=1e-14)


def test_orthogonal_prefers_no_sign() -> None:
    signs = np.sign([draw_of(seed)[0, 0] for seed in range(200)])
    assert abs(signs.mean()) <= 5 / np.sqrt(200)


def draw_of(seed: int) -> np.ndarray:
    entry = initializers["orthogonal"]()
    return entry.draw(np.random.Generator(np.random.Philox(key=[seed, 2])), 4, 4)


@pytest.mark.parametrize(("m", "connections", "expected"), [(300, 15, 15), (40, 3, 3), (8, 15, 8)])
def test_sparse_has_exactly_its_connections(m: int, connections: int, expected: int) -> None:
    drawn = draw("sparse", m, 50, connections=connections, sigma=2.0)
    assert ((drawn != 0).sum(axis=0) == expected).all()
    used = drawn[drawn != 0]
    assert abs(used.std() - 2) <= 5 * 2 / np.sqrt(2 * used.size)
    if expected < m:  # other units, other connections
        assert len({tuple(np.flatnonzero(column)) for column in drawn.T}) > 40


def rows(seed: int = 0, **model: object) -> list[dict[str, np.ndarray]]:
    settings = ModelSettings(**{"hidden": [8, 8], **model})
    plan = architecture(settings, 8, 8)
    place = parameter_layout(plan)
    row = initial_row(plan, place, seed)
    return [layer for layer in views(row[None], place) if layer]


def test_a_draw_depends_on_seed_and_layer_alone() -> None:
    first, again, other = rows(), rows(hidden=[8, 8, 8]), rows(seed=1)
    assert np.array_equal(first[1]["weight"], again[1]["weight"])
    assert not np.array_equal(first[0]["weight"], first[1]["weight"])
    assert not np.array_equal(first[0]["weight"], other[0]["weight"])
    assert not any(layer["bias"].any() for layer in first)


def test_scale_multiplies_the_weights() -> None:
    plain, scaled = rows(), rows(init={"name": "auto", "scale": 3.0})
    np.testing.assert_allclose(scaled[0]["weight"], 3 * plain[0]["weight"], rtol=1e-15)


@pytest.mark.parametrize(
    "activation", [name for name, entry in activations.items() if not entry.outputs_only]
)
def test_auto_is_what_the_activation_asks_for(activation: str) -> None:
    auto = rows(activation=activation)
    named = rows(activation=activation, init=activations[activation].initializer)
    assert np.array_equal(auto[0]["weight"], named[0]["weight"])
    last = rows(activation=activation, init="glorot_uniform")[-1]
    assert np.array_equal(auto[-1]["weight"], last["weight"])  # the last layer is linear


def test_auto_as_the_papers_advise() -> None:
    he = {name for name, entry in activations.items() if entry.initializer == "he_normal"}
    rectifiers = {"relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish", "relu6", "maxout"}
    rectifiers |= {"parametric_mish"}
    assert he == rectifiers & set(activations)
    lecun = {name for name, entry in activations.items() if entry.initializer == "lecun_normal"}
    assert lecun == {"selu", "parametric_selu"}


def test_biases_start_where_they_are_told() -> None:
    started = rows(init={"name": "auto", "bias_init": 0.1})
    assert all((layer["bias"] == 0.1).all() for layer in started)
