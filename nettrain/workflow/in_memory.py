"""Training without files: what a run folder would contain stays in memory and can be saved later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from nettrain.data.preprocessing import Preprocessing
from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.store.checkpoint import Checkpoint, RunFacts, write_checkpoint
from nettrain.store.data_fingerprint import fingerprint
from nettrain.store.diagnostics import DiagnosticsRow, diagnostics_rows
from nettrain.store.history import HistoryRow, HistoryWriter, rows_of_events
from nettrain.store.model_file import write_model
from nettrain.store.postprocessing import write_postprocessing
from nettrain.store.preprocessing_file import write_preprocessing
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.summary import RunSummary
from nettrain.store.trained_folds import Predictor
from nettrain.store.trained_run import TrainedRun
from nettrain.training.events import EpochDone
from nettrain.training.resumption.state import TrainingState, snapshot
from nettrain.workflow.diagnostics import diagnostics_of_events
from nettrain.workflow.history import frame_of_events
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.steps import steps_of_events
from nettrain.workflow.training import TrainingResult


class MemoryRecorder:
    """Keeps the events of a training and its final state."""

    def __init__(self, prepared: PreparedTraining) -> None:
        self.events: list[EpochDone] = []
        self.checkpoint: Checkpoint | None = None
        self._prepared = prepared

    @property
    def folder(self) -> RunFolder | None:
        return None

    @property
    def rows(self) -> Sequence[HistoryRow]:
        return rows_of_events(self.events)

    @property
    def diagnostics(self) -> Sequence[DiagnosticsRow]:
        return [row for event in self.events for row in diagnostics_rows(event)]

    @property
    def steps(self) -> pl.DataFrame | None:
        return steps_of_events(self.events, member_column=len(self._prepared.members) > 1)

    def add_follower(self, flush: Callable[[], None]) -> None:
        """Nothing is written."""

    def epoch(self, event: EpochDone) -> None:
        self.events.append(event)

    def wait(self) -> None:
        """Nothing is being written."""

    def end(self) -> None:
        training, data = self._prepared.training, self._prepared.data
        if any(
            end.reason != "diverged" for end in training.endings.stopped.values()
        ):  # otherwise no member could be resumed
            facts: RunFacts = {
                "data": fingerprint(data),
                "experiment": self._prepared.experiment.model_dump(mode="json"),
            }
            self.checkpoint = Checkpoint(snapshot(training), facts)

    def last_state(self, member: int) -> TrainingState | None:
        """None, so that a divergence is searched for from the first step on."""

    def networks(self, plan: Architecture, networks: TrainedNetworks, preprocessing: Preprocessing) -> None:
        """Nothing to do: the result of the training has them."""

    def summary(self, summary: RunSummary) -> None:
        """Nothing to do: the result of the training has it."""


@dataclass(frozen=True)
class MemoryRun:
    """A run in memory: its networks, summary, history and final state."""

    trained: TrainedRun
    summary: RunSummary
    events: Sequence[EpochDone]
    checkpoint: Checkpoint | None
    has_members: bool  # several, so that the history has a column for them

    @staticmethod
    def of(result: TrainingResult, recorder: MemoryRecorder) -> "MemoryRun":
        """The run, without the population that trained it."""
        run, networks, prepared = result.run, result.networks, result.prepared
        trained = TrainedRun(
            prepared.experiment,
            result.networks.model.architecture,
            networks.parameters,
            networks.statistics,
            prepared.data.preprocessing,
            run.backend,
            networks.postprocessing,
            summary=result.summary,
        )
        has_members = len(prepared.members) > 1
        return MemoryRun(trained, result.summary, recorder.events, recorder.checkpoint, has_members)

    @property
    def folder(self) -> Path | None:
        """None: it has no folder."""
        return None

    @property
    def experiment(self) -> Experiment:
        """The experiment, resolved with the data."""
        return self.trained.experiment

    @property
    def predictor(self) -> Predictor:
        """The networks, ready to predict."""
        return self.trained

    @property
    def folds(self) -> pl.DataFrame | None:
        """None: it is not cross-validated."""
        return None

    @property
    def out_of_fold(self) -> pl.DataFrame | None:
        """None: it is not cross-validated."""
        return None

    def fold(self, number: int) -> "MemoryRun":
        """Raises SpecError, as it is not cross-validated."""
        raise SpecError(f"fold: {number} is not there, the run is not cross-validated")

    def network(self, number: int) -> "MemoryRun":
        """Raises SpecError, as it has one network, or members of one kind."""
        raise SpecError(f"network: {number} is not there, the run is of one network")

    @cached_property
    def history(self) -> pl.DataFrame:
        """A row for every evaluated epoch of every member."""
        return frame_of_events(self.events, member_column=self.has_members)

    @cached_property
    def diagnostics(self) -> pl.DataFrame | None:
        """A row for every evaluated epoch of every layer of every member."""
        return diagnostics_of_events(self.events, member_column=self.has_members)

    @cached_property
    def steps(self) -> pl.DataFrame | None:
        """A row for every step of every member."""
        return steps_of_events(self.events, member_column=self.has_members)

    def save(self, folder: RunFolder) -> None:
        """Write the files that training in this folder would have written."""
        write_atomic(folder.config, to_yaml(self.experiment))
        history = HistoryWriter(folder, member_column=self.has_members)
        for event in self.events:
            history.add(event)
        history.flush()
        self.save_results(folder)

    def save_results(self, folder: RunFolder) -> None:
        """Write the files that training writes at its end: all but config and history."""
        if self.checkpoint is not None:
            write_checkpoint(folder.checkpoint, self.checkpoint.beside(folder))
        write_model(folder.model, self.trained.architecture, self.trained.parameters, self.trained.statistics)
        write_preprocessing(folder.preprocessing, self.trained.preprocessing)
        write_postprocessing(folder.postprocessing, self.trained.postprocessing)
        write_json(folder.summary, self.summary)
