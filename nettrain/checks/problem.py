"""What is checked: a network's objective at a point, on one batch, with all that is drawn held fixed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Backend
from nettrain.backend.choose import open_backend
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.optimizers.descent import SGD
from nettrain.catalogue.optimizers.groups import GROUPS, GroupFactors, ParameterGroups, factor
from nettrain.catalogue.schedules import schedules
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import ParameterLayout
from nettrain.training.build import TrainingRun, build
from nettrain.training.rows.batches import Index, orders
from nettrain.training.step.step_schedule import steps_done

Numbers = npt.NDArray[np.float64]

RATE = 2.0**30  # so large that a step of plain descent is all gradient: w - w' = αg, exact to 2^-30 of w
DRAWN = ("order_seed", "noise_seed", "shuffle", "sampling")  # what a batch is drawn by
MOST_ROWS = 256  # of a batch: more of them cost time and show nothing new


@dataclass(frozen=True)
class Problem:
    """A resolved float64 experiment that descends plainly, its data, the batch's rows (B,), a point (P,)."""

    experiment: Experiment
    data: Prepared
    rows: Index
    point: Numbers

    @cached_property
    def single(self) -> TrainingRun:
        """The network itself: a population of one."""
        return self.population(1)

    @property
    def architecture(self) -> Architecture:
        return self.single.architecture

    @property
    def layout(self) -> ParameterLayout:
        return self.single.layout

    @property
    def members(self) -> Any:
        """The experiment's numbers, each (1,)."""
        return self.single.population.members

    @property
    def loss(self) -> Loss:
        """The resolved experiment's loss, with its numbers."""
        assert not isinstance(self.experiment.loss, str)
        return self.experiment.loss

    @property
    def averages(self) -> bool:
        """Whether the batch's loss is a mean over its rows, and not their sum."""
        return self.loss.reduction == "mean"

    @cached_property
    def backend(self) -> Backend:
        """The backend that the experiment names."""
        return opened(self.experiment)

    def population(self, members: int) -> TrainingRun:
        """So many equal members, all at the point."""
        run = build([self.experiment] * members, self.data, self.backend, whole=True)
        run.population["parameters"][:] = run.backend.from_host(self.point)
        steps_done(run)[...] = 0
        return run

    def penalty(self, name: str, group: str) -> float:
        """The l1 or l2 on each parameter of a group."""
        groups = getattr(self.members.optimizer, "groups", None)
        strength: float = getattr(self.experiment.regularization, name)
        return strength * float(factor(groups, group, name, 1)[0])


def problem(experiment: Experiment, data: Prepared, point: Numbers | None = None) -> Problem:
    """The problem of a resolved experiment on the first batch of its first epoch.

    At the experiment's initial weights, or at a point (P,). What works on the gradient only afterwards
    (clipping, decay, the rule's own memory, limits on norms) is no part of the gradient, and left out.
    """
    train, size = len(data.train.x), experiment.training.batch_size
    rows = min(train if size == "full" else size, train, MOST_ROWS)
    descending = plain(experiment, rows)
    batch = first_batch(descending.training, train)
    if point is None:
        start = build([descending], data, opened(descending))
        point = start.backend.to_host(start.population["parameters"][0])
    return Problem(descending, data, batch, point)


def first_batch(training: TrainingSettings, train: int) -> Index:
    """The rows (B,) of the first batch of the first epoch."""
    rows, seeds = int(training.batch_size), np.array([training.order_seed or 0])
    drawn = orders(seeds, 0, train, shuffle=training.shuffle, sampling=training.sampling)[0]
    # a step that takes every row once takes them as they lie, not by an index
    return drawn[:rows] if rows < train or training.sampling != "permutation" else np.arange(rows)


def plain(experiment: Experiment, rows: int) -> Experiment:
    """The experiment in float64 with batches of so many rows, whose step is w - RATE·gradient."""
    drawn = {name: getattr(experiment.training, name) for name in DRAWN}
    changes = {
        "optimizer": SGD(learning_rate=RATE, groups=_penalties_alone(experiment)),
        "schedule": schedules["constant"](),
        "training": TrainingSettings(batch_size=rows, **drawn),
        "regularization": experiment.regularization.model_copy(update={"max_norm": None}),
        "backend": experiment.backend.model_copy(update={"dtype": "float64"}),
    }
    return experiment.model_copy(update=changes)


def _penalties_alone(experiment: Experiment) -> ParameterGroups | None:
    """The groups of the optimizer as far as they are part of the gradient: without rates and decay."""
    groups: ParameterGroups | None = getattr(experiment.optimizer, "groups", None)
    if groups is None:
        return None
    named = ((name, getattr(groups, name)) for name in GROUPS)
    kept = {name: GroupFactors(l2=one.l2, l1=one.l1) for name, one in named if one is not None}
    return ParameterGroups(**kept)


def opened(experiment: Experiment) -> Backend:
    """The backend that a resolved experiment names."""
    place = experiment.backend
    threads = 1 if place.threads == "auto" else place.threads
    return open_backend(place.name, dtype=place.dtype, threads=threads, device=place.device)
