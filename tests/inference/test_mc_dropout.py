"""Passes with dropout at prediction: their mean and spread where these are known, and what is refused."""

import numpy as np
import pytest

from nettrain.errors import SpecError
from nettrain.inference.mc_dropout import mc_predictions
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.predict import raw_outputs
from nettrain.model.parameters import views
from tests.trained import IRIS, built, experiment

SINE = (
    "data: {source: 'synthetic:sine', target_scaling: none, seed: 0}\nbackend: {dtype: float64, threads: 1}\n"
)
LINEAR = ["model.hidden=[20]", "model.activation=linear", "model.dropout=0.3", "loss=mse"]


def stored(spec, members=1):
    """Untrained networks as from a model file, and the validation rows."""
    run = built([spec] * members)
    arrays = run.population["parameters"], run.population["statistics"]
    return TrainedNetworks.stored(run.model, run.backend, *arrays), run.data.datasets["validation"].x


def test_mean_and_spread_of_a_linear_network_are_known():
    networks, x = stored(experiment(SINE, *LINEAR))
    samples, rate = 4000, 0.3
    mean, spread = mc_predictions(networks, x, samples)
    first, second = (layer for layer in views(networks.parameters, networks.model.layout) if layer)
    terms = (x @ first["weight"][0] + first["bias"][0]) * second["weight"][0, :, 0]
    known = np.sqrt((terms**2).sum(axis=1) * rate / (1 - rate))
    whole = raw_outputs(networks.network(), x)[0]
    assert (np.abs(mean - whole)[:, 0] < 5 * known / np.sqrt(samples)).all()
    np.testing.assert_allclose(spread[:, 0], known, rtol=0.1)


def test_mean_and_spread_are_those_of_the_passes():
    networks, x = stored(experiment(IRIS, "model.dropout=0.4", "model.batch_norm=true"))
    one = [mc_predictions(networks, x, samples)[0] * samples for samples in (2, 3, 4)]
    passes = [one[1] - one[0], one[2] - one[1]]  # the third and the fourth
    assert not np.allclose(*passes)
    mean, spread = mc_predictions(networks, x, 4)
    np.testing.assert_allclose(mean.sum(axis=1), 1, rtol=1e-9)
    two_mean, two_spread = mc_predictions(networks, x, 2)
    squares = two_spread**2 + 2 * two_mean**2 + sum(p**2 for p in passes)
    np.testing.assert_allclose(spread**2, (squares - 4 * mean**2) / 3, atol=1e-7)


def test_a_row_does_not_depend_on_those_behind_it():
    networks, x = stored(experiment(IRIS, "model.dropout=0.4"))
    many = np.tile(x, (80, 1))
    assert len(many) > 1024  # several chunks
    whole, few = mc_predictions(networks, many, 3), mc_predictions(networks, many[:10], 3)
    for ours, theirs in zip(whole, few, strict=True):
        np.testing.assert_allclose(ours[:10], theirs, rtol=1e-6)
    again = mc_predictions(networks, many, 3)
    assert np.array_equal(whole, again)
    assert not np.allclose(whole[0][: len(x)], whole[0][len(x) : 2 * len(x)])  # other rows, other masks


def test_members_have_masks_of_their_own():
    spec = experiment(SINE, *LINEAR)
    (alone, x), (pair, _) = stored(spec), stored(spec, 2)
    _, spread = mc_predictions(alone, x, 2)
    _, of_both = mc_predictions(pair, x, 2)
    assert not np.allclose(spread * np.sqrt(1 / 2) * np.sqrt(4 / 3), of_both)


def test_a_network_without_dropout_is_refused():
    networks, x = stored(experiment(IRIS))
    with pytest.raises(SpecError, match="--mc-samples: this network has no dropout"):
        mc_predictions(networks, x, 3)
