"""The classic range test of the learning rate: one network whose rate grows with every step (Smith 2017)."""

from typing import ClassVar

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules import Schedule
from nettrain.checks.range_test.budget import FEWEST_STEPS, SECONDS
from nettrain.checks.range_test.measurement import Losses, Subject
from nettrain.checks.range_test.population import RangeTest
from nettrain.checks.range_test.suggestion import Valley, rounded, verdicts
from nettrain.checks.range_test.varied_number import ValueRange, VariedNumber
from nettrain.checks.short_training import for_epochs
from nettrain.training.build import build
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun
from nettrain.training.step.pace import EVERY_STEP

STEPS = 300
KEPT = 0.95  # of the running mean of losses, in every step
EXPLODED = 4.0  # times the smallest running mean: the test ends
MARGIN = 10.0  # the suggestion is the rate of the smallest running mean, divided by this


class Rising(Schedule):
    """α₀·growth^t at step t; not in the catalogue, since no training wants it."""

    growth: float = 1.0
    clock: ClassVar[str] = "step"

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        rates: Floats = base * np.exp(clock * np.log(self.growth))
        return rates


def ramp_test(
    subject: Subject, number: VariedNumber, tried: ValueRange, steps: int | None = None
) -> RangeTest:
    """Train one network, whose learning rate grows by a constant factor in every step.

    The test ends when the running mean of the losses is four times its smallest value. The suggestion is the
    rate of that smallest value, divided by ten: there the loss still falls, and training is stable.
    """
    count = steps or _fitting_steps(subject)
    growth = (tried.high / tried.low) ** (1 / max(count - 1, 1))
    losses = _losses(subject, number, tried.low, growth, count)
    rates = tried.low * growth ** np.arange(len(losses))
    means = np.where(np.isfinite(losses), running_means(losses), np.nan)
    best = int(np.nanargmin(means)) if np.isfinite(means).any() else 0
    before = float(np.max(means[: best + 1]))
    good = _good(rates, rates[best] / MARGIN) if means[best] < before else None
    return RangeTest(
        number=number,
        method="ramp",
        values=rates,
        losses=Losses(before, means, None),
        verdicts=tuple(verdicts(means, before, good)),
        suggestion=None if good is None else rounded(float(rates[best]) / MARGIN),
        steps=len(losses),
        at_end=best == len(losses) - 1,
    )


def _good(rates: Floats, suggestion: float) -> Valley:
    """The rates around a suggestion, half an order of magnitude on either side."""
    near = np.abs(np.log10(rates / suggestion)) <= 0.5
    positions = np.flatnonzero(near) if near.any() else np.array([0])
    return Valley(int(positions[0]), int(positions[-1]))


def running_means(losses: Floats) -> Floats:
    """The exponential running mean (T,) of losses, unbiased by its start at 0."""
    means, mean = np.empty(len(losses)), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for t, loss in enumerate(losses):
            mean = KEPT * mean + (1 - KEPT) * loss
            means[t] = mean / (1 - KEPT ** (t + 1))
    return means


def _fitting_steps(subject: Subject) -> int:
    """300, or fewer where steps take long."""
    return min(STEPS, max(int(SECONDS / subject.step_cost.seconds(1)), FEWEST_STEPS))


def _losses(subject: Subject, number: VariedNumber, first: float, growth: float, count: int) -> Floats:
    """The loss of each step's batch, until it explodes."""
    base = number.in_experiment(for_epochs(subject.experiment, subject.epochs_of(count)), first)
    rising = base.model_copy(update={"schedule": Rising(growth=growth)})
    with explained_shortage(subject.experiment):
        run = build([rising], subject.train_rows_alone, subject.backend)
        watched = _StepLosses(run, count)
        for _ in train(run, watched, moment=EVERY_STEP):
            pass
    return np.array(watched.losses)


class _StepLosses:
    """Called after every step of one network; ends its training after `count` steps, or when it explodes."""

    def __init__(self, run: TrainingRun, count: int) -> None:
        self._run, self._count = run, count
        self.losses: list[float] = []

    def __call__(self) -> bool:
        totals = self._run.population["total"]
        loss, weight = self._run.backend.to_host(totals)[0].tolist()
        totals[:] = 0
        self.losses.append(loss / weight)
        return len(self.losses) == self._count or self._has_exploded()

    def _has_exploded(self) -> bool:
        means = running_means(np.array(self.losses))
        return not np.isfinite(means[-1]) or bool(means[-1] > EXPLODED * means.min())
