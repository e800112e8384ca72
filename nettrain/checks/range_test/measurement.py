"""The short trainings of a range test: a population with a member for each value and seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nettrain.backend.base import Backend, Floats
from nettrain.backend.pool import Pool
from nettrain.checks.range_test.budget import EVALUATIONS, LINE_SEARCH, Budget, StepCost, fitting_budget
from nettrain.checks.range_test.loss_window import LossWindow
from nettrain.checks.range_test.varied_number import VariedNumber
from nettrain.checks.short_training import changed, for_epochs, placed_rows, taken
from nettrain.data.prepare import Prepared
from nettrain.data.tables.spaced import spaced
from nettrain.experiment.replicas import replicas
from nettrain.experiment.scheduled_numbers import with_schedules_of
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of, network_of
from nettrain.inference.evaluate import Evaluator
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.training.build import build
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.loop import train
from nettrain.training.rows.batches import BatchPlan
from nettrain.training.rows.planned_batches import batches_of
from nettrain.training.step.pace import EVERY_STEP

WINDOW = 10  # the loss is the mean over the last of so many parts of the steps
ROWS = 2000  # of the validation rows at most
MOST_BYTES = 1 << 30  # of the arrays of networks that are trained at the same time, roughly
ARRAYS = 6  # as large as the parameters: gradient, state and what is copied


@dataclass(frozen=True, eq=False)
class Subject:
    """An experiment that is resolved with its data, and where it is trained."""

    experiment: Experiment
    data: Prepared
    backend: Backend

    @cached_property
    def batches(self) -> BatchPlan:
        """How the training rows are cut into batches."""
        return batches_of(self.experiment, self.data.train)

    @cached_property
    def architecture(self) -> Architecture:
        """The layers of the network."""
        return network_of(self.experiment, self.data)

    @property
    def step_cost(self) -> StepCost:
        """How long a step takes, roughly."""
        weights = sum(inputs * outputs for inputs, outputs in self.architecture.products)
        units, rows = sum(self.architecture.widths[1:]), self.batches.batch_size
        if self.experiment.optimizer.full_batch:
            return StepCost(weights, units, EVALUATIONS * rows, LINE_SEARCH)
        return StepCost(weights, units, rows)

    @property
    def train_rows_alone(self) -> Prepared:
        """The data without validation and test rows."""
        return replace(self.data, validation=None, test=None)

    def budget(self, values: int, steps: int | None = None) -> Budget:
        """The budget of a test of so many values; with `steps`, of one network each for so many steps."""
        if steps is not None:
            return Budget(steps)
        return fitting_budget(self.step_cost, self.batches, self.experiment.training.epochs, values)

    def epochs_of(self, steps: int) -> int:
        """In how many epochs so many steps are done."""
        return -(-steps // self.batches.steps)


@dataclass(frozen=True)
class Losses:
    """Losses (V,) of each value: medians over its networks, NaN where one of them diverged.

    `before` is the loss of the first rows with the smallest value, `training` the mean over the last tenth of
    the steps, `validation` that of the validation rows after the last one, None without such rows.
    """

    before: float
    training: Floats
    validation: Floats | None


def measure(subject: Subject, number: VariedNumber, values: Floats, budget: Budget) -> Losses:
    """Train networks with each of the values (V,) for the steps of the budget."""
    variants = _variants(subject, number, values, budget)
    size = _fitting_members(subject)
    chunks = [_measure(subject, variants[k : k + size], budget) for k in range(0, len(variants), size)]
    before, training, validation = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    shape = budget.networks, len(values)
    return Losses(
        float(np.median(before.reshape(shape)[:, 0])),
        _medians(training.reshape(shape)),
        None if subject.data.validation is None else _medians(validation.reshape(shape)),
    )


def _variants(subject: Subject, number: VariedNumber, values: Floats, budget: Budget) -> list[Experiment]:
    """The experiment of each member: all values with the first seed, then with the next."""
    base = for_epochs(subject.experiment, subject.epochs_of(budget.steps))
    if not number.is_learning_rate:
        base = with_schedules_of(base, subject.experiment)
    seeded = replicas(changed(base, training={"repeat": budget.networks}))
    alone = [changed(one, training={"repeat": 1}) for one in seeded]
    return [number.in_experiment(one, float(value)) for one in alone for value in values]


def _fitting_members(subject: Subject) -> int:
    """How many networks are trained at the same time: all of them, unless they are very large."""
    row = subject.architecture.parameters * subject.backend.dtype.itemsize
    return max(1, MOST_BYTES // (ARRAYS * row))


def _measure(
    subject: Subject, members: Sequence[Experiment], budget: Budget
) -> tuple[Floats, Floats, Floats]:
    """Loss at the start, training loss and validation loss (R,) of these members."""
    with explained_shortage(subject.experiment), np.errstate(over="ignore", invalid="ignore"):
        run = build(members, subject.train_rows_alone, subject.backend)
        last = max(budget.steps // WINDOW, 1)
        window = LossWindow(run, budget.steps - last + 1, budget.steps)
        for _ in train(run, window, moment=EVERY_STEP):
            pass
        losses = window.losses
        losses[~np.isfinite(run.final.parameters).all(axis=1)] = np.nan
        return window.start, losses, _validation_losses(subject, run.networks(members))


def _validation_losses(subject: Subject, networks: TrainedNetworks) -> Floats:
    """The loss (R,) of the validation rows, NaN without any."""
    rows = subject.data.validation
    if rows is None:
        return np.full(len(networks), np.nan)
    dataset = placed_rows(networks, taken(rows, spaced(len(rows.x), ROWS)))["rows"]
    loss, scratch = loss_of(networks.members), Pool(networks.backend)
    evaluator = Evaluator(networks.model, networks.network(), loss, dataset, scratch)
    losses, _ = evaluator.member_metrics([])
    return losses


def _medians(losses: Floats) -> Floats:
    """Medians (V,) of losses (S, V) of several seeds, NaN where one of them is not finite."""
    return np.where(np.isfinite(losses).all(axis=0), np.median(losses, axis=0), np.nan)
