"""Losses of steps, with `training.history: step`: against plain descent in NumPy, and those of whole epochs."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.rows.batches import TABLE_STEPS
from tests.trained import IRIS, Trained, built, experiment, trained

pytestmark = pytest.mark.usefixtures("step_by_step")

STEP = "training.history=step"
LINE = """
data: {source: line.csv, scaling: none, target_scaling: none, validation: 0}
model: {hidden: [], init: zeros}
loss: mse
optimizer: {name: sgd, learning_rate: 0.125}
training: {epochs: 2, batch_size: 1, shuffle: false, history: step}
backend: {threads: 1, dtype: float64}
"""


def losses(result: Trained, member: int = 0) -> list[float]:
    """The losses of one member's steps."""
    return [
        loss
        for event in result.epochs
        if event.steps is not None
        for row in np.flatnonzero(event.members == member)
        for loss in event.steps.batch_loss[row].tolist()
    ]


@pytest.mark.parametrize("rows", [7, TABLE_STEPS, 2 * TABLE_STEPS + 100])
def test_each_is_that_of_the_batch_before_the_step(rows: int, tmp_path: Path, monkeypatch) -> None:
    """Also where an epoch has more steps than the table, which is then fetched in between."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(1)
    x = np.round(generator.uniform(-1, 1, rows), 6)
    y = np.round(0.5 * x + 0.25 + 0.1 * generator.normal(size=rows), 6)
    lines = ["x,y", *(f"{a},{b}" for a, b in zip(x.tolist(), y.tolist(), strict=True))]
    Path("line.csv").write_text("\n".join(lines) + "\n")
    result = trained(
        [experiment(LINE, "data.target_kind=numbers", "schedule={name: linear, end: 0.01}")], recorded=True
    )
    weight = bias = 0.0
    expected, step = [], 0
    for _ in range(2):
        for a, b in zip(x, y, strict=True):
            error = weight * a + bias - b
            expected.append(error**2)
            rate = 0.125 + (0.01 - 0.125) * step / (2 * rows)
            weight, bias, step = weight - rate * 2 * error * a, bias - rate * 2 * error, step + 1
    np.testing.assert_allclose(losses(result), expected, rtol=1e-6, atol=1e-12)
    last = result.epochs[-1].steps
    assert last is not None
    assert last.step.tolist() == list(range(rows + 1, 2 * rows + 1))
    np.testing.assert_allclose(last.learning_rate[0, -1], 0.125 - 0.115 * (2 * rows - 1) / (2 * rows))


OPTIONS = {
    "adam": ["optimizer.learning_rate=0.01"],
    "nesterov": ["optimizer=nesterov"],
    "dropout and smoothing": ["model.dropout=0.3", "loss={name: cross_entropy, label_smoothing: 0.1}"],
    "weighted classes": ["data.class_weights={Iris-setosa: 3}"],
    "lbfgs": ["optimizer=lbfgs", "backend.dtype=float64"],
    "the sum over rows": ["loss={name: cross_entropy, reduction: sum}", "optimizer.learning_rate=1e-4"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_their_mean_is_the_running_loss_and_nothing_else_changes(name: str) -> None:
    batch = "full" if name == "lbfgs" else 6  # of 102 rows: all batches weigh the same, or
    result, plain = (
        trained([experiment(IRIS, *OPTIONS[name], f"training.batch_size={batch}", *more)], recorded=True)
        for more in ([STEP], [])
    )
    assert result.weights().tobytes() == plain.weights().tobytes()
    assert result.history()[1:] == plain.history()[1:]  # epoch 0 has no rate, which is NaN
    assert all(event.steps is None for event in plain.epochs)
    for event in result.epochs:
        if event.epoch:
            assert event.steps is not None
            if name != "weighted classes":
                mean = event.steps.batch_loss.mean(axis=1)
                np.testing.assert_allclose(mean, event.figures["running_loss"], rtol=1e-12)
            assert event.steps.step[-1] == event.step


def test_members_have_their_own_which_are_those_of_single_runs() -> None:
    stopping = ["training.epochs=40", "training.early_stopping={patience: 2, min_delta: 0.01}", STEP]
    specs = [
        experiment(IRIS, *stopping, f"seed={r}", f"optimizer.learning_rate={2.0**-r}") for r in range(10)
    ]
    together = trained(specs, recorded=True)
    assert together.run.population.size < 10  # rows were moved
    for r in (0, 4, 9):
        assert losses(together, r) == losses(trained([specs[r]], recorded=True))
    counts = {len(losses(together, r)) for r in range(10)}
    assert len(counts) > 2


def test_a_diverged_member_has_losses_that_are_no_numbers() -> None:
    wild = ["optimizer={name: sgd, learning_rate: 1e30}", "model.activation=relu"]
    result = trained([experiment(IRIS, STEP, *wild)], recorded=True)
    assert np.isfinite(losses(result)[0])
    assert np.isnan(losses(result)[-1])


def interrupted(specs: list, steps: int) -> tuple[TrainingLoop, list[EpochDone]]:
    """A training that was interrupted after so many steps, and its epochs."""
    asked = iter([False] * (steps - 1))
    training = TrainingLoop(built(specs, recorded=True), lambda: next(asked, True))
    return training, [event for event in training.events() if isinstance(event, EpochDone)]


def test_switched_on_within_an_epoch_the_rest_of_it_is_recorded() -> None:
    begun, _ = interrupted([experiment(IRIS)], 10)
    on = experiment(IRIS, STEP)
    rest = TrainingLoop(built([on], recorded=True))
    restore(rest, snapshot(begun))
    first = next(event for event in rest.events() if isinstance(event, EpochDone))
    whole = next(
        event.steps for event in trained([on], recorded=True).epochs if event.epoch == 2
    )  # of 7 steps
    assert first.steps is not None
    assert whole is not None
    assert first.steps.step.tolist() == [11, 12, 13, 14]
    assert first.steps.batch_loss.tolist() == whole.batch_loss[:, 3:].tolist()


@pytest.mark.parametrize("at", [3, 10, 12])
def test_parts_of_an_epoch_and_an_interruption_leave_every_step_once(at: int) -> None:
    parts = experiment(IRIS, STEP, "training.evaluate_every=0.5", "training.epochs=3")
    whole = trained([experiment(IRIS, STEP, "training.epochs=3")], recorded=True)
    begun, events = interrupted([parts], at)
    rest = TrainingLoop(built([parts], recorded=True))
    restore(rest, snapshot(begun))
    events += [event for event in rest.events() if isinstance(event, EpochDone)]
    assert losses(Trained(rest.run, events, {})) == losses(whole)
    assert sum(event.steps is not None for event in events) == 6
