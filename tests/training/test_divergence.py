"""What is said of a run that diverged: the step, the layer that was first, the last good weights."""

import numpy as np
import pytest

from nettrain.backend.choose import open_backend
from nettrain.experiment.resolution import resolve_with_data
from nettrain.training.diagnostics.divergence import Divergence, diagnose
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import snapshot
from tests.trained import IRIS, built, experiment, prepared, trained

WILD = ["data.source=synthetic:sine", "optimizer=sgd", "model.activation=linear", "optimizer.learning_rate=3"]
LATER = [*WILD, "schedule.warmup=5"]
SGD = ["optimizer=sgd", "model.activation=relu", "backend.dtype=float32"]


def diagnosed(*overrides: str, state=None) -> Divergence | None:
    spec = experiment(IRIS, *overrides)
    data = prepared(spec)
    backend = open_backend("numpy", dtype=spec.backend.dtype, threads=1)
    return diagnose(resolve_with_data(spec, data), data, backend, state)


def test_a_sound_run_has_no_diagnosis() -> None:
    assert diagnosed() is None


def test_a_rate_that_is_far_too_large_breaks_the_weights_or_the_first_signals() -> None:
    found = diagnosed(*SGD, "optimizer.learning_rate=1e38")
    assert found is not None
    assert (found.epoch, found.step, found.where) == (1, 1, "weights") or (found.epoch, found.step) == (1, 2)
    assert found.learning_rate == 1e38
    assert np.isfinite(found.parameters).all()


def test_a_large_rate_breaks_a_signal_some_steps_later() -> None:
    found = diagnosed(*WILD)
    assert found is not None
    whole = trained([experiment(IRIS, *WILD)])
    assert whole.stopped[0].reason == "diverged"
    assert whole.stopped[0].epoch == found.epoch == (found.step - 1) // whole.run.data.batches.steps + 1
    assert found.step > 3
    assert found.gradient_norm is not None
    assert found.gradient_norm > 1e3
    assert np.isfinite(found.parameters).all()


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_layer_whose_numbers_broke_first_is_named(layer: int) -> None:
    """From a state whose weights are just finite, so that one layer's signals overflow in the next step."""
    training = TrainingLoop(built([experiment(IRIS, *SGD)]))
    for event in training.events():
        if isinstance(event, EpochDone) and event.epoch == 3:
            state = snapshot(training)
            break
    weights = state.arrays["rows.parameters"][0]
    matrices = [slot for slot in training.run.layout.slots if slot.name == "weight"]
    for k, slot in enumerate(matrices[: layer + 1]):
        part = weights[slot.start : slot.start + slot.size]
        part[:] = np.sign(part) * 3e38 if k == layer else part * 1e3
    found = diagnosed(*SGD, state=state)
    assert found is not None
    assert (found.epoch, found.step) == (4, 22)
    assert (found.where, found.layer) == ("signal", layer)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_weights_that_no_loss_has_met_yet_end_a_run_in_their_epoch(activation: str) -> None:
    """One step an epoch and no validation rows: the loss is that of the weights before."""
    wild = [
        "optimizer=sgd",
        "optimizer.learning_rate=3e38",
        "data.scaling=none",
        f"model.activation={activation}",
    ]
    summed = ["loss={name: cross_entropy, reduction: sum}", "data.validation=0", "training.batch_size=full"]
    found = trained([experiment(IRIS, *wild, *summed)])
    assert [1] == [event.epoch for event in found.epochs]
    assert ("diverged", 1) == (found.stopped[0].reason, found.stopped[0].epoch)
    assert not found.epochs[0].better.any()


def test_the_last_good_weights_are_those_with_which_the_epoch_began() -> None:
    found = diagnosed(*LATER)
    assert found is not None
    assert found.epoch > 1
    training = TrainingLoop(built([experiment(IRIS, *LATER)]))
    states = [snapshot(training) for event in training.events() if isinstance(event, EpochDone)]
    before = states[found.epoch - 2].arrays["rows.parameters"][0]
    assert np.isfinite(before).all()
    assert before.tobytes() == found.parameters.tobytes()
