"""Epoch 0, evaluated training rows, and evaluations within an epoch: what they measure and leave alone."""

from dataclasses import replace

import numpy as np
import pytest

from nettrain.errors import SpecError
from nettrain.experiment.resolution import resolve_with_data
from nettrain.training.control.evaluations import EvaluationPlan
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.progress import Progress
from nettrain.training.resumption.state import restore, snapshot
from tests.trained import IRIS, Trained, built, experiment, outputs_of, prepared, trained

pytestmark = pytest.mark.usefixtures("step_by_step")

ALL = "training.evaluate_train=all"
QUARTERS = "training.evaluate_every=0.25"
SOFTMAX = ("model.activation=tanh", "loss={name: cross_entropy, label_smoothing: 0.1}", "model.dropout=0.2")


def cross_entropy(outputs: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """The weighted mean of -log softmax, of outputs (N, K)."""
    shifted = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(weight * log_p[np.arange(len(y)), y]).sum() / weight.sum())


# ----- epoch 0 -----


@pytest.mark.parametrize("members", [1, 3])
def test_a_network_that_knows_nothing_has_the_loss_ln_k(members: int) -> None:
    zeros = ("model.hidden=[]", "model.init=zeros", "backend.dtype=float64", ALL)
    specs = [experiment(IRIS, *zeros, f"seed={seed}", "data.seed=0") for seed in range(members)]
    before = trained(specs, recorded=True).epochs[0]
    assert (before.epoch, before.step, before.seconds, before.better.any()) == (0, 0, 0, False)
    assert list(before.figures) == ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    for name in ("train_loss", "val_loss"):
        np.testing.assert_allclose(before.figures[name], [np.log(3)] * members, rtol=1e-15)
    assert np.isnan(before.learning_rate).all()


def test_epoch_0_is_not_an_epoch_of_early_stopping() -> None:
    """The network begins better than it ever becomes, and still the first epoch is the best one."""
    ruin = ("optimizer={name: sgd, learning_rate: 1}", "training.early_stopping={patience: 2}")
    spec = experiment(IRIS, *ruin, "model.hidden=[]", "model.init={name: zeros}", "data.scaling=none")
    recorded, plain = trained([spec], recorded=True), trained([spec])
    losses = [float(event.figures["val_loss"][0]) for event in recorded.epochs]
    assert losses[0] < min(losses[1:])
    assert [event.epoch for event in recorded.epochs[1:]] == [event.epoch for event in plain.epochs]
    assert recorded.epochs[1].better[0]
    assert recorded.stopped == plain.stopped
    assert recorded.weights().tobytes() == plain.weights().tobytes()


# ----- training rows -----


def test_training_rows_are_evaluated_without_dropout_smoothing_and_weights_of_classes() -> None:
    weights = "data.class_weights={Iris-setosa: 5}"
    spec = experiment(IRIS, *SOFTMAX, weights, ALL)
    result, data = trained([spec], recorded=True), prepared(spec)
    assert set(np.unique(data.train.weight)) == {1, 5}
    run, last = result.run, result.epochs[-1]
    outputs = outputs_of(run, run.final.parameters, run.final.statistics, data.train.x)[0]
    correct = (outputs.argmax(axis=1) == data.train.y).mean()
    equal = np.ones(len(outputs))
    assert last.figures["train_accuracy"][0] == pytest.approx(correct, abs=1e-12)
    assert last.figures["train_loss"][0] == pytest.approx(
        cross_entropy(outputs, data.train.y, equal), rel=1e-5
    )
    assert last.figures["running_loss"][0] > last.figures["train_loss"][0]


def test_a_sample_is_evaluated_as_these_rows_are() -> None:
    spec = experiment(IRIS, *SOFTMAX, "training.evaluate_train=20")
    result, data = trained([spec], recorded=True), prepared(spec)
    run = result.run
    evaluated = run.data.evaluated
    assert evaluated.rows == 20
    outputs = outputs_of(run, run.final.parameters, run.final.statistics, evaluated.x)[0]
    expected = cross_entropy(outputs, evaluated.targets, np.ones(20))
    assert result.epochs[-1].figures["train_loss"][0] == pytest.approx(expected, rel=1e-5)
    rows = {row.tobytes() for row in data.train.x}
    assert all(row.tobytes() in rows for row in evaluated.x)


def test_recording_changes_no_weight() -> None:
    members = [
        experiment(IRIS, *SOFTMAX, "model.batch_norm=true", f"seed={r}", "data.seed=0") for r in range(3)
    ]
    plain, recorded = trained(members), trained(members, recorded=True)
    assert plain.run.final.parameters.tobytes() == recorded.run.final.parameters.tobytes()
    assert plain.run.final.statistics.tobytes() == recorded.run.final.statistics.tobytes()
    assert "train_loss" not in plain.epochs[0].figures


def test_training_rows_can_control_a_run_that_is_not_recorded() -> None:
    spec = experiment(
        IRIS, "training.target={train_accuracy: 0.8}", "data.validation=0", "training.epochs=60"
    )
    result = trained([spec])
    accuracy = [float(event.figures["train_accuracy"][0]) for event in result.epochs]
    assert result.stopped[0].reason == "target"
    assert accuracy[-1] >= 0.8 > max(accuracy[:-1])


def test_without_validation_rows_the_best_epoch_is_that_of_the_training_rows_or_of_the_steps() -> None:
    def monitor(recorded: bool, rows: str) -> str:
        spec = experiment(IRIS, "data.validation=0", f"training.evaluate_train={rows}")
        return built([spec], recorded=recorded).monitors.metric

    assert monitor(recorded=True, rows="all") == "train_loss"
    assert monitor(recorded=True, rows="none") == monitor(recorded=False, rows="all") == "running_loss"


# ----- parts of an epoch -----


@pytest.mark.parametrize(
    ("steps", "parts", "stops"),
    [(18, 4, (5, 9, 14, 18)), (4, 4, (1, 2, 3, 4)), (7, 2, (4, 7)), (100, 3, (33, 67, 100)), (5, 1, (5,))],
)
def test_a_part_of_an_epoch_ends_with_the_nearest_step(
    steps: int, parts: int, stops: tuple[int, ...]
) -> None:
    plan = EvaluationPlan(steps, epochs=3, parts=parts)
    assert plan.stops == stops
    assert [plan.next_stop(position) for position in (0, steps - 1)] == [stops[0], steps]
    done = [plan.epochs_done(Progress(epoch=2, position=stop)) for stop in (0, *stops[:-1])]
    assert done == [2, *(round(2 + k / parts, 4) for k in range(1, parts))]


KINDS = {
    "sgd": ["optimizer=sgd"],
    "dropout, one cycle": ["model.dropout=0.3", "schedule=one_cycle", "optimizer=adam"],
    "looks ahead": ["optimizer={name: nesterov, look_ahead: beta, form: average}"],
    "batch norm, clipped": ["model.batch_norm=true", "training.clip_norm=0.5", "regularization.l1=0.01"],
    "converges": ["training.convergence={tolerance: 0.02, epochs: 2}", "training.epochs=30"],
    "snapshots": ["training.snapshots=2"],
    "replacement": ["training.sampling=replacement", "schedule={name: step, every: 2}"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_evaluations_within_epochs_change_no_weight(kind: str) -> None:
    def of(*overrides: str) -> Trained:
        return trained(
            [experiment(IRIS, *KINDS[kind], *overrides, f"seed={r}", "data.seed=0") for r in range(3)]
        )

    whole, parts = of(), of(QUARTERS)
    assert whole.run.final.parameters.tobytes() == parts.run.final.parameters.tobytes()
    at_ends = [event for event in parts.epochs if event.epoch == int(event.epoch)]
    assert len(parts.epochs) == 4 * len(at_ends)
    for before, after in zip(whole.epochs, at_ends, strict=True):
        assert (before.epoch, before.step, before.members.tolist()) == (
            after.epoch,
            after.step,
            after.members.tolist(),
        )
        assert before.figures["val_loss"].tobytes() == after.figures["val_loss"].tobytes()
        assert before.learning_rate.tobytes() == after.learning_rate.tobytes()
    assert [replace(end, best_epoch=None) for end in whole.stopped.values()] == [
        replace(end, best_epoch=None) for end in parts.stopped.values()
    ]


def test_the_running_losses_of_the_parts_make_up_that_of_the_epoch() -> None:
    overrides = ("training.batch_size=10", "backend.dtype=float64", "regularization.l2=0.1")
    whole, parts = trained([experiment(IRIS, *overrides)]), trained([experiment(IRIS, *overrides, QUARTERS)])
    steps = np.diff([0, *(event.step for event in parts.epochs)]).reshape(-1, 4)
    rows = np.minimum(10 * steps, 10 * steps - np.where(np.arange(4) == 3, 10 * 11 - 102, 0))
    losses = np.array([float(event.figures["running_loss"][0]) for event in parts.epochs]).reshape(-1, 4)
    expected = [float(event.figures["running_loss"][0]) for event in whole.epochs]
    assert steps.sum(axis=1).tolist() == [11] * 6
    np.testing.assert_allclose((rows * losses).sum(axis=1) / rows.sum(axis=1), expected, rtol=1e-12)


def test_patience_counts_evaluations_and_the_best_may_lie_within_an_epoch() -> None:
    stopping = "training.early_stopping={patience: 3}"
    spec = experiment(
        IRIS, "optimizer={name: sgd, learning_rate: 5}", "training.epochs=20", stopping, QUARTERS
    )
    result = trained([spec])
    end, losses = result.stopped[0], [float(event.figures["val_loss"][0]) for event in result.epochs]
    best = int(np.argmin(losses))
    assert (end.reason, end.restored, len(losses)) == ("early_stopping", True, best + 4)
    assert end.best_epoch == result.epochs[best].epoch == (best + 1) / 4
    assert end.step == result.epochs[-1].step
    assert end.epoch == int(result.epochs[-1].epoch)
    run, rows = result.run, prepared(spec).validation
    outputs = outputs_of(run, run.final.parameters, run.final.statistics, rows.x)[0]
    assert cross_entropy(outputs, rows.y, np.ones(len(rows.y))) == pytest.approx(losses[best], rel=1e-5)


def test_a_run_interrupted_within_a_part_of_an_epoch_goes_on_to_the_bit() -> None:
    members = [
        experiment(IRIS, QUARTERS, "model.dropout=0.2", f"seed={r}", "data.seed=0", "training.epochs=3")
        for r in range(2)
    ]

    def rows(training: TrainingLoop) -> list[tuple[object, ...]]:
        return [
            (event.epoch, event.step, *(values.tobytes() for values in event.figures.values()))
            for event in training.events()
            if isinstance(event, EpochDone)
        ]

    whole = TrainingLoop(built(members))
    undisturbed = rows(whole)
    for steps in range(1, whole.progress.step, 3):
        asked = iter([False] * (steps - 1) + [True] * 99)
        begun = TrainingLoop(built(members), lambda asked=asked: next(asked))
        record = rows(begun)
        rest = TrainingLoop(built(members))
        restore(rest, snapshot(begun))
        assert record + rows(rest) == undisturbed
        assert rest.run.final.parameters.tobytes() == whole.run.final.parameters.tobytes()


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ["training.evaluate_every=0.3"],
            "0.3 does not divide an epoch into equal parts, 0.333 or 0.25 does",
        ),
        (["training.evaluate_every=0.7"], "0.7 does not divide an epoch into equal parts, 0.5 does"),
        (
            ["training.evaluate_every=1.5"],
            "1.5 is not a whole number of epochs from 1, or a part of one such as",
        ),
        (
            ["training.evaluate_every=0.05"],
            "0.05 is 20 evaluations in an epoch, which has 7 steps; 0.143 evaluates after each",
        ),
        (
            ["training.evaluate_every=0.5", "training.batch_size=full"],
            "0.5 is 2 evaluations in an epoch, which has one step; 1 is the least",
        ),
    ],
)
def test_parts_that_an_epoch_does_not_have(overrides: list[str], expected: str) -> None:
    with pytest.raises(Exception, match=r"training\.evaluate_every") as caught:
        built([experiment(IRIS, *overrides)])
    assert isinstance(caught.value, SpecError)
    assert expected in str(caught.value)


def test_a_third_may_be_written_with_few_digits() -> None:
    spec = experiment(IRIS, "training.evaluate_every=0.33", "training.epochs=1")
    assert [event.epoch for event in trained([spec]).epochs] == [0.3333, 0.6667, 1]


def test_the_rows_of_auto_follow_from_the_data() -> None:
    def taken(*overrides: str) -> int | str:
        spec = experiment(IRIS, *overrides)
        return resolve_with_data(spec, prepared(spec)).training.evaluate_train

    assert taken() == 102
    assert taken("training.epochs=100000") == "none"  # epochs of some microseconds
    assert taken("training.epochs=100000", "training.evaluate_every=1000") == 102
    assert taken("training.epochs=100000", "training.target={train_loss: 0.1}") == 102
    assert taken("training.evaluate_train=all") == "all"
    digits = ("data.source=builtin:optdigits", "model.hidden=[128, 128]", "training.batch_size=64")
    sample = taken(*digits, "training.epochs=60")
    assert 500 <= int(sample) < 3250
    assert sample == taken(*digits, "training.epochs=60")
