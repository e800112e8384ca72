"""Early stopping, convergence and targets, on scripted values."""

from itertools import pairwise

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.members import stack
from nettrain.experiment.training_settings import ConvergenceSettings, EarlyStopping
from nettrain.training.control.convergence import ConvergenceMonitor
from nettrain.training.control.early_stopping import EarlyStoppingMonitor
from nettrain.training.control.monitors import reached
from nettrain.training.events import EpochDone, MemberStopped, TrainingDone
from nettrain.training.loop import train
from tests.trained import IRIS, built, experiment, population_of, trained

pytestmark = pytest.mark.usefixtures("step_by_step")


def script(values: list[float], *, maximize: bool = False, **rules: float) -> tuple[list[int], int | None]:
    """The epochs that were better, and the epoch after which the member stopped."""
    settings = stack([EarlyStopping(**{"patience": 1, **rules})])
    stopping, better = EarlyStoppingMonitor(population_of(1), maximize=maximize), []
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
        ([3, 2, 3, 2, 4], {"patience": 9, "ties": "last"}, [1, 2, 4], None),  # the later of two equals
        ([3, 2, 2, 2, 2], {"patience": 3, "ties": "last"}, [1, 2, 3, 4, 5], 5),  # which is no improvement
        ([3, 2.95, 3, 2], {"patience": 9, "min_delta": 0.1, "ties": "last"}, [1, 3, 4], None),  # equals
        ([float("inf"), float("inf"), 2], {"patience": 9, "ties": "last"}, [3], None),
        ([3, 4, 4, 4, 2, 4, 4], {"patience": None}, [1, 5], None),  # which keeps the best alone
    ],
)
def test_patience_and_margins(
    values: list[float], rules: dict[str, float], better: list[int], stop: int | None
) -> None:
    assert script(values, **rules) == (better, stop)


def test_a_diverged_member_is_never_better() -> None:
    stopping = EarlyStoppingMonitor(population_of(2), maximize=False)
    better, _ = stopping.observe(np.array([1.0, 1.0]), 1, None, np.array([True, False]))
    assert better.tolist() == [True, False]


def test_metrics_to_maximize() -> None:
    assert script([0.5, 0.7, 0.6], maximize=True) == ([1, 2], 3)


def test_each_member_has_its_own_patience_and_margin() -> None:
    stopping = EarlyStoppingMonitor(population_of(3), maximize=False)
    rules = [{"patience": 1}, {"patience": 2}, {"patience": 1, "min_delta": 1.0}]
    settings = stack([EarlyStopping(**one) for one in rules])
    stopping.observe(np.array([3.0, 3.0, 3.0]), 1, settings)
    better, stop = stopping.observe(np.array([2.5, 3.5, 2.5]), 2, settings)
    assert better.tolist() == [True, False, False]
    assert stop.tolist() == [False, False, True]


def test_the_best_weights_are_restored() -> None:
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


def test_the_best_weights_are_restored_after_the_last_epoch() -> None:
    rules = ["training.early_stopping={monitor: val_loss, patience: 90}", "training.epochs=40"]
    hot = ["optimizer.learning_rate=0.2", "data.validation=0.3"]
    run = trained([experiment(IRIS, *rules, *hot)])
    stop = run.stopped[0]
    assert (stop.reason, stop.restored, stop.epoch) == ("epochs", True, 40)
    assert stop.best_epoch < 40
    last = trained([experiment(IRIS, "training.epochs=40", *hot)])
    assert run.weights().tobytes() != last.weights().tobytes()


def test_of_equally_good_epochs_the_last_is_restored_where_it_should_be() -> None:
    """The accuracy of a few validation rows has few values, so that its best one comes again and again."""
    easy = ["data.validation=0.2", "optimizer.learning_rate=0.05", "training.epochs=30"]
    rules = "monitor: val_accuracy, patience: 30"
    first, last = (
        trained([experiment(IRIS, *easy, f"training.early_stopping={{{rules}, ties: {ties}}}")])
        for ties in ("first", "last")
    )
    accuracy = [event.figures["val_accuracy"][0] for event in first.epochs if event.epoch]
    highest = [epoch for epoch, value in enumerate(accuracy, 1) if value == max(accuracy)]
    assert len(highest) > 1
    assert (first.stopped[0].best_epoch, last.stopped[0].best_epoch) == (highest[0], highest[-1])
    until = trained([experiment(IRIS, *easy[:2], f"training.epochs={highest[-1]}")])
    assert until.weights().tobytes() == last.weights().tobytes()


def test_restore_best_can_be_turned_off() -> None:
    rules = ["training.early_stopping={patience: 3, restore_best: false}", "training.epochs=200"]
    run = trained([experiment(IRIS, *rules, "optimizer.learning_rate=0.1", "data.validation=0.3")])
    stop = run.stopped[0]
    assert not stop.restored
    same = experiment(IRIS, "optimizer.learning_rate=0.1", "data.validation=0.3")
    same = same.model_copy(update={"training": same.training.model_copy(update={"epochs": stop.epoch})})
    assert trained([same]).weights().tobytes() == run.weights().tobytes()


def test_an_interrupted_run_ends_after_its_step_with_the_best_weights() -> None:
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
    assert trained([two]).weights().tobytes() == run.final.parameters[0].tobytes()


def converged(values: list[float], tolerance: float, epochs: int, *, relative: bool = False) -> int | None:
    """The epoch after which scripted objectives count as converged."""
    settings = stack([ConvergenceSettings(tolerance=tolerance, epochs=epochs, relative=relative)])
    monitor = ConvergenceMonitor(population_of(1), NumpyBackend(), settings, 1)
    for epoch, value in enumerate(values, start=1):
        if monitor.observe(np.array([value]), settings)[0]:
            return epoch
    return None


@pytest.mark.parametrize(
    ("values", "tolerance", "epochs", "relative", "stop"),
    [
        ([8, 4, 2, 1], 1, 1, False, None),  # a fall of 1 is not less than 1
        ([8, 4, 2, 1.5], 1, 1, False, 4),
        ([8, 7.5, 7, 5, 4.5, 4, 3.5], 1, 3, False, 7),  # the fall of 2 starts the count again
        ([1.22, 3.20, 3.3, 3.4], 1, 1, False, None),  # to rise is not to converge
        ([8, 8.0001, 8.0002], 1, 1, False, None),  # however little
        ([8, 8.5, 8.4], 1, 1, False, 3),
        ([8, 7.9, 8.5, 8.4, 8.3], 1, 2, False, 5),  # a rise starts the count again
        ([8, 9, 8.9], 0.5, 1, True, 3),
        ([8, 4, 2, 1], 0.5, 1, True, None),
        ([8, 4, 2.5], 0.5, 1, True, 3),  # by 1.5, less than half of 4
        ([0, 0], 0.1, 1, False, 2),
        ([-1, -1.01], 0.1, 1, True, 2),  # a share of the absolute value
        ([-1, -0.99, -0.98], 0.1, 1, True, None),
        ([5, 5, 5], 1, 2, False, 3),  # to stay is to converge
        ([float("inf"), 1, 0.9], 1, 1, False, 3),
        ([float("nan")] * 5, 1, 1, False, None),
        ([1], 9, 1, False, None),  # one epoch alone is no fall
    ],
)
def test_an_objective_that_no_longer_falls(
    values: list[float], tolerance: float, epochs: int, relative: bool, stop: int | None
) -> None:
    assert converged(values, tolerance, epochs, relative=relative) == stop


def test_weights_that_no_longer_change() -> None:
    settings = stack([ConvergenceSettings(weight_change=change) for change in (0.5, 0.5, 0.25)])
    population = population_of(3)
    population.register("parameters", np.zeros((3, 2)))
    monitor = ConvergenceMonitor(population, NumpyBackend(), settings, 2)
    ends = []
    for change in ([0.25, -0.5], [0.25, -0.25], [0.125, 0.0625]):
        monitor.start_epoch(settings)
        population["parameters"][:] += change
        ends.append(monitor.observe(np.zeros(3), settings).tolist())
    # the sums are 0.75, 0.5 and 0.1875; the second is not below 0.5
    assert ends == [[False] * 3, [False] * 3, [True] * 3]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"val_accuracy": 0.9}, [False, True, True]),
        ({"train_loss": 0.5}, [True, True, False]),
        ({"val_accuracy": 0.9, "train_loss": 0.5}, [False, True, False]),
        ({"val_loss": 0.5}, False),  # not measured in this epoch
        (None, False),
    ],
)
def test_targets_are_reached_from_the_worse_side(
    target: dict[str, float] | None, expected: list[bool] | bool
) -> None:
    figures = {"val_accuracy": np.array([0.89, 0.9, 0.95]), "train_loss": np.array([0.4, 0.5, 0.6])}
    assert np.array_equal(reached(figures, target), expected)


def test_the_weights_that_reach_the_target_are_kept() -> None:
    rules = ["training.early_stopping={monitor: val_loss, patience: 90}", "training.target={val_loss: 0.4}"]
    run = trained([experiment(IRIS, *rules, "training.epochs=90", "optimizer.learning_rate=0.01")])
    stop = run.stopped[0]
    assert (stop.reason, stop.restored) == ("target", False)
    values = [float(event.figures["val_loss"][0]) for event in run.epochs]
    assert values[-1] <= 0.4 < min(values[:-1])
    short = experiment(IRIS, f"training.epochs={stop.epoch}", "optimizer.learning_rate=0.01")
    assert trained([short]).weights().tobytes() == run.weights().tobytes()


LINEAR = ["model.hidden=[]", "training.batch_size=full", "optimizer=sgd", "optimizer.learning_rate=0.5"]


def test_a_run_ends_where_its_objective_no_longer_falls() -> None:
    rule = "training.convergence={tolerance: 1.0e-3, epochs: 2}"
    run = trained([experiment(IRIS, *LINEAR, rule, "training.epochs=400", "regularization.l2=0.01")])
    values = [float(event.figures["objective"][0]) for event in run.epochs]
    small = [0 <= before - after < 1e-3 for before, after in pairwise(values)]
    assert run.stopped[0].reason == "converged"
    assert (small[-2:], any(small[:-2])) == ([True, True], False)


def test_a_rate_that_is_too_large_does_not_converge() -> None:
    steep = ["optimizer=sgd", "optimizer.learning_rate=20", "training.batch_size=full", "training.epochs=25"]
    run = trained([experiment(IRIS, *steep, "training.convergence={tolerance: 0.001}")])
    values = [float(event.figures["objective"][0]) for event in run.epochs]
    rises = sum(after > before for before, after in pairwise(values))
    assert (run.stopped[0].reason, run.stopped[0].rises) == ("epochs", rises)
    assert rises > 5


def test_rises_are_counted_to_the_last_epoch_and_only_where_convergence_is_looked_for() -> None:
    script = [[3.0, 1.0], [4.0, 2.0], [5.0, 1.5]]
    settings = stack([ConvergenceSettings(tolerance=1e-9)] * 2)
    population = population_of(2)
    monitor = ConvergenceMonitor(population, NumpyBackend(), settings, 1)
    for values in script:
        monitor.observe(np.array(values), settings)
    assert population["rises"].tolist() == [2, 1]
    assert trained([experiment(IRIS, "training.epochs=2")]).stopped[0].rises is None


def test_a_run_ends_where_its_weights_no_longer_change() -> None:
    rule = "training.convergence={weight_change: 0.05}"
    end = trained([experiment(IRIS, *LINEAR, rule, "training.epochs=400")]).stopped[0]
    last = range(end.epoch - 2, end.epoch + 1)
    weights = [trained([experiment(IRIS, *LINEAR, f"training.epochs={n}")]).weights() for n in last]
    changes = [np.abs(after - before).sum() for before, after in pairwise(weights)]
    assert end.reason == "converged"
    assert changes[0] >= 0.05 > changes[1]


def test_a_target_may_be_any_metric_of_the_validation_rows() -> None:
    run = trained([experiment(IRIS, "training.target={val_macro_f1: 0.9}", "training.epochs=90")])
    values = [float(event.figures["val_macro_f1"][0]) for event in run.epochs]
    assert run.stopped[0].reason == "target"
    assert values[-1] >= 0.9 > max(values[:-1])
