"""Cuts of the learning rate for want of improvement, for every member at once.

A figure is better when it beats the best so far by more than min_delta, strictly; the patience-th evaluation
in a row that is not better multiplies `cut` by the factor, and the count restarts.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.training.population import Population


class PlateauMonitor:
    """Best figure, evaluations since it or the last cut, and what the cuts multiply to, as rows."""

    def __init__(self, population: Population, monitor: str, *, maximize: bool) -> None:
        self._population, self.monitor = population, monitor
        self._sign = -1.0 if maximize else 1.0
        population.register("plateau_best", np.full(population.size, np.inf))
        population.register("plateau_waited", np.zeros(population.size, dtype=np.int64))
        population.register("cut", np.ones(population.size))

    def observe(self, values: npt.NDArray[np.float64], settings: Any) -> None:
        """Take in one evaluation (R,); `settings` are the schedule's, numbers as (R,). NaN is not better."""
        best, waited = self._population["plateau_best"], self._population["plateau_waited"]
        signed = self._sign * values
        better = signed < best - settings.min_delta
        best[better] = signed[better]
        waited[:] = np.where(better, 0, waited + 1)
        cutting = waited >= settings.patience
        self._population["cut"][cutting] *= settings.factor[cutting]
        waited[cutting] = 0
