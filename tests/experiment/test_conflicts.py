"""Keys that control the optimizer: which conflict with each other, and which do not."""

import pytest

from nettrain.errors import SpecError
from tests.trained import IRIS, experiment, trained

PLATEAU = "schedule={name: plateau, monitor: %s}"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["optimizer=adamw", "training.weight_decay=0.1"], "training.weight_decay: adamw has its own"),
        (["optimizer=lion", "training.weight_decay=0.1"], "training.weight_decay: lion has its own"),
        (
            ["optimizer={name: momentum, momentum_schedule: sutskever}", "schedule=one_cycle"],
            "optimizer.momentum_schedule: one_cycle moves the momentum itself",
        ),
        (
            ["optimizer={name: rmsprop, momentum_schedule: linear}"],
            "optimizer.momentum_schedule: needs optimizer",
        ),
        (
            ["optimizer={name: momentum, start: gradient}"],
            "optimizer.start: gradient is of form average, the velocity of classical begins at 0",
        ),
        (
            ["optimizer={name: nesterov, look_ahead: beta}"],
            "optimizer.look_ahead: beta is of form average, classical looks ahead in one way only",
        ),
        (
            ["training.convergence={weight_change: 0.1, epochs: 3}"],
            "training.convergence.epochs: needs tolerance",
        ),
        (
            ["training.convergence={weight_change: 0.1, relative: true}"],
            "training.convergence.relative: needs tolerance",
        ),
        (["schedule={name: constant, per: step}"], "schedule.per: step does nothing for constant"),
        (["schedule={name: adaptive, per: epoch}"], "schedule.per: epoch does nothing for adaptive"),
        (
            ["schedule={name: one_cycle, momentum_low: 0.5}", "optimizer=sgd"],
            "schedule.momentum_low: 0.5 does nothing for sgd, which has no momentum to move",
        ),
        (
            ["schedule={name: one_cycle, momentum_high: 0.9}", "optimizer=rmsprop"],
            "schedule.momentum_high: 0.9 does nothing for rmsprop, which has no momentum to move",
        ),
        (
            ["training.weight_decay_schedule={name: one_cycle, momentum: fixed}"],
            "training.weight_decay_schedule.momentum: fixed does nothing here: one_cycle moves the momentum as",
        ),
        (
            ["model.dropout=0.4", "model.dropout_schedule={name: linear, end: 3}"],
            "model.dropout_schedule: linear raises dropout 0.4 to 1.2, not below 1",
        ),
        ([PLATEAU % "val_los"], 'schedule.monitor: unknown "val_los", did you mean "val_loss"?'),
        ([PLATEAU % "val_loss", "data.validation=0"], 'schedule.monitor: "val_loss" needs validation rows'),
        (["training.clip_norm=0"], "training.clip_norm: 0"),
        (["regularization.l1=-1"], "regularization.l1: -1"),
    ],
)
def test_a_conflict_is_reported_with_its_key(overrides: list[str], expected: str) -> None:
    with pytest.raises(SpecError) as error:
        experiment(IRIS, *overrides)
    assert expected in str(error.value)


def test_combinations_that_do_not_conflict() -> None:
    fixed = "schedule={name: one_cycle, momentum: fixed}"
    experiment(IRIS, fixed, "optimizer={name: momentum, momentum_schedule: sutskever}")
    experiment(IRIS, "training.weight_decay=0.1", "optimizer=adam")
    experiment(IRIS, "optimizer=adamw", "optimizer.weight_decay=0.3")


def test_a_plateau_without_a_monitor_watches_validation_rows_or_the_steps() -> None:
    run = trained([experiment(IRIS, "schedule=plateau", "training.epochs=1")]).run
    assert run.monitors.plateau.metric == "val_loss"
    run = trained([experiment(IRIS, "schedule=plateau", "training.epochs=1", "data.validation=0")]).run
    assert run.monitors.plateau.metric == "running_loss"


def test_a_plateau_reduces_the_rate_of_a_run_that_does_not_improve() -> None:
    stuck = ["optimizer=sgd", "optimizer.learning_rate=1.0e-9", "training.epochs=7"]
    plateau = "schedule={name: plateau, factor: 0.5, patience: 2}"
    rates = [row[1] for row in trained([experiment(IRIS, *stuck, plateau)]).history()]
    # the first evaluation is the best; the cut after the third shows in the fourth
    assert rates == [1e-9, 1e-9, 1e-9, 5e-10, 5e-10, 2.5e-10, 2.5e-10]


def test_one_cycle_changes_adams_beta1() -> None:
    moved = trained([experiment(IRIS, "schedule=one_cycle")]).weights()
    fixed = trained([experiment(IRIS, "schedule={name: one_cycle, momentum: fixed}")]).weights()
    assert moved.tobytes() != fixed.tobytes()
