"""The diagnosis of a run that diverged: the step, the first layer, the last good weights."""

from dataclasses import replace

import numpy as np
import pytest

from nettrain.backend.choose import open_backend
from nettrain.experiment.resolution import resolve_with_data
from nettrain.training.diagnostics.divergence import Divergence, advice, diagnose
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


def test_a_run_that_does_not_diverge_has_no_diagnosis() -> None:
    assert diagnosed() is None


def test_a_rate_that_is_far_too_large_breaks_the_weights_or_the_first_signals() -> None:
    result = diagnosed(*SGD, "optimizer.learning_rate=1e38")
    assert result is not None
    assert (result.epoch, result.step, result.where) == (1, 1, "weights") or (result.epoch, result.step) == (
        1,
        2,
    )
    assert result.learning_rate == 1e38
    assert np.isfinite(result.parameters).all()


def test_a_large_rate_breaks_a_signal_some_steps_later() -> None:
    result = diagnosed(*WILD)
    assert result is not None
    whole = trained([experiment(IRIS, *WILD)])
    assert whole.stopped[0].reason == "diverged"
    assert whole.stopped[0].epoch == result.epoch == (result.step - 1) // whole.run.data.batches.steps + 1
    assert result.step > 3
    assert result.gradient_norm is not None
    assert result.gradient_norm > 1e3
    assert np.isfinite(result.parameters).all()


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_first_layer_that_is_not_finite_is_named(layer: int) -> None:
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
    result = diagnosed(*SGD, state=state)
    assert result is not None
    assert (result.epoch, result.step) == (4, 22)
    assert (result.where, result.layer) == ("signal", layer)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_weights_that_diverge_in_the_last_step_of_an_epoch_end_the_run_in_it(activation: str) -> None:
    """One step an epoch and no validation rows: the loss is that of the weights before."""
    wild = [
        "optimizer=sgd",
        "optimizer.learning_rate=3e38",
        "data.scaling=none",
        f"model.activation={activation}",
    ]
    summed = ["loss={name: cross_entropy, reduction: sum}", "data.validation=0", "training.batch_size=full"]
    result = trained([experiment(IRIS, *wild, *summed)])
    assert [1] == [event.epoch for event in result.epochs]
    assert ("diverged", 1) == (result.stopped[0].reason, result.stopped[0].epoch)
    assert not result.epochs[0].better.any()


def test_the_last_good_weights_are_those_at_the_start_of_the_epoch() -> None:
    result = diagnosed(*LATER)
    assert result is not None
    assert result.epoch > 1
    training = TrainingLoop(built([experiment(IRIS, *LATER)]))
    states = [snapshot(training) for event in training.events() if isinstance(event, EpochDone)]
    before = states[result.epoch - 2].arrays["rows.parameters"][0]
    assert np.isfinite(before).all()
    assert before.tobytes() == result.parameters.tobytes()


def test_what_is_on_already_is_not_advised() -> None:
    assert ["optimizer.learning_rate=0.3", "training.clip_norm=1"] == advice(experiment(IRIS), 3.0)
    unscaled = ("data.source=synthetic:sine", "data.scaling=none", "data.target_scaling=none")
    clipped = experiment(IRIS, *unscaled, "data.target_kind=numbers", "training.clip_norm=2")
    expected = ["optimizer.learning_rate=0.01", "data.scaling=standard", "data.target_scaling=standard"]
    assert expected == advice(clipped, 0.1)


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["model.embeddings=pbld"], "the embedded inputs"),
        (["model.input_noise=0.1"], "the noisy inputs"),
        (["model.input_noise=0.1", "model.embeddings=pbld"], "the embedded inputs"),
    ],
)
def test_what_stands_before_the_first_layer_is_named(overrides: list[str], name: str) -> None:
    """Where a number that is not finite arrives first."""
    spec = experiment(IRIS, *overrides, "backend.dtype=float32")
    data = prepared(spec)
    huge = replace(data.train, x=np.full_like(data.train.x, np.inf))
    backend = open_backend("numpy", dtype="float32", threads=1)
    result = diagnose(resolve_with_data(spec, data), replace(data, train=huge), backend, None)
    assert result is not None
    assert name == result.layer_name
