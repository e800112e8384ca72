"""Convergence, for all members at once.

A member has converged when its objective falls, or stays, by less than the tolerance, or
tolerance·|objective before|, in each of so many epochs in a row; or when Σ|Δw| over an epoch is below
weight_change. An objective that rises has not converged, however little it rises: the count starts again.
"""

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Backend, Flags, Floats
from nettrain.experiment.training_settings import ConvergenceSettings
from nettrain.training.population import Population


class ConvergenceMonitor:
    """The objective and the weights one epoch ago, and in how many epochs the objective has hardly fallen.

    `rises` counts the epochs in which it rose. The `settings` of all methods are those of all members,
    stacked; with None no member converges.
    """

    def __init__(
        self, population: Population, backend: Backend, settings: ConvergenceSettings | None, width: int
    ) -> None:
        """`width` is the number of parameters P in a row."""
        self._population, self._backend = population, backend
        if settings is None:
            return
        if settings.tolerance is not None:
            population.register("objective_before", np.full(population.size, np.inf))
            population.register("flat", np.zeros(population.size, dtype=np.int64))
            population.register("rises", np.zeros(population.size, dtype=np.int64))
        if settings.weight_change is not None:
            population.register("weights_before", backend.zeros((population.size, width)))

    def start_epoch(self, settings: ConvergenceSettings | None) -> None:
        """Keep the weights with which an epoch starts, if they are needed."""
        if settings is not None and settings.weight_change is not None:
            self._population["weights_before"][:] = self._population["parameters"]

    def observe(self, objective: Floats, settings: ConvergenceSettings | None) -> Flags:
        """Observe the objective (R,) at the end of an epoch. Returns which members have converged."""
        converged: Flags = np.zeros(self._population.size, dtype=bool)
        if settings is None:
            return converged
        if settings.tolerance is not None:
            flat = self._flat_epochs(objective, settings.tolerance, relative=settings.relative)
            converged |= flat >= settings.epochs
        if settings.weight_change is not None:
            converged |= self._weight_change() < settings.weight_change
        return converged

    def _flat_epochs(self, objective: Floats, tolerance: float, *, relative: bool) -> npt.NDArray[np.int64]:
        """The epochs in a row in which the objective has fallen by less than the tolerance."""
        before, flat = self._population["objective_before"], self._population["flat"]
        least = tolerance * (np.abs(before) if relative else 1.0)
        # the first epoch has none before it to compare with
        known = np.isfinite(before) & np.isfinite(objective)
        fall = np.subtract(before, objective, out=np.full_like(before, np.nan), where=known)
        flat[:] = np.where((fall >= 0) & (fall < least), flat + 1, 0)
        self._population["rises"][:] += fall < 0
        before[:] = objective
        counts: npt.NDArray[np.int64] = flat
        return counts

    def _weight_change(self) -> Floats:
        """Σ|Δw| since the start of the epoch, (R,), summed in float64."""
        change = self._backend.xp.absolute(
            self._population["parameters"] - self._population["weights_before"]
        )
        sums: Floats = self._backend.to_host(change.astype(np.float64).sum(axis=1))
        return sums
