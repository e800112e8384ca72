"""Early stopping, for every member at once.

A figure is better when it beats the best so far by more than max(min_delta, min_delta_relative·|best|),
strictly; the patience-th evaluation in a row that is not better stops the member.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.engine.population import Population

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


class Stopping:
    """Best figure, its epoch and the evaluations since, kept as rows of the population."""

    def __init__(self, population: Population, *, maximize: bool) -> None:
        self._population = population
        self._sign = -1.0 if maximize else 1.0
        size = population.size
        population.own("best", np.full(size, np.inf))
        population.own("best_epoch", np.zeros(size, dtype=np.int64))
        population.own("waited", np.zeros(size, dtype=np.int64))

    def observe(
        self, values: Numbers, epoch: int, settings: Any, sound: Flags | bool = True
    ) -> tuple[Flags, Flags]:
        """Take in one evaluation (R,): which members got better, and which have waited long enough.

        Only a member that is `sound`, not diverged, can be better.

        `settings` has patience, min_delta and min_delta_relative as (R,), or is None: then the best is
        marked and nobody stops. A figure that is NaN is not better.
        """
        best, waited = self._population["best"], self._population["waited"]
        signed = self._sign * values
        better = (signed < best - self._margin(best, settings)) & sound
        best[better] = signed[better]
        self._population["best_epoch"][better] = epoch
        waited[:] = np.where(better, 0, waited + 1)
        patience = getattr(settings, "patience", np.inf)
        return better, waited >= patience

    def _margin(self, best: Numbers, settings: Any) -> Any:
        if settings is None:
            return np.zeros_like(best)
        size = np.where(np.isfinite(best), np.abs(best), 0.0)
        relative = settings.min_delta_relative * size
        return np.maximum(settings.min_delta, relative)
