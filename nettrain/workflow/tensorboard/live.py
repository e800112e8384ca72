"""Events that are written while a run trains."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.data.preprocessing import Preprocessing
from nettrain.experiment.settings import Experiment
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.files import create_folder
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.store.history import HistoryRow
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary
from nettrain.training.events import EpochDone
from nettrain.training.resumption.state import TrainingState
from nettrain.training.run import TrainingRun
from nettrain.workflow.recording import RunRecorder
from nettrain.workflow.source import FilePath
from nettrain.workflow.stored_names import run_name
from nettrain.workflow.tensorboard.run_events import RunEvents, RunHead
from nettrain.workflow.tensorboard.stored import write_course
from nettrain.workflow.training import TrainingJob

if TYPE_CHECKING:
    import polars as pl

HISTOGRAMS = 20  # of weights while a run trains: TensorBoard shows up to 50


def log_folder(path: FilePath | None) -> Path | None:
    """The folder for events, which is created; None where none are wanted.

    Raises SpecError when it is a file, NettrainError when it cannot be written.
    """
    if path is None:
        return None
    create_folder(Path(path))
    return Path(path)


def with_events(job: TrainingJob, logs: Path | None) -> TrainingJob:
    """The training, which also writes events into a folder in `logs`, if that is given.

    It is called like the run's folder, or like the experiment of a run in memory. A run that is resumed goes
    on in the folder that it has there; without one, its history so far is written first.
    """
    if logs is None:
        return job
    folder, experiment = job.folder, job.prepared.experiment
    place = folder_of(logs, folder, experiment)
    if not job.prepared.training.progress.step:
        place.clear()
    events = opened(place, folder, RunHead(experiment, place.path.name))
    recorder = EventRecorder(job.recorder, events, job.prepared.training.run)
    return replace(job, recorder=recorder, notes=(*job.notes, events_note(place)))


def events_note(place: LogFolder) -> str:
    """A note on where events are."""
    return f"events for TensorBoard are in {place.path}"


def folder_of(logs: Path, folder: RunFolder | None, experiment: Experiment) -> LogFolder:
    """Where in `logs` the events of a run are, which lies in a folder or in memory."""
    if folder is None:
        return LogFolder.of(logs, experiment.experiment, None)
    return LogFolder.of(logs, run_name(folder.path), folder.path)


def opened(place: LogFolder, folder: RunFolder | None, head: RunHead) -> RunEvents:
    """The events of a run that begins or goes on; what its folder has from before stands first."""
    if folder is not None and folder.history.is_file() and not place.is_begun:
        write_course(folder, place, head)
    return RunEvents(place, head)


class EventRecorder:
    """Passes everything on to another recorder, and writes events of it.

    With diagnostics these have the weights of the `run` in HISTOGRAMS epochs, evenly spread.
    """

    def __init__(self, recorder: RunRecorder, events: RunEvents, run: TrainingRun) -> None:
        self._recorder, self._events, self._run = recorder, events, run
        self._every = ceil(run.experiment.training.epochs / HISTOGRAMS)
        recorder.add_follower(events.flush)
        self._final: tuple[Architecture, HostArray] | None = None

    @property
    def folder(self) -> RunFolder | None:
        return self._recorder.folder

    @property
    def rows(self) -> Sequence[HistoryRow]:
        return self._recorder.rows

    @property
    def diagnostics(self) -> Sequence[DiagnosticsRow]:
        return self._recorder.diagnostics

    @property
    def steps(self) -> "pl.DataFrame | None":
        return self._recorder.steps

    def add_follower(self, flush: Callable[[], None]) -> None:
        self._recorder.add_follower(flush)

    def epoch(self, event: EpochDone) -> None:
        self._events.epoch(event)  # first, so that events reach as far as a checkpoint
        if event.diagnostics is not None and event.epoch % self._every == 0 and event.epoch < event.epochs:
            self._add_weights(event)
        self._recorder.epoch(event)

    def _add_weights(self, event: EpochDone) -> None:
        run, population = self._run, self._run.population
        rows = np.flatnonzero(np.isin(population["original"], event.members))
        members, parameters = (
            population["original"][rows],
            run.backend.to_host(population["parameters"])[rows],
        )
        self._events.add_weights_of(members.tolist(), time(), run.architecture, parameters)

    def wait(self) -> None:
        self._events.flush()
        self._recorder.wait()

    def end(self) -> None:
        self._recorder.end()

    def last_state(self, member: int) -> TrainingState | None:
        return self._recorder.last_state(member)

    def networks(self, plan: Architecture, networks: TrainedNetworks, preprocessing: Preprocessing) -> None:
        self._recorder.networks(plan, networks, preprocessing)
        self._final = plan, networks.parameters

    def summary(self, summary: RunSummary) -> None:
        self._recorder.summary(summary)
        if summary["status"] == "interrupted" or self._final is None:
            return  # it goes on when it is resumed
        now = time()
        self._events.add_weights(now, *self._final)
        self._events.end(now, summary)
