"""The objective of an epoch is what its steps minimised: against NumPy by hand, for a linear network."""

from dataclasses import dataclass

import numpy as np
import pytest

from nettrain.training.loop import train
from nettrain.training.run import TrainingRun
from tests.trained import IRIS, built, experiment, trained

L2, RATE, BATCH = 0.03, 0.002, 16
LINEAR = (
    "data.source=synthetic:sine",
    "model.hidden=[]",
    "training.shuffle=false",
    "training.epochs=4",
    "backend.dtype=float64",
    f"regularization.l2={L2}",
)
DESCENT = ("optimizer=sgd", f"optimizer.learning_rate={RATE}")
KINDS = ("mean", "sum")


@dataclass
class ByHand:
    """½(xw + b - y)² over rows, and plain descent on its mean or sum in a batch plus L2/2·w²."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    sums: bool

    @classmethod
    def of(cls, run: TrainingRun, reduction: str) -> "ByHand":
        rows, row = run.data.train, run.population["parameters"][0]
        start = [run.layout.start(0, name) for name in ("weight", "bias")]
        weight, bias = row[start[0] : start[0] + rows.x.shape[1]].copy(), row[start[1] : start[1] + 1].copy()
        return cls(rows.x.copy(), rows.y[:, 0].copy(), weight, bias, reduction == "sum")

    def errors(self, rows: slice) -> np.ndarray:
        return self.x[rows] @ self.weight + self.bias - self.y[rows]

    @property
    def penalty(self) -> float:
        return float(L2 / 2 * (self.weight**2).sum())

    def epoch(self, batch: int) -> tuple[float, float]:
        """The mean loss of the rows, and the mean over the steps of what each minimised; then the penalty."""
        losses, minimised = [], []
        for first in range(0, len(self.y), batch):
            rows = slice(first, min(first + batch, len(self.y)))
            error = self.errors(rows)
            losses.append(error**2 / 2)
            minimised.append(losses[-1].sum())
            divisor = 1 if self.sums else len(error)
            self.weight = self.weight - RATE * (self.x[rows].T @ error / divisor + L2 * self.weight)
            self.bias = self.bias - RATE * error.sum() / divisor
        loss = float(np.concatenate(losses).mean())
        return loss, (float(np.mean(minimised)) if self.sums else loss) + self.penalty


@pytest.mark.parametrize("reduction", KINDS)
@pytest.mark.parametrize("batch", ["full", BATCH])
def test_the_objective_is_the_one_that_steps_minimise(reduction: str, batch: int | str) -> None:
    loss = f"loss={{name: mse_half, reduction: {reduction}}}"
    spec = experiment(IRIS, *LINEAR, *DESCENT, loss, f"training.batch_size={batch}")
    hand = ByHand.of(built([spec]), reduction)
    for event in trained([spec]).epochs:
        expected = hand.epoch(len(hand.y) if batch == "full" else BATCH)
        got = [float(event.figures[name][0]) for name in ("running_loss", "objective")]
        assert got == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("reduction", KINDS)
def test_losses_are_means_over_rows_whatever_is_minimised(reduction: str) -> None:
    loss = f"loss={{name: mse_half, reduction: {reduction}}}"
    result = trained([experiment(IRIS, *LINEAR, *DESCENT, loss, "training.batch_size=full")])
    rows, hand = result.run.data.datasets["validation"], ByHand.of(result.run, reduction)
    error = rows.x @ hand.weight + hand.bias - rows.y[:, 0]
    assert float(result.epochs[-1].figures["val_loss"][0]) == pytest.approx((error**2).mean() / 2, rel=1e-12)


@pytest.mark.parametrize("reduction", KINDS)
def test_lbfgs_has_the_figures_before_its_step_like_every_other_rule(reduction: str) -> None:
    loss = f"loss={{name: mse_half, reduction: {reduction}}}"
    spec = experiment(IRIS, *LINEAR, "optimizer=lbfgs", loss, "training.batch_size=full")
    run = built([spec])
    hand = ByHand.of(run, reduction)
    for event in train(run):
        if not hasattr(event, "figures"):
            break
        losses = hand.errors(slice(None)) ** 2 / 2
        expected = [losses.mean(), (losses.sum() if hand.sums else losses.mean()) + hand.penalty]
        got = [float(event.figures[name][0]) for name in ("running_loss", "objective")]
        assert got == pytest.approx(expected, rel=1e-12)
        hand = ByHand.of(run, reduction)
    assert event.epoch > 2


def test_early_stopping_watches_the_objective_that_is_minimised() -> None:
    """It falls in every epoch, and is far above the mean of the rows' losses."""
    common = ("model.hidden=[]", "training.batch_size=full", "optimizer=sgd", "training.epochs=8")
    rules = ("training.early_stopping={monitor: objective, patience: 1}", "backend.dtype=float64")
    learn = ("loss={name: mse_half, reduction: sum}", "regularization.l2=2", "optimizer.learning_rate=0.001")
    result = trained([experiment(IRIS, "data.source=synthetic:sine", *common, *rules, *learn)])
    values = [float(event.figures["objective"][0]) for event in result.epochs]
    assert values == sorted(values, reverse=True)
    assert result.stopped[0].reason == "epochs"
    means = [float(event.figures["running_loss"][0]) for event in result.epochs]
    assert values[0] > 20 * means[0]
