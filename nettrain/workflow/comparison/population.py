"""The training of runs of several experiments and seeds, as few populations as can hold them.

Runs whose experiments agree in all but numbers, and whose data are the same, train side by side; each ends
bit-equal to what it would be alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nettrain.backend.device import memory
from nettrain.catalogue.members import grouping_key
from nettrain.data.prepare import Prepared
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.replicas import replicas
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.store.history import rows_of_events
from nettrain.store.summary import RunSummary, advice_json
from nettrain.store.trained_run import TrainedRun
from nettrain.sweep.chunks import CacheSizing, DeviceSizing, Sizing
from nettrain.sweep.jobs import network_bytes
from nettrain.training.build import batches_of, build
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.events import EpochDone, MemberStopped, TrainingDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.run import FinalParameters, TrainingRun
from nettrain.workflow.advice import advice_on_frames
from nettrain.workflow.ended_training import EndedTraining
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.loss_parts import with_loss_parts

ALONE = ("snapshots", "max_seconds")  # training settings of runs that train by themselves


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One run that is to be trained: its entry in the comparison, its resolved experiment, and its data."""

    entry: int
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
        return f"{id(self.data)} {own} {grouping_key(_without_labels(self.experiment))}"


@dataclass(frozen=True)
class ComparedEpoch:
    """An epoch of a population; `entries` (R,) says to which entry each of its members belongs."""

    entries: npt.NDArray[np.intp]
    epoch: EpochDone


OnComparedEpoch = Callable[[ComparedEpoch], None]


def populations(runs: Sequence[PlannedRun]) -> list[list[PlannedRun]]:
    """The runs that train together, in the order given, as many as fit the caches or the GPU."""
    groups: dict[str, list[PlannedRun]] = {}
    for run in runs:
        groups.setdefault(run.key, []).append(run)
    return [some for group in groups.values() for some in _sizing(group[0].experiment).split(group)]


def _sizing(experiment: Experiment) -> Sizing:
    settings = experiment.backend
    return DeviceSizing(1, memory(settings.device)[0]) if settings.name == "cupy" else CacheSizing(1)


def train_runs(
    runs: Sequence[PlannedRun], on_epoch: OnComparedEpoch, stop: Callable[[], bool]
) -> list[MemoryRun | None]:
    """The trained runs, in the order given; None for those that an interruption came before."""
    trained: dict[PlannedRun, MemoryRun] = {}
    for group in populations(runs):
        if stop():
            break
        trained |= zip(group, _TrainedTogether(group, on_epoch, stop).runs(), strict=True)
    return [trained.get(run) for run in runs]


class _TrainedTogether:
    """Runs that have been trained as one population."""

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def __init__(
        self, runs: Sequence[PlannedRun], on_epoch: OnComparedEpoch, stop: Callable[[], bool]
    ) -> None:
        self._runs = runs
        members = [member for run in runs for member in run.members]
        entries = np.repeat([run.entry for run in runs], [len(run.members) for run in runs])
        shared = [_without_labels(member) for member in members]
        self._events: list[EpochDone] = []
        with explained_shortage(members[0]):
            backend = named_backend(members[0].backend)
            self._training = TrainingLoop(build(shared, runs[0].data, backend, recorded=True), stop)
            for event in self._training.events():
                if isinstance(event, EpochDone):
                    self._events.append(event)
                    on_epoch(ComparedEpoch(entries[event.members], event))

    def runs(self) -> Iterator[MemoryRun]:
        """Each run as if it had been trained alone."""
        start = 0
        for run in self._runs:
            members = range(start, start + len(run.members))
            yield self._run(run, members)
            start = members.stop

    @np.errstate(all="ignore")
    def _run(self, planned: PlannedRun, members: range) -> MemoryRun:
        run, data, experiments = self._view(planned, members), planned.data, planned.members
        events = [part for event in self._events if (part := event.of_members(members)) is not None]
        stopped = self._stopped(members)
        ended = EndedTraining(run, experiments, data, stopped, self._done(run, stopped, members), _no_state)
        with explained_shortage(planned.experiment):
            networks, summary = ended.measure()
        summary = with_loss_parts(summary, run, experiments, data, rows_of_events(events))
        return _in_memory(planned, run, networks, summary, events)

    def _view(self, planned: PlannedRun, members: range) -> TrainingRun:
        """The population as if it consisted of these members alone."""
        run, rows = self._training.run, slice(members.start, members.stop)
        architecture = network_of(planned.experiment, planned.data)
        final = FinalParameters(run.final.parameters[rows].copy(), run.final.statistics[rows].copy())
        return replace(run, model=Model(planned.experiment, run.model.task, architecture), final=final)

    def _stopped(self, members: range) -> dict[int, MemberStopped]:
        """How the members of a run ended, numbered from 0."""
        stopped = self._training.endings.stopped
        return {k: replace(stopped[member], member=k) for k, member in enumerate(members)}

    def _done(self, run: TrainingRun, stopped: dict[int, MemberStopped], members: range) -> TrainingDone:
        """The end of a run, with its share of the time that all took."""
        shares = [(event, np.isin(event.members, members).mean()) for event in self._events]
        return TrainingDone(
            epochs_run=max(one.epoch for one in stopped.values()),
            steps=max(one.step for one in stopped.values()),
            step_seconds=float(sum(share * event.step_seconds for event, share in shares)),
            seconds=float(sum(share * event.seconds for event, share in shares)),
            parameters=run.final.parameters,
        )


def _in_memory(
    planned: PlannedRun,
    run: TrainingRun,
    networks: TrainedNetworks,
    summary: RunSummary,
    events: Sequence[EpochDone],
) -> MemoryRun:
    """The run as `train` would have left it, with the advice that it would have been given."""
    preprocessing, arrays = planned.data.preprocessing, (networks.parameters, networks.statistics)
    trained = TrainedRun(
        planned.experiment, run.architecture, *arrays, preprocessing, run.backend, summary=summary
    )
    found = MemoryRun(trained, summary, events, None, len(planned.members) > 1)
    if run.measures_layers:
        given = advice_on_frames(planned.experiment, summary, found.history, found.diagnostics)
        summary["advice"] = advice_json(given)
    return found


def _no_state(member: int) -> None:
    """No state was recorded, so that a divergence is searched for from the first step on."""


def _without_labels(experiment: Experiment) -> Experiment:
    """The experiment without what does not change its training: names, searches, how networks are used."""
    training = experiment.training.model_copy(update={"repeat": 1, "ensemble": 1, "checkpoint": None})
    return experiment.model_copy(update={"experiment": "comparison", "sweep": None, "training": training})
