"""The scalars of each step, computed on the host: the optimizer's, and factors that layers read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.optimizers import DECAYS
from nettrain.experiment.scheduled_numbers import scheduled_numbers_of_layers
from nettrain.training.rows.batches import TABLE_STEPS, BatchPlan
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import factors


@dataclass(frozen=True)
class StepNumbers:
    """Of T steps from `first` on: coefficients (T, R, G, 1 + K), rates (R, T) and factors (T, R)."""

    first: int
    coefficients: HostArray
    rates: Floats
    factors: Mapping[str, Floats]

    @property
    def stop(self) -> int:
        """The last step + 1."""
        return self.first + len(self.coefficients)

    def rate(self, step: int) -> Floats:
        """The learning rates (R,) at a step."""
        rates: Floats = self.rates[:, step - self.first]
        return rates


class CoefficientTables:
    """The numbers of any steps, computed for those of several epochs at once.

    What makes a table costs much the same for one step as for a thousand. Void after the population is
    compacted; a rate that was cut makes new ones.
    """

    def __init__(self, run: TrainingRun) -> None:
        self._run, self._longest = run, table_steps(run, run.data.batches)
        self._numbers: StepNumbers | None = None
        self._cut: HostArray | None = None

    def at(self, step: int) -> StepNumbers:
        """The numbers of a step (from 0) and of others: the same object as long as it holds them."""
        numbers = self._numbers
        if numbers is None or not (numbers.first <= step < numbers.stop and self._is_valid()):
            numbers = self._numbers = self._compute(step)
        return numbers

    def _compute(self, first: int) -> StepNumbers:
        count = max(1, min(self._longest, self._run.schedule.calendar.steps - first))
        self._cut = self._run.population["cut"].copy() if self._is_cut else None
        return StepNumbers(first, *coefficient_table(self._run, first, count), self._factors(first, count))

    def _factors(self, first: int, count: int) -> dict[str, Floats]:
        steps, schedule = np.arange(first, first + count, dtype=float), self._run.schedule
        numbers = scheduled_numbers_of_layers(self._run.experiment)
        return {number.factor: schedule.factor(number, steps).T for number in numbers}

    @property
    def _is_cut(self) -> bool:
        return "cut" in self._run.population

    def _is_valid(self) -> bool:
        return self._cut is None or bool((self._cut == self._run.population["cut"]).all())


def table_steps(run: TrainingRun, batches: BatchPlan) -> int:
    """How many steps a table holds: those of an epoch up to TABLE_STEPS, or of several where members are few.

    It does not grow when members leave.
    """
    return max(min(TABLE_STEPS, batches.steps), TABLE_STEPS // len(run.final.parameters))


def coefficient_table(run: TrainingRun, first: int, count: int) -> tuple[HostArray, Floats]:
    """What the optimizer needs at steps first, first + 1, … (from 0): (T, R, G, 1 + K), and the rates (R, T).

    Computed in float64 and rounded to the run's dtype. For each group of parameters there is αλ of the
    decoupled decay, then the values of the rule, and if it looks ahead also its values at the next step.
    """
    looks_ahead = run.experiment.optimizer.ahead() is not None
    steps = np.arange(first, first + count + looks_ahead, dtype=float)
    rate = run.schedule.rates(steps)
    table = _table(run, steps, rate)
    if not looks_ahead:
        return table, rate
    return np.concatenate([table[:-1], table[1:, :, :, DECAYS:]], axis=3), rate[:, :-1]


def _table(run: TrainingRun, steps: Floats, rate: Floats) -> HostArray:
    """αλ and the rule's values at steps (T,) and rates (R, T), for each group: (T, R, G, 1 + K)."""
    rate_factors = factors(run.population, run.layout, "learning_rate")
    decay, decay_factors = run.schedule.decay(steps), factors(run.population, run.layout, "weight_decay")
    optimizer = run.schedule.optimizer(steps)
    alike = [_first_alike(rate_factors, group) for group in range(len(run.layout.groups))]
    scaled = [rate * factor for factor in rate_factors.T[:, :, None]]
    # The rule sees nothing of a group but its rate.
    values = {group: optimizer.coefficients(scaled[group], steps + 1) for group in set(alike)}
    table = np.empty((*rate.T.shape, len(alike), DECAYS + len(values[0])), run.backend.dtype)
    for group, first in enumerate(alike):
        if first < group:
            table[:, :, group] = table[:, :, first]
        else:
            for k, value in enumerate(values[group], start=DECAYS):
                table[:, :, group, k] = np.transpose(value)
        table[:, :, group, 0] = (scaled[group] * (decay * decay_factors[:, [group]])).T
    return table


def _first_alike(rate_factors: Floats, group: int) -> int:
    """The first group whose factors on the learning rate (R, G) are those of this one, for every member."""
    return int(np.argmax(np.all(rate_factors == rate_factors[:, [group]], axis=0)))
