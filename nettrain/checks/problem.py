"""What is checked: a network's objective at a point, on one batch, with all random draws held fixed."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nettrain.backend.base import Backend, Floats
from nettrain.backend.choose import open_backend
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.optimizers.descent import SGD
from nettrain.catalogue.optimizers.groups import GROUPS, GroupFactors, ParameterGroups, factor
from nettrain.data.prepare import Prepared
from nettrain.experiment.scheduled_numbers import without_schedules
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import ParameterLayout, views
from nettrain.training.build import build
from nettrain.training.rows.batches import Index, epoch_orders
from nettrain.training.run import TrainingRun

LEARNING_RATE = 2.0**30  # so large that a step is all gradient: w - w' = αg, exact to 2^-30 of w
# on which the first batch depends
BATCH_SETTINGS = ("order_seed", "noise_seed", "shuffle", "shuffle_window", "sampling")
MAX_ROWS = 256  # of a batch, those of all sub-members together: more cost time and reveal nothing new
FEWEST_ROWS = 8  # that this leaves


@dataclass(frozen=True)
class GradientProblem:
    """A resolved float64 experiment with plain descent, its data, the batch's rows (B,), and a point (P,).

    The point is where the gradient is checked: all parameters of the network in one row.
    """

    experiment: Experiment
    data: Prepared
    rows: Index
    point: Floats

    @cached_property
    def single_run(self) -> TrainingRun:
        """The network itself, as a population of one."""
        return self.run_of(1)

    @property
    def architecture(self) -> Architecture:
        return self.single_run.architecture

    @property
    def layout(self) -> ParameterLayout:
        return self.single_run.layout

    @property
    def statistics(self) -> list[dict[str, Floats]]:
        """The running statistics (1, m, n) of each layer by name, as they are before the first step."""
        run = self.single_run
        return views(run.backend.to_host(run.population["statistics"]), run.model.statistics_layout)

    @property
    def stacked(self) -> Experiment:
        """The experiment with its numbers as arrays (1,)."""
        stacked: Experiment = self.single_run.population.members
        return stacked

    @property
    def loss(self) -> Loss:
        """The loss, with plain numbers."""
        return loss_of(self.experiment)

    @property
    def averages(self) -> bool:
        """Whether the batch's loss is a mean over its rows, rather than their sum."""
        return self.loss.reduction == "mean"

    @cached_property
    def backend(self) -> Backend:
        """The backend that the experiment names."""
        return opened(self.experiment)

    def run_of(self, members: int) -> TrainingRun:
        """A run of so many equal members, all at the point."""
        run = build([self.experiment] * members, self.data, self.backend, streaming=False)
        run.population["parameters"][:] = run.backend.from_host(self.point)
        return run

    def moved(self, point: Floats) -> "GradientProblem":
        """The problem at another point, with the network of this one, which has not been worked with."""
        return replace(self, point=point).with_run(vars(self).pop("single_run"))

    def with_run(self, run: TrainingRun) -> "GradientProblem":
        """The problem with a new run of a single network, which is not built a second time."""
        run.population["parameters"][:] = run.backend.from_host(self.point)
        vars(self).update(single_run=run, backend=run.backend)
        return self

    def penalty(self, name: str, group: str) -> float:
        """The l1 or l2 on each parameter of a group."""
        groups = getattr(self.stacked.optimizer, "groups", None)
        strength: float = getattr(self.experiment.regularization, name)
        return strength * float(factor(groups, group, name, 1)[0])


def gradient_problem(experiment: Experiment, data: Prepared, point: Floats | None = None) -> GradientProblem:
    """The problem of a resolved experiment on the first batch of its first epoch.

    The point is that of the initial weights unless given, (P,). What changes a gradient before the step
    (clipping, weight decay, the optimizer's state, limits on norms) is not part of it, and left out.
    """
    train = len(data.train.x)
    sub_members = experiment.model.sub_members
    most = MAX_ROWS if sub_members is None else max(FEWEST_ROWS, MAX_ROWS // sub_members.count)
    rows = min(experiment.training.batch_rows(train), train, most)
    descent = with_plain_descent(experiment, rows)
    batch = first_batch(descent.training, train)
    if point is not None:
        return GradientProblem(descent, data, batch, point)
    run = build([descent], data, opened(descent), streaming=False)
    weights = np.array(run.backend.to_host(run.population["parameters"][0]))
    return GradientProblem(descent, data, batch, weights).with_run(run)


def first_batch(training: TrainingSettings, train: int) -> Index:
    """The rows (B,) of the first batch of the first epoch, out of `train` training rows."""
    rows, seeds = training.batch_rows(train), np.array([training.order_seed or 0])
    order = epoch_orders(
        seeds,
        0,
        train,
        shuffle=training.shuffle,
        sampling=training.sampling,
        window=training.shuffle_window,
    )[0]
    # a step over every row once takes them in the order of the table, without an index
    return order[:rows] if rows < train or training.sampling != "permutation" else np.arange(rows)


def with_plain_descent(experiment: Experiment, rows: int) -> Experiment:
    """The experiment in float64 with batches of so many rows, and w - LEARNING_RATE·gradient as its step."""
    batch_settings = {name: getattr(experiment.training, name) for name in BATCH_SETTINGS}
    changes = {
        "optimizer": SGD(learning_rate=LEARNING_RATE, groups=_penalties_alone(experiment)),
        "training": TrainingSettings(batch_size=rows, **batch_settings),
        "regularization": experiment.regularization.model_copy(update={"max_norm": None}),
        "backend": experiment.backend.model_copy(update={"dtype": "float64"}),
    }
    return without_schedules(experiment).model_copy(update=changes)


def _penalties_alone(experiment: Experiment) -> ParameterGroups | None:
    """The optimizer's groups as far as they are part of the gradient: without rate and decay factors."""
    groups: ParameterGroups | None = getattr(experiment.optimizer, "groups", None)
    if groups is None:
        return None
    factors = {name: getattr(groups, name) for name in GROUPS}
    penalties = {name: GroupFactors(l2=of.l2, l1=of.l1) for name, of in factors.items() if of is not None}
    return ParameterGroups(**penalties)


def opened(experiment: Experiment) -> Backend:
    """The backend that a resolved experiment names, opened."""
    settings = experiment.backend
    threads = 1 if settings.threads == "auto" else settings.threads
    return open_backend(settings.name, dtype=settings.dtype, threads=threads, device=settings.device)
