"""The optimizer's scalars at each step, computed on the host from rates, momenta and decay."""

from collections.abc import Sequence

import numpy as np

from nettrain.backend.base import DType, Floats, HostArray
from nettrain.catalogue.optimizers import DECAYS
from nettrain.catalogue.settings import Number
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import factors

TABLE_STEPS = 1024  # steps whose coefficients are computed together


def coefficient_table(run: TrainingRun, first: int, count: int) -> tuple[HostArray, Floats]:
    """What the optimizer needs at steps first, first + 1, … (from 0): (T, R, G, 1 + K), and the rates (R, T).

    Computed in float64 and rounded to the run's dtype. For each group of parameters there is αλ of the
    decoupled decay, then the values of the rule, and if it looks ahead also its values at the next step.
    """
    looks_ahead = run.experiment.optimizer.ahead() is not None
    steps = np.arange(first, first + count + looks_ahead, dtype=float)
    optimizer, rate = run.schedule.optimizer(steps), run.schedule.rates(steps)
    rate_factors = factors(run.population, run.layout, "learning_rate")
    decays = run.schedule.decay() * factors(run.population, run.layout, "weight_decay")
    groups = []
    for group in range(len(run.layout.groups)):
        scaled = rate * rate_factors[:, group, None]
        groups.append([scaled * decays[:, group, None], *optimizer.coefficients(scaled, steps + 1)])
    table = _filled(groups, rate, run.backend.dtype)
    if not looks_ahead:
        return table, rate
    return np.concatenate([table[:-1], table[1:, :, :, DECAYS:]], axis=3), rate[:, :-1]


def _filled(groups: Sequence[Sequence[Number]], rate: Floats, dtype: DType) -> HostArray:
    """The values of all groups, which broadcast to (R, T), as one table (T, R, G, 1 + K)."""
    members, steps = rate.shape
    table = np.empty((steps, members, len(groups), len(groups[0])), dtype)
    for group, columns in enumerate(groups):
        for k, value in enumerate(columns):
            table[:, :, group, k] = np.broadcast_to(value, rate.shape).T
    return table
