"""What stops members, for all of them at once: no improvement, no change, a target that is reached.

Early stopping: a figure is better when it beats the best so far by more than
max(min_delta, min_delta_relative·|best|), strictly; the patience-th evaluation in a row that is not better
stops the member. Convergence: the objective J falls by less than the tolerance, or tolerance·|J before|, in
each of so many epochs in a row; or Σ|Δw| over an epoch is below weight_change. A target is reached when all
its figures are at least, or at most, what it says, whichever is the better direction.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Backend
from nettrain.experiment.monitors import goal
from nettrain.training.population import Population

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


class Stopping:
    """Best figure, its epoch and the evaluations since, kept as rows of the population."""

    def __init__(self, population: Population, *, maximize: bool) -> None:
        self._population = population
        self._sign = -1.0 if maximize else 1.0
        size = population.size
        population.register("best", np.full(size, np.inf))
        population.register("best_epoch", np.zeros(size, dtype=np.int64))
        population.register("waited", np.zeros(size, dtype=np.int64))

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


class ConvergenceMonitor:
    """The objective and the weights an epoch ago, and the epochs since the objective has fallen.

    `settings` has tolerance, epochs and weight_change, each (R,) or None, or is None: nobody converges.
    """

    def __init__(self, population: Population, backend: Backend, settings: Any, width: int) -> None:
        self._population, self._backend = population, backend
        if getattr(settings, "tolerance", None) is not None:
            population.register("objective_before", np.full(population.size, np.inf))
            population.register("flat", np.zeros(population.size, dtype=np.int64))
        if getattr(settings, "weight_change", None) is not None:
            population.register("weights_before", backend.zeros((population.size, width)))

    def start(self, settings: Any) -> None:
        """Keep the weights that an epoch starts with, when they are asked for."""
        if getattr(settings, "weight_change", None) is not None:
            self._population["weights_before"][:] = self._population["parameters"]

    def observe(self, objective: Numbers, settings: Any) -> Flags:
        """Take in the end of an epoch: which members have converged. NaN is no convergence."""
        converged: Flags = np.zeros(self._population.size, dtype=bool)
        if getattr(settings, "tolerance", None) is not None:
            converged |= self._flat(objective, settings) >= settings.epochs
        if getattr(settings, "weight_change", None) is not None:
            converged |= self._weight_change() < settings.weight_change
        return converged

    def _flat(self, objective: Numbers, settings: Any) -> Any:
        """The epochs in a row in which the objective has fallen by less than the tolerance."""
        before, flat = self._population["objective_before"], self._population["flat"]
        least = settings.tolerance * (np.abs(before) if settings.relative else 1.0)
        # the first epoch has none before it: it is neither flat nor a fall
        flat[:] = np.where(np.isfinite(before) & (before - objective < least), flat + 1, 0)
        before[:] = objective
        return flat

    def _weight_change(self) -> Numbers:
        """Σ|Δw| since the epoch's start, (R,), summed in float64."""
        change = self._backend.xp.absolute(
            self._population["parameters"] - self._population["weights_before"]
        )
        sums: Numbers = self._backend.to_host(change.astype(np.float64).sum(axis=1))
        return sums


def reached(figures: Mapping[str, Numbers], target: Mapping[str, float] | None) -> Flags | bool:
    """Which members have reached all figures of the target, in an epoch that tells them all."""
    if target is None or not figures.keys() >= target.keys():
        return False
    there = [
        figures[name] >= value if goal(name) == "maximize" else figures[name] <= value
        for name, value in target.items()
    ]
    every: Flags = np.all(there, axis=0)
    return every
