"""The suggested rate is within 10 % of the best of a fine grid, by the loss after ten epochs."""

import numpy as np
import pytest

from nettrain import find_learning_rate
from nettrain.backend.choose import open_backend
from nettrain.checks.short_training import changed, for_epochs
from nettrain.data.prepare import Prepared
from nettrain.experiment.load import load
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.experiment.settings import Experiment
from nettrain.training.build import build
from nettrain.training.events import EpochDone
from nettrain.training.loop import train
from tests.cli.command import CONFIGS

pytestmark = pytest.mark.slow

EPOCHS, GRID, SPAN = 10, 25, 8.0  # the grid is from an eighth to eight times the suggestion
SEEDS = range(100, 107)  # others than those of the range test
BOTH = ("training", "validation")
CASES = {
    "digits": ("digits.yaml", [], BOTH),
    "blobs": ("moons.yaml", ["data.source=synthetic:blobs"], BOTH),
    "moons": ("moons.yaml", [], ("training",)),  # of 0.03; what is left of the validation loss is seeds
}


def losses(experiment: Experiment, data: Prepared, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Medians (V,) over seeds of training and validation loss after ten epochs at each rate."""
    base = changed(for_epochs(experiment, EPOCHS), training={"evaluate_every": EPOCHS})
    members = [
        changed(
            base,
            optimizer={"learning_rate": float(rate)},
            model={"seed": seed},
            training={"order_seed": seed, "noise_seed": seed},
        )
        for seed in SEEDS
        for rate in rates
    ]
    run = build(members, data, open_backend("numpy", dtype="float32", threads=1))
    last = np.full((2, len(members)), np.inf)
    for event in train(run):
        if isinstance(event, EpochDone) and event.epoch == EPOCHS:
            last[:, event.members] = event.figures["running_loss"], event.figures["val_loss"]
    last[~np.isfinite(last)] = np.inf
    medians = np.median(last.reshape(2, len(SEEDS), len(rates)), axis=1)
    return medians[0], medians[1]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("case", CASES)
def test_the_suggestion_is_nearly_the_best(case, optimizer):
    file, overrides, judged = CASES[case]
    overrides = [*overrides, f"optimizer={optimizer}"]
    suggestion = find_learning_rate(CONFIGS / file, *overrides).suggestion
    experiment, data = read_and_resolve(resolve(load(CONFIGS / file, overrides).experiment))
    rates = np.append(np.geomspace(suggestion / SPAN, suggestion * SPAN, GRID), suggestion)
    by_split = dict(zip(BOTH, losses(experiment, data, rates), strict=True))
    for name in judged:
        found = by_split[name]
        best = found.min()
        assert found[-1] <= 1.1 * best, f"{name}: {suggestion}, the best is {rates[found.argmin()]:.3g}"
