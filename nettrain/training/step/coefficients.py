"""The optimizer's host scalars, step by step: rates, momenta and what the rule makes of them."""

from typing import Any

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.members import shaped
from nettrain.catalogue.optimizers import DECAYS, Optimizer
from nettrain.catalogue.schedules import Reactive
from nettrain.catalogue.settings import Number
from nettrain.training.build import TrainingRun
from nettrain.training.step.groups import factors

TABLE_STEPS = 1024  # steps whose coefficients are computed together


def coefficient_table(run: TrainingRun, first: int, count: int) -> tuple[Any, Any]:
    """What the optimizer needs at steps first, first + 1, … (from 0): (T, R, G, 1 + K), and the rates (R, T).

    Computed on the host in float64 and rounded to the run's dtype. For each group of parameters αλ of the
    decoupled decay, then the rule's values, and where it looks ahead also those of the step after.
    """
    following = run.experiment.optimizer.ahead() is not None
    steps = np.arange(first, first + count + following, dtype=float)
    settings, rate = settings_at(run, steps), rates_at(run, steps)
    groups = [_columns(run, settings, rate, steps, group) for group in range(len(run.layout.groups))]
    table = np.empty((len(steps), run.population.size, len(groups), len(groups[0])), run.backend.dtype)
    for group, columns in enumerate(groups):
        for k, value in enumerate(columns):
            table[:, :, group, k] = np.broadcast_to(value, rate.shape).T
    if not following:
        return table, rate
    return np.concatenate([table[:-1], table[1:, :, :, DECAYS:]], axis=3), rate[:, :-1]


def _columns(run: TrainingRun, settings: Optimizer, rate: Floats, steps: Floats, group: int) -> list[Number]:
    """The values of one group of parameters: the decay, then the rule's, each fit for (R, T)."""
    pace = factors(run.population, run.layout, "learning_rate")[:, group, None]
    decay = factors(run.population, run.layout, "weight_decay")[:, group, None]
    own = rate * pace
    return [own * (decay_of(run) * decay), *settings.coefficients(own, steps + 1)]


def rates_at(run: TrainingRun, steps: Any) -> Any:
    """The learning rate (R, T) of each member at these steps (T,)."""
    members = run.population.members
    schedule = shaped(members.schedule, 1)
    if isinstance(schedule, Reactive):
        schedule = schedule.with_cut(run.population["cut"][:, None])
    if run.experiment.optimizer.full_batch:  # a line search begins with the whole step
        return np.ones((run.population.size, len(steps)))
    base = members.optimizer.learning_rate.astype(float)[:, None]
    return schedule.rates(base, steps, run.calendar)


def settings_at(run: TrainingRun, steps: Any) -> Any:
    """The optimizer's settings (R, 1), its momentum or β₁ as it is at these steps (T,): (R, T)."""
    members, one = run.population.members, run.experiment
    settings, momentum_field = shaped(members.optimizer, 1), one.optimizer.momentum_field
    if momentum_field is None or getattr(settings, momentum_field) is None:
        return settings
    moved = shaped(members.schedule, 1).momenta(steps, run.calendar)
    plan = getattr(settings, "momentum_schedule", None)
    if moved is None and plan is not None:
        moved = plan.value(getattr(settings, momentum_field), steps, run.calendar.steps)
    return settings if moved is None else settings.model_copy(update={momentum_field: moved})


def decay_of(run: TrainingRun) -> Any:
    """λ of the decoupled decay (R, 1): the rule's own, or that of the training."""
    members = run.population.members
    own = getattr(members.optimizer, "weight_decay", None)
    return (members.training.weight_decay if own is None else own).astype(float)[:, None]
