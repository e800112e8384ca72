"""Early stopping on scripted figures."""

from types import SimpleNamespace

import numpy as np
import pytest

from nettrain.engine.events import EpochDone, MemberStopped, TrainingDone
from nettrain.engine.loop import train
from nettrain.engine.population import Population
from nettrain.engine.stopping import Stopping
from tests.trained import IRIS, built, experiment, trained


def script(values: list[float], *, maximize: bool = False, **rules: float) -> tuple[list[int], int | None]:
    """The epochs that were better, and the one after which it stopped."""
    given = {"patience": 1, "min_delta": 0.0, "min_delta_relative": 0.0, **rules}
    settings = SimpleNamespace(**{name: np.array([value]) for name, value in given.items()})
    stopping, better = Stopping(Population(None, 1), maximize=maximize), []
    for epoch, value in enumerate(values, start=1):
        improved, stop = stopping.observe(np.array([value]), epoch, settings)
        better += [epoch] if improved[0] else []
        if stop[0]:
            return better, epoch
    return better, None


@pytest.mark.parametrize(
    ("values", "rules", "better", "stop"),
    [
        ([3, 2, 1], {}, [1, 2, 3], None),
        ([3, 2, 2.5], {}, [1, 2], 3),
        ([3, 2, 2], {}, [1, 2], 3),  # a tie is not better
        ([3, 4, 4, 4, 1], {"patience": 3}, [1], 4),
        ([3, 4, 4, 2, 4, 4, 4], {"patience": 3}, [1, 4], 7),  # the count starts again
        ([3, 2.95, 2.85, 2.8], {"patience": 3, "min_delta": 0.1}, [1, 3], None),  # against the best, 3
        ([3, 2.5], {"min_delta": 0.5}, [1], 2),  # by more than min_delta, strictly
        ([4, 3.5, 2.5], {"patience": 2, "min_delta_relative": 0.25}, [1, 3], None),
        ([4, 2.9], {"min_delta": 2, "min_delta_relative": 0.25}, [1], 2),  # the larger margin counts
        ([float("nan"), 2], {"patience": 2}, [2], None),  # NaN is never better
    ],
)
def test_patience_and_margins(
    values: list[float], rules: dict[str, float], better: list[int], stop: int | None
) -> None:
    assert script(values, **rules) == (better, stop)


def test_a_diverged_member_is_never_better() -> None:
    stopping = Stopping(Population(None, 2), maximize=False)
    better, _ = stopping.observe(np.array([1.0, 1.0]), 1, None, np.array([True, False]))
    assert better.tolist() == [True, False]


def test_metrics_that_should_grow() -> None:
    assert script([0.5, 0.7, 0.6], maximize=True) == ([1, 2], 3)


def test_each_member_has_its_own_patience_and_margin() -> None:
    stopping = Stopping(Population(None, 3), maximize=False)
    settings = SimpleNamespace(
        patience=np.array([1, 2, 1]),
        min_delta=np.array([0.0, 0.0, 1.0]),
        min_delta_relative=np.zeros(3),
    )
    stopping.observe(np.array([3.0, 3.0, 3.0]), 1, settings)
    better, stop = stopping.observe(np.array([2.5, 3.5, 2.5]), 2, settings)
    assert better.tolist() == [True, False, False]
    assert stop.tolist() == [False, False, True]


def test_the_best_weights_come_back_and_give_the_best_figure() -> None:
    rules = ["training.early_stopping={monitor: val_loss, patience: 3}", "training.epochs=200"]
    hot = trained([experiment(IRIS, *rules, "optimizer.learning_rate=0.1", "data.validation=0.3")])
    stop = hot.stopped[0]
    assert stop.reason == "early_stopping"
    assert stop.restored
    assert stop.epoch == stop.best_epoch + 3
    short = experiment(IRIS, "optimizer.learning_rate=0.1", "data.validation=0.3")
    until_best = short.model_copy(
        update={"training": short.training.model_copy(update={"epochs": stop.best_epoch})}
    )
    assert trained([until_best]).weights().tobytes() == hot.weights().tobytes()


def test_the_best_weights_come_back_when_epochs_run_out() -> None:
    rules = ["training.early_stopping={monitor: val_loss, patience: 90}", "training.epochs=40"]
    hot = ["optimizer.learning_rate=0.2", "data.validation=0.3"]
    run = trained([experiment(IRIS, *rules, *hot)])
    stop = run.stopped[0]
    assert (stop.reason, stop.restored, stop.epoch) == ("epochs", True, 40)
    assert stop.best_epoch < 40
    last = trained([experiment(IRIS, "training.epochs=40", *hot)])
    assert run.weights().tobytes() != last.weights().tobytes()


def test_restore_best_can_be_turned_off() -> None:
    rules = ["training.early_stopping={patience: 3, restore_best: false}", "training.epochs=200"]
    run = trained([experiment(IRIS, *rules, "optimizer.learning_rate=0.1", "data.validation=0.3")])
    stop = run.stopped[0]
    assert not stop.restored
    same = experiment(IRIS, "optimizer.learning_rate=0.1", "data.validation=0.3")
    same = same.model_copy(update={"training": same.training.model_copy(update={"epochs": stop.epoch})})
    assert trained([same]).weights().tobytes() == run.weights().tobytes()


def test_an_interrupted_run_ends_after_its_step_and_keeps_the_best_weights() -> None:
    rules = ["training.early_stopping={monitor: val_loss, patience: 9}", "training.epochs=40"]
    run = built([experiment(IRIS, *rules)])
    asked = iter(range(1000))
    events = list(train(run, interrupted=lambda: next(asked) == 2 * 7 + 3))  # seven steps an epoch
    epochs = [event for event in events if isinstance(event, EpochDone)]
    stop, done = events[-2:]
    assert isinstance(stop, MemberStopped)
    assert (stop.reason, stop.epoch, stop.restored) == ("interrupted", 2, True)
    assert isinstance(done, TrainingDone)
    assert (done.epochs_run, done.steps) == (2, 18)
    assert [event.epoch for event in epochs] == [1, 2]
    two = experiment(IRIS, "training.epochs=2")
    assert trained([two]).weights().tobytes() == run.final[0].tobytes()
