"""Early stopping, for all members at once.

An evaluation is better when the monitored metric beats the best one so far by more than
max(min_delta, min_delta_relative·|best|), strictly. The patience-th evaluation in a row that is not better
stops the member; without a patience none does. With `ties: last` an evaluation that equals the best one takes
its place, so that of equally good networks the last one is kept; it is no improvement, and patience is
counted from the first of them.
"""

import numpy as np

from nettrain.backend.base import Flags, Floats
from nettrain.experiment.training_settings import EarlyStopping
from nettrain.training.population import Population


class EarlyStoppingMonitor:
    """The best value of the monitored metric, its epoch, and the evaluations since then, by member."""

    def __init__(self, population: Population, *, maximize: bool) -> None:
        self._population = population
        self._sign = -1.0 if maximize else 1.0
        size = population.size
        population.register("best", np.full(size, np.inf))
        population.register("best_epoch", np.zeros(size))
        population.register("waited", np.zeros(size, dtype=np.int64))

    def observe(
        self, values: Floats, epoch: float, settings: EarlyStopping | None, finite: Flags | bool = True
    ) -> tuple[Flags, Flags]:
        """Observe one evaluation (R,). Returns which members have a new best, and which no patience left.

        `settings` are those of all members, stacked; with None the best is tracked and no member stops. A
        value that is NaN is not better, and neither is a member that is not `finite` because it has diverged.
        """
        best, waited = self._population["best"], self._population["waited"]
        signed = self._sign * values
        better: Flags = (signed < best - _margin(best, settings)) & finite
        waited[:] = np.where(better, 0, waited + 1)
        if settings is not None and settings.ties == "last":
            better |= (signed == best) & np.isfinite(best) & finite
        best[better] = signed[better]
        self._population["best_epoch"][better] = epoch
        patience = None if settings is None else settings.patience
        return better, waited >= (np.inf if patience is None else patience)


def _margin(best: Floats, settings: EarlyStopping | None) -> Floats | float:
    if settings is None:
        return 0.0
    size = np.where(np.isfinite(best), np.abs(best), 0.0)
    return np.maximum(settings.min_delta, settings.min_delta_relative * size)
