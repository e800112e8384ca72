"""Cuts of the learning rate on a plateau of the monitored metric, for all members at once.

An evaluation is better when it beats the best one so far by more than min_delta, strictly. The patience-th
evaluation in a row that is not better multiplies `cut` by the factor, and the count restarts.
"""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules import Reactive
from nettrain.training.population import Population


class PlateauMonitor:
    """The best value of the monitored metric, evaluations since it, and the product of all cuts, by member.

    The evaluations are counted from the last cut if that was later.
    """

    def __init__(self, population: Population, metric: str, *, maximize: bool) -> None:
        self._population, self.metric = population, metric
        self._sign = -1.0 if maximize else 1.0
        population.register("plateau_best", np.full(population.size, np.inf))
        population.register("plateau_waited", np.zeros(population.size, dtype=np.int64))
        population.register("cut", np.ones(population.size))

    def observe(self, values: Floats, settings: Reactive) -> None:
        """Observe one evaluation (R,), with the schedule of all members, stacked. NaN is not better."""
        best, waited = self._population["plateau_best"], self._population["plateau_waited"]
        signed = self._sign * values
        better = signed < best - settings.min_delta
        best[better] = signed[better]
        waited[:] = np.where(better, 0, waited + 1)
        cutting = waited >= settings.patience
        self._population["cut"][cutting] *= np.asarray(settings.factor)[cutting]
        waited[cutting] = 0
