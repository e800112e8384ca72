"""A run: a population of networks with all that its training works on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.backend.pool import Pool
from nettrain.experiment.settings import Experiment
from nettrain.inference.dataset import Dataset
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import ParameterLayout
from nettrain.training.control.monitors import Monitors
from nettrain.training.diagnostics.profile import Profile
from nettrain.training.events import MemberStopped
from nettrain.training.population import Population
from nettrain.training.rows.batches import BatchPlan, Seeds, same_order
from nettrain.training.rows.double_buffer import DoubleBuffer
from nettrain.training.step.minimizer import Minimizer
from nettrain.training.step.optimizer_schedule import OptimizerSchedule


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The rows of a run: its datasets by split, and how the training rows are cut into batches.

    Training rows that do not fit on the device stream through the `double_buffer`; `notes` say which rows
    stay on the host. `evaluated` are the training rows that are evaluated like the validation rows, if any.

    With `folds`, the training rows are those of all folds, one fold after the other, and each fold has its
    other rows; `batches` are those of the fold with the most rows. `offset` is where the training rows of a
    fold begin among those of all folds.
    """

    datasets: Mapping[str, Dataset]  # train, validation, test
    batches: BatchPlan
    double_buffer: DoubleBuffer | None = None
    evaluated: Dataset | None = None
    notes: Sequence[str] = ()
    folds: Sequence["FoldData"] = ()
    offset: int = 0

    @property
    def train(self) -> Dataset:
        """The training rows."""
        return self.datasets["train"]

    def takes_whole(self, experiment: Experiment, rows: int) -> bool:
        """Whether a batch of so many rows is each training row once, so that nothing has to be gathered."""
        return experiment.training.sampling == "permutation" and rows == self.train.rows


@dataclass(frozen=True, eq=False)
class FoldData:
    """The rows of some `members` (by their numbers at the start), as if these were all members of a run.

    The `model` has the units of its targets.
    """

    members: range
    model: Model
    data: TrainingData


@dataclass(frozen=True, eq=False)
class FinalParameters:
    """Parameters (R, P) and running statistics (R, Q) of all members on the host, zero until they stop."""

    parameters: HostArray
    statistics: HostArray

    def set(self, members: Sequence[int] | HostArray, parameters: HostArray, statistics: HostArray) -> None:
        """Set what these members (M,) end with: (M, P) and (M, Q)."""
        self.parameters[members] = parameters
        self.statistics[members] = statistics

    def of_members(self, members: range) -> "FinalParameters":
        """The rows of some members, of which nothing is copied."""
        rows = slice(members.start, members.stop)
        return FinalParameters(self.parameters[rows], self.statistics[rows])


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A population that is ready to train. `build` allocates it, `TrainingLoop` trains it.

    `population` and `pool` own the arrays on which a step works: those with a row per member, and scratch
    memory. With `recorded`, every figure of a history is computed; otherwise those that control the training
    and those of the validation rows. `step_counter` (1,) uint64 is the number of steps done; masks and noise
    depend on it.
    """

    model: Model
    backend: Backend
    population: Population
    pool: Pool
    data: TrainingData
    schedule: OptimizerSchedule
    monitors: Monitors
    final: FinalParameters
    step_counter: Array
    profile: Profile | None = None
    recorded: bool = False
    minimizers: dict[int, Minimizer] = field(default_factory=dict)  # by member, where the optimizer has them

    @property
    def experiment(self) -> Experiment:
        """The settings that all members share."""
        return self.model.experiment

    @property
    def architecture(self) -> Architecture:
        """The layers of every member."""
        return self.model.architecture

    @property
    def measures_layers(self) -> bool:
        """Whether diagnostics of the layers are recorded."""
        return self.recorded and self.experiment.training.diagnostics

    @property
    def records_steps(self) -> bool:
        """Whether the losses of steps are recorded."""
        return self.recorded and self.experiment.training.history == "step"

    @property
    def layout(self) -> ParameterLayout:
        """Where the arrays of the layers lie in a row of parameters."""
        return self.model.layout

    @property
    def order_seeds(self) -> Seeds:
        """The seeds (R,) of the order in which the members that are still here take the rows."""
        return np.asarray(self.population.members.training.order_seed)

    @property
    def order_count(self) -> int:
        """In how many different orders the members that are still here take the rows."""
        shared = same_order(self.order_seeds, shuffle=self.experiment.training.shuffle)
        return 1 if shared and not self.data.folds else self.population.size

    @property
    def orders_per_member(self) -> int:
        """How many orders of rows a member has: one for each of its sub-members with batches of their own."""
        settings, sub_members = self.experiment.training, self.experiment.model.sub_members
        return sub_members.count if sub_members and sub_members.own_batches and settings.shuffle else 1

    @property
    def index_rows(self) -> int:
        """Rows of an index of the batches of a step: one for each order."""
        return self.order_count * self.orders_per_member

    @property
    def parts(self) -> "list[TrainingRun]":
        """The run of each fold whose members are still here, in order; without folds the run itself.

        They share all arrays with this one. Void after the population is compacted.
        """
        if not self.data.folds:
            return [self]
        original = self.population["original"]
        bounds = [np.searchsorted(original, (one.members.start, one.members.stop)) for one in self.data.folds]
        return [
            self._part(fold, self.population.part(start, stop))
            for fold, (start, stop) in zip(self.data.folds, bounds, strict=True)
            if start < stop
        ]

    def of_fold(self, fold: FoldData) -> "TrainingRun":
        """The run of one fold when all is over: its rows and what its members ended with."""
        return self._part(fold, self.population)

    def _part(self, fold: FoldData, population: Population) -> "TrainingRun":
        final = self.final.of_members(fold.members)
        return replace(self, model=fold.model, population=population, data=fold.data, final=final)

    def networks(self, experiments: Sequence[Experiment]) -> TrainedNetworks:
        """The final networks of all members, given the experiment of each."""
        final = self.final
        return TrainedNetworks.of_members(
            self.model, self.backend, final.parameters, final.statistics, experiments
        )

    def snapshot_networks(self, stopped: MemberStopped, experiment: Experiment) -> TrainedNetworks:
        """The networks of all snapshots of a population of one, which has stopped as `stopped` says."""
        final = self.final.parameters, self.final.statistics
        parameters, statistics = self.monitors.snapshots.of_single(stopped, *final)
        experiments = [experiment] * len(parameters)
        return TrainedNetworks.of_members(self.model, self.backend, parameters, statistics, experiments)

    def scratch(self, networks: int) -> Pool:
        """Scratch memory for passes of so many networks: that of the run if it is large enough."""
        return self.pool if networks <= len(self.final.parameters) else Pool(self.backend)

    def close_minimizers(self, members: Iterable[int]) -> None:
        """End the minimizers of these members, by their numbers at the start, as far as they have any."""
        for member in self.minimizers.keys() & set(members):
            self.minimizers.pop(member).close()

    def close(self) -> None:
        """End all threads and copies of the run."""
        if self.data.double_buffer is not None:
            self.data.double_buffer.close()
        self.close_minimizers([*self.minimizers])
