"""What controls a training: the monitors of its metrics, and the targets that they may reach."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Flags, Floats
from nettrain.catalogue.schedules import Reactive
from nettrain.experiment.monitors import goal
from nettrain.training.control.convergence import ConvergenceMonitor
from nettrain.training.control.early_stopping import EarlyStoppingMonitor
from nettrain.training.control.plateau import PlateauMonitor
from nettrain.training.control.snapshots import Snapshots
from nettrain.training.population import Population


@dataclass(frozen=True, eq=False)
class Monitors:
    """The monitors of a run, with the numbers of all members. `metric` marks the best epoch."""

    metric: str
    early_stopping: EarlyStoppingMonitor
    convergence: ConvergenceMonitor
    plateau: PlateauMonitor | None
    snapshots: Snapshots

    def observe(
        self, population: Population, figures: Mapping[str, Floats], epoch: float, finite: Flags
    ) -> tuple[Flags, Flags]:
        """Observe the figures (R,) of an evaluation.

        Returns which members are better than ever, and which have no patience left.
        """
        schedule = population.members.schedule
        if self.plateau is not None and isinstance(schedule, Reactive):
            self.plateau.observe(figures[self.plateau.metric], schedule)
        settings = population.members.training.early_stopping
        return self.early_stopping.observe(figures[self.metric], epoch, settings, finite)


def reached(figures: Mapping[str, Floats], target: Mapping[str, float] | None) -> Flags | bool:
    """Which members have reached all metrics of the target; none unless the epoch computed all of them.

    A metric is reached when it is at least or at most the value of the target, whichever is better.
    """
    if target is None or not figures.keys() >= target.keys():
        return False
    by_metric = [
        figures[name] >= value if goal(name) == "maximize" else figures[name] <= value
        for name, value in target.items()
    ]
    every: Flags = np.all(by_metric, axis=0)
    return every
