"""Initializers: mean and variance within five standard errors, and what a draw depends on."""

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.initializers import initializers
from nettrain.model.architecture import architecture, layer_initializers
from nettrain.model.parameters import initial_row, layout, views
from nettrain.model.settings import ModelSettings

M, N = 300, 200
VARIANCE = {
    "zeros": 0.0,
    "normal": 0.01**2,
    "glorot_uniform": 2 / (M + N),
    "glorot_normal": 2 / (M + N),
    "he_uniform": 2 / M,
    "he_normal": 2 / M,
}


def test_every_initializer_has_a_variance() -> None:
    assert set(VARIANCE) == set(initializers) - {"auto"}


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_and_variance(name: str) -> None:
    entry = initializers[name]()
    drawn = entry.draw(entry, np.random.Generator(np.random.Philox(key=[1, 2])), M, N)
    variance = VARIANCE[name]
    assert drawn.shape == (M, N)
    assert abs(drawn.mean()) <= 5 * np.sqrt(variance / drawn.size)
    # the variance's standard error: √((kurtosis - 1)/n), 3 for normal, 1.8 for uniform numbers
    assert abs(drawn.var() - variance) <= 5 * variance * np.sqrt(2 / drawn.size)
    if "uniform" in name:
        limit = np.sqrt(3 * variance)
        assert limit * 0.99 < np.abs(drawn).max() <= limit


def rows(seed: int = 0, **model: object) -> list[dict[str, np.ndarray]]:
    settings = ModelSettings(**{"hidden": [8, 8], **model})
    plan = architecture(settings, 8, 8, dropout=False)
    place = layout(plan)
    row = initial_row(plan, place, layer_initializers(settings, plan), seed)
    return views(row[None], place)


def test_a_draw_depends_on_seed_and_layer_alone() -> None:
    first, again, other = rows(), rows(hidden=[8, 8, 8]), rows(seed=1)
    assert np.array_equal(first[1]["weight"], again[1]["weight"])
    assert not np.array_equal(first[0]["weight"], first[1]["weight"])
    assert not np.array_equal(first[0]["weight"], other[0]["weight"])
    assert not any(layer["bias"].any() for layer in first)


def test_scale_multiplies_the_weights() -> None:
    plain, scaled = rows(), rows(init={"name": "auto", "scale": 3.0})
    np.testing.assert_allclose(scaled[0]["weight"], 3 * plain[0]["weight"], rtol=1e-15)


@pytest.mark.parametrize("activation", activations)
def test_auto_is_what_the_activation_asks_for(activation: str) -> None:
    auto = rows(activation=activation)
    named = rows(activation=activation, init=activations[activation].initializer)
    assert np.array_equal(auto[0]["weight"], named[0]["weight"])
    last = rows(activation=activation, init="glorot_uniform")[-1]
    assert np.array_equal(auto[-1]["weight"], last["weight"])  # the last layer is linear
    assert activations["relu"].initializer == "he_normal"
