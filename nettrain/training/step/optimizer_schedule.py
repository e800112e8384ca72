"""The numbers that change over time: learning rate and momentum, and factors on others."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.members import per_member, shaped
from nettrain.catalogue.optimizers import Optimizer
from nettrain.catalogue.optimizers.base import Rule
from nettrain.catalogue.schedules import Calendar, Reactive
from nettrain.experiment.scheduled_numbers import WEIGHT_DECAY, ScheduledNumber, scheduled_numbers
from nettrain.training.population import Population


@dataclass(frozen=True, eq=False)
class OptimizerSchedule:
    """The numbers of every member of a population that change over time, at every step."""

    population: Population
    calendar: Calendar

    def rates(self, steps: Floats) -> Floats:
        """The learning rate (R, T) of each member at these steps (T,), from 0."""
        members = self.population.members
        rule, schedule = members.optimizer, shaped(members.schedule, 1)
        if not isinstance(rule, Rule):  # a line search begins with the whole step
            return np.ones((self.population.size, len(steps)))
        if isinstance(schedule, Reactive):
            schedule = schedule.with_cut(self.population["cut"][:, None])
        base = per_member(rule.learning_rate)[:, None]
        return schedule.rates(base, steps, self.calendar)

    def optimizer(self, steps: Floats) -> Optimizer:
        """The optimizer's settings (R, 1), with its momentum or β₁ at these steps (T,): (R, T)."""
        members = self.population.members
        settings, field = shaped(members.optimizer, 1), members.optimizer.momentum_field
        if field is None or getattr(settings, field) is None:
            return settings
        momentum = shaped(members.schedule, 1).momenta(steps, self.calendar)
        momentum_schedule = getattr(settings, "momentum_schedule", None)
        if momentum is None and momentum_schedule is not None:
            momentum = momentum_schedule.value(getattr(settings, field), steps, self.calendar.steps)
        return settings if momentum is None else settings.model_copy(update={field: momentum})

    def decay(self, steps: Floats) -> Floats:
        """λ of the decoupled decay at these steps (R, T), or (R, 1) if it stays as it is.

        It is the optimizer's if that has one, otherwise that of the training.
        """
        members = self.population.members
        own = getattr(members.optimizer, "weight_decay", None)
        decay = per_member(members.training.weight_decay if own is None else own)[:, None]
        return decay * self.factor(WEIGHT_DECAY, steps)

    def factor(self, number: ScheduledNumber, steps: Floats) -> Floats:
        """The factor on a number at these steps (R, T), or ones (R, 1) if it has no schedule."""
        schedule, base = number.schedule(self.population.members), np.ones((self.population.size, 1))
        return base if schedule is None else shaped(schedule, 1).rates(base, steps, self.calendar)

    def factors(self, steps: Floats) -> dict[str, Floats]:
        """The factors (R, T) at these steps, by name, on the numbers that have a schedule."""
        numbers = scheduled_numbers(self.population.members)
        return {number.factor: self.factor(number, steps) for number in numbers}
