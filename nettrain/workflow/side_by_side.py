"""The training of any number of runs, as few populations as can hold them.

Runs whose experiments agree in all but numbers train side by side, on the same rows or, as the folds of a
cross-validation, on rows of their own; each ends bit-equal to what it would be alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Backend
from nettrain.backend.device import memory
from nettrain.catalogue.calibrations.no_calibration import NoCalibration
from nettrain.data.prepare import Prepared
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.replicas import replicas
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, task_of
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.store.checkpoint import Checkpoint, RunFacts
from nettrain.store.data_fingerprint import fingerprint
from nettrain.store.history import rows_of_events
from nettrain.store.summary import RunSummary, advice_json
from nettrain.store.trained_run import TrainedRun
from nettrain.sweep.chunks import CacheSizing, DeviceSizing, Sizing
from nettrain.sweep.jobs import network_bytes
from nettrain.training.build import build
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.events import EpochDone, MemberStopped, TrainingDone
from nettrain.training.loop import TrainingLoop, never
from nettrain.training.resumption.state import StateNumbers, TrainingState, snapshot
from nettrain.training.rows.planned_batches import batches_of
from nettrain.training.run import FinalParameters, TrainingRun
from nettrain.training.side_by_side import grouped, population_key
from nettrain.workflow.advice import advice_on_frames
from nettrain.workflow.ended_training import EndedTraining
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.loss_parts import with_loss_parts

ALONE = ("snapshots", "max_seconds")  # training settings of runs that train by themselves


@dataclass(frozen=True, eq=False)
class Trainee:
    """One run that is to be trained: its experiment, resolved with its data, and these."""

    experiment: Experiment
    data: Prepared

    @property
    def members(self) -> list[Experiment]:
        """The experiment of each of its networks: one, or those of an ensemble."""
        return replicas(self.experiment)

    @property
    def bytes(self) -> int:
        """The memory that its networks take, by estimate."""
        batches = batches_of(self.experiment, self.data.train)
        return len(self.members) * network_bytes(self.experiment, self.data, batches)

    @property
    def key(self) -> str:
        """The text that is equal for runs that may train in one population."""
        training = self.experiment.training
        alone = training.snapshots > 1 or training.max_seconds is not None
        own = f"{id(self)}" if alone else ""
        return f"{own} {population_key(_without_labels(self.experiment), self.data)}"


@dataclass(frozen=True)
class PopulationEpoch:
    """An epoch of a population; `trainees` (R,) says to which run, by position, each member belongs."""

    trainees: npt.NDArray[np.intp]
    epoch: EpochDone


OnPopulationEpoch = Callable[[PopulationEpoch], None]


def ignore(epoch: PopulationEpoch) -> None:
    """The default for `on_epoch`."""


def populations(trainees: Sequence[Trainee]) -> list[list[int]]:
    """The positions of the runs that train together, as many as fit the caches or the GPU.

    Runs with the same `Prepared` are next to each other, and otherwise the order is that given.
    """
    where = {trainee: position for position, trainee in enumerate(trainees)}
    groups = grouped([one.key for one in trainees], [one.data for one in trainees])
    return [
        [where[trainee] for trainee in some]
        for group in groups
        for some in _sizing(trainees[group[0]]).split([trainees[position] for position in group])
    ]


def _sizing(trainee: Trainee) -> Sizing:
    settings = trainee.experiment.backend
    return DeviceSizing(1, memory(settings.device)[0]) if settings.name == "cupy" else CacheSizing(1)


def train_side_by_side(
    trainees: Sequence[Trainee], on_epoch: OnPopulationEpoch = ignore, stop: Callable[[], bool] = never
) -> list[MemoryRun | None]:
    """The trained runs, in the order given; None for those that an interruption came before."""
    trained: dict[int, MemoryRun] = {}
    for positions in populations(trainees):
        if stop():
            break
        population = TrainedTogether(trainees, positions, on_epoch, stop)
        trained |= zip(positions, population.runs(), strict=True)
    return [trained.get(position) for position in range(len(trainees))]


class TrainedTogether:
    """Runs that have been trained as one population: those of the `trainees` at these positions.

    With `recorded`, every figure of a history is computed, otherwise those that control the training and
    those of validation rows. `after_epoch` is called with the population after every epoch. On a host
    there are at least so many `threads`, which changes no bit.
    """

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def __init__(
        self,
        trainees: Sequence[Trainee],
        positions: Sequence[int],
        on_epoch: OnPopulationEpoch = ignore,
        stop: Callable[[], bool] = never,
        *,
        recorded: bool = True,
        after_epoch: "Callable[[TrainedTogether], None] | None" = None,
        threads: int = 0,
    ) -> None:
        self._threads = threads
        self._trainees = [trainees[position] for position in positions]
        sizes = [len(one.members) for one in self._trainees]
        ends = np.cumsum(sizes).tolist()
        self._members = [range(stop - size, stop) for size, stop in zip(sizes, ends, strict=True)]
        owners = np.repeat(positions, sizes)
        self._events: list[EpochDone] = []
        with explained_shortage(self._trainees[0].experiment):
            self._training = TrainingLoop(self._built(recorded=recorded), stop)
            for event in self._training.events():
                if isinstance(event, EpochDone):
                    self._events.append(event)
                    on_epoch(PopulationEpoch(owners[event.members], event))
                    if after_epoch is not None:
                        after_epoch(self)

    def _built(self, *, recorded: bool) -> TrainingRun:
        pairs = [
            (_without_labels(one), trainee.data) for trainee in self._trainees for one in trainee.members
        ]
        backend = named_backend(self._trainees[0].experiment.backend, self._threads)
        return build([one for one, _ in pairs], [data for _, data in pairs], backend, recorded=recorded)

    def runs(self) -> Iterator[MemoryRun]:
        """Each run as if it had been trained alone, with all its figures."""
        return (self.run(number) for number in range(len(self._trainees)))

    @cached_property
    def _own_backend(self) -> Backend:
        """The backend of the runs on their own, which may predict in any thread."""
        return named_backend(self._trainees[0].experiment.backend)

    def trained(self, number: int) -> TrainedRun:
        """One run as far as predictions need it, without figures and calibration."""
        trainee, run = self._trainees[number], self._view(number)
        arrays = run.final.parameters, run.final.statistics
        return TrainedRun(
            trainee.experiment, run.architecture, *arrays, trainee.data.preprocessing, self._own_backend
        )

    def events(self, number: int) -> list[EpochDone]:
        """The epochs of one run, with its members numbered from 0."""
        members = self._members[number]
        return [part for event in self._events if (part := event.of_members(members)) is not None]

    def stopped(self, number: int) -> dict[int, MemberStopped]:
        """How the members of a run ended, numbered from 0."""
        stopped = self._training.endings.stopped
        return {k: replace(stopped[member], member=k) for k, member in enumerate(self._members[number])}

    def latest(self, number: int) -> EpochDone | None:
        """The latest epoch of one run, None when it had ended before."""
        return self._events[-1].of_members(self._members[number])

    def state(self) -> TrainingState:
        """A copy of the state of the population, between two steps."""
        return snapshot(self._training)

    def checkpoint(self, number: int, state: TrainingState) -> Checkpoint | None:
        """What a state of the population is for one run, which goes on from it alone.

        None if the run ended before others of its population.
        """
        own = state.of_members(self._members[number])
        if own is None:
            return None
        share = len(self._members[number]) / self._members[-1].stop
        times = {name: share * own.numbers[name] for name in ("step_seconds", "seconds")}
        numbers = cast(StateNumbers, {**own.numbers, **times})
        return Checkpoint(replace(own, numbers=numbers), self._facts[number])

    @cached_property
    def _facts(self) -> list[RunFacts]:
        """What tells the checkpoints of each run: its data and its experiment."""
        return [
            {"data": fingerprint(one.data), "experiment": one.experiment.model_dump(mode="json")}
            for one in self._trainees
        ]

    @np.errstate(all="ignore")
    def run(self, number: int) -> MemoryRun:
        """One run as if it had been trained alone, with all its figures."""
        trainee, run, events = self._trainees[number], self._view(number), self.events(number)
        data, experiments, stopped = trainee.data, trainee.members, self.stopped(number)
        ended = EndedTraining(run, experiments, data, stopped, self._done(run, number, stopped), _no_state)
        with explained_shortage(trainee.experiment):
            networks, summary = ended.measure()
        summary = with_loss_parts(summary, run, experiments, data, rows_of_events(events))
        return _in_memory(trainee, run, networks, summary, events)

    def _view(self, number: int) -> TrainingRun:
        """The population as if it consisted of the members of one run alone."""
        run, trainee, members = self._training.run, self._trainees[number], self._members[number]
        experiment, preprocessing = trainee.experiment, trainee.data.preprocessing
        model = Model(experiment, task_of(preprocessing, experiment), network_of(experiment, trainee.data))
        own = (fold.data for fold in run.data.folds if members.start in fold.members)
        final = run.final.of_members(members)
        copied = FinalParameters(final.parameters.copy(), final.statistics.copy())
        return replace(run, model=model, data=next(own, run.data), final=copied)

    def _done(self, run: TrainingRun, number: int, stopped: dict[int, MemberStopped]) -> TrainingDone:
        """The end of a run, with its share of the time that all took."""
        members = self._members[number]
        shares = [(event, np.isin(event.members, members).mean()) for event in self._events]
        return TrainingDone(
            epochs_run=max(one.epoch for one in stopped.values()),
            steps=max(one.step for one in stopped.values()),
            step_seconds=float(sum(share * event.step_seconds for event, share in shares)),
            seconds=float(sum(share * event.seconds for event, share in shares)),
            parameters=run.final.parameters,
        )


def _in_memory(
    trainee: Trainee,
    run: TrainingRun,
    networks: TrainedNetworks,
    summary: RunSummary,
    events: Sequence[EpochDone],
) -> MemoryRun:
    """The run as `train` would have left it, with the advice that it would have been given."""
    preprocessing, arrays = trainee.data.preprocessing, (networks.parameters, networks.statistics)
    trained = TrainedRun(
        trainee.experiment,
        networks.model.architecture,
        *arrays,
        preprocessing,
        named_backend(trainee.experiment.backend),
        networks.postprocessing,
        summary=summary,
    )
    found = MemoryRun(trained, summary, events, None, len(trainee.members) > 1)
    if run.measures_layers:
        given = advice_on_frames(trainee.experiment, summary, found.history, found.diagnostics)
        summary["advice"] = advice_json(given)
    return found


def _no_state(member: int) -> None:
    """No state was recorded, so that a divergence is searched for from the first step on."""


def _without_labels(experiment: Experiment) -> Experiment:
    """The experiment without what does not change its training: names, searches, how networks are used."""
    training = experiment.training.model_copy(update={"repeat": 1, "ensemble": 1, "checkpoint": None})
    update = {"experiment": "side-by-side", "sweep": None, "training": training, "threshold": "none"}
    return experiment.model_copy(update={**update, "calibration": NoCalibration()})
