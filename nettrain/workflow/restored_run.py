"""A run in the state of its last checkpoint, whose training goes on to the bit, or that has ended."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import BackendError, DataError, SpecError, StoredContentError
from nettrain.experiment.changes import Difference
from nettrain.experiment.load import LoadedExperiment, load, to_yaml
from nettrain.experiment.resolution import rate_is_auto
from nettrain.experiment.settings import Experiment
from nettrain.files import remove_temporary_files, write_atomic
from nettrain.locks import locked
from nettrain.store.checkpoint import Checkpoint, read_checkpoint
from nettrain.store.checkpointer import Checkpointer
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_file import invalid, wrong_key
from nettrain.store.summary import Ending, RunSummary, read_summary, summary_or_note
from nettrain.store.written_table import TableRecord
from nettrain.training.resumption.changes import (
    arrays_to_reset,
    check_changes,
    check_data_settings,
    extra_evaluation_notes,
    reasons_lifted,
    would_diverge_again,
)
from nettrain.training.resumption.state import restore
from nettrain.workflow.preparation import PreparedTraining, prepare_training
from nettrain.workflow.recording import FolderRecorder
from nettrain.workflow.run_data import refuse_other_data
from nettrain.workflow.source import load_experiment
from nettrain.workflow.training import RunOutcome, TrainingJob

CONTINUES = {  # by stop reason: what makes a run continue
    "epochs": "training.epochs=N adds more",
    "early_stopping": "training.early_stopping.patience=N waits longer",
    "max_seconds": "training.max_seconds=N gives it longer",
    "target": "training.target=null goes on",
    "converged": "training.convergence=null goes on",
}


@dataclass(frozen=True)
class EndedRun(RunOutcome):
    """A run that has ended and has nothing left to train under its settings."""

    @property
    def advice(self) -> str:
        """How the run ended, and which settings would make it continue."""
        summary = self.summary
        ended = f"{self.folder}: {summary['status']} after {summary['epochs_run']} epochs, nothing to do"
        if "folds" in summary or "networks" in summary:
            return ended  # a part can be extended alone, which is then no part of this run
        networks: Sequence[Ending] = summary.get("members") or [summary]
        more = sorted({CONTINUES[one["stop_reason"]] for one in networks if one["stop_reason"] in CONTINUES})
        return "; ".join([ended, *more])


@contextmanager
def reopened(folder: RunFolder) -> Iterator[EndedRun | list[str]]:
    """Notes on the folder of a run of several parts that goes on, locked while the context lasts.

    Instead of notes the run, where it has ended.
    """
    with locked(folder.path) as note:
        remove_temporary_files(folder.path)
        summary = read_summary(folder.summary)
        if summary is not None and summary["status"] != "interrupted":
            yield EndedRun(summary, folder.path)
        else:
            yield [note] if note else []


@dataclass(frozen=True)
class RestoredRun:
    """A run in the state of its last checkpoint, with changed settings.

    Its `tables` then had these records, and it has taken so many `seconds`.
    """

    prepared: PreparedTraining
    folder: RunFolder
    notes: tuple[str, ...]
    tables: Mapping[str, TableRecord]
    seconds: float

    def reopen(self) -> TrainingJob:
        """The training of the remaining steps. The files of the run now have the changed settings."""
        training, folder, many = self.prepared.training, self.folder, len(self.prepared.members) > 1
        # a run that begins with its first step has no epoch yet, not even epoch 0
        tables = self.tables if training.progress.step else {}
        history = HistoryWriter.resume(folder, tables, member_column=many)
        # a run that is trained from this config must end like this one
        write_atomic(folder.config, to_yaml(self.prepared.experiment))
        seconds = self.seconds
        folder.summary.unlink(missing_ok=True)  # of a run that had ended
        folder.ended.unlink(missing_ok=True)
        folder.remove_views()
        checkpointer = Checkpointer(training, self.prepared.data, folder, history)
        recorder = FolderRecorder(folder, history, checkpointer)
        return TrainingJob(self.prepared, recorder, self.notes, seconds)


@contextmanager
def restored(
    path: Path, overrides: Sequence[str] = (), memory: MemoryTables | None = None
) -> Iterator[RestoredRun | EndedRun]:
    """The run in a folder, with changes to its settings; the folder is locked while the context lasts.

    `memory` has the data of a run that was trained on data in memory.

    Raises SpecError or DataError when the training so far would have been different under these settings.
    """
    folder = RunFolder.open_started(path)
    with locked(path) as note:
        remove_temporary_files(path)
        summary, unreadable = summary_or_note(folder.summary)
        prepared, tables, notes = _prepare_and_restore(folder, overrides, memory, summary)
        # without a summary, the run was killed between its last step and its end
        trains = prepared.training.run.population["active"].any()
        if summary is not None and not trains and _predicts_like(summary, prepared.experiment):
            yield EndedRun(summary, folder.path)
        else:
            seconds = prepared.training.progress.seconds
            if summary is not None:
                seconds = summary["timing"]["total_seconds"]
            yield RestoredRun(prepared, folder, (*filter(None, [note, unreadable]), *notes), tables, seconds)


def _predicts_like(summary: RunSummary, experiment: Experiment) -> bool:
    """Whether a run that has ended calibrates and decides as its settings now say."""
    done = summary.get("postprocessing")
    before = (done["calibration"], done["threshold"]) if done else ("none", "none")
    return before == (experiment.calibration.name, experiment.threshold)


def _prepare_and_restore(
    folder: RunFolder, overrides: Sequence[str], memory: MemoryTables | None, summary: RunSummary | None
) -> tuple[PreparedTraining, Mapping[str, TableRecord], list[str]]:
    """The training in the state of the checkpoint, with changes, and notes on what is different.

    Between them how far the tables of the folder reached then.
    """
    after = load_experiment(folder.config, overrides, memory)
    with after.locating_errors():
        _refuse_auto_rate(after.experiment)
    checkpoint = read_checkpoint(folder.checkpoint) if folder.checkpoint.is_file() else None
    before = _settings_before(folder, checkpoint)
    prepared = _prepare_again(after, before, folder.path, memory)
    training, progress = prepared.training, prepared.training.progress
    with after.locating_errors():
        done = checkpoint.state.numbers["step"] if checkpoint else 0
        changes = check_changes(before, prepared.experiment, done, training.run.data.batches.steps)
        if checkpoint is not None:
            _restore(folder, prepared, changes, checkpoint)
    _refuse_the_diverged(folder, summary, changes)
    more = extra_evaluation_notes(before, prepared.experiment, progress.epoch)
    if progress.epoch and not folder.history.is_file():
        more.append(f"history.csv is gone: it begins anew after epoch {progress.epoch}")
    position = f"goes on after epoch {progress.epoch}, step {progress.step}"
    if not progress.step:
        position = "begins with the first step: it was stopped before its first checkpoint"
    notes = [*after.notes, position, *(f"changed: {one}" for one in changes), *more]
    return prepared, {} if checkpoint is None else checkpoint.facts.get("tables", {}), notes


def _refuse_auto_rate(experiment: Experiment) -> None:
    """Raise SpecError when the learning rate is to be found anew."""
    if rate_is_auto(experiment):
        text = "auto may change the steps so far; train anew for that"
        raise SpecError(f"optimizer.learning_rate: {text}")


def _prepare_again(
    after: LoadedExperiment, before: Experiment, folder: Path, memory: MemoryTables | None
) -> PreparedTraining:
    """The training before its first step; errors name a way out when data or backend are missing."""
    try:
        return replace(prepare_training(after, memory), backend_reason="")
    except BackendError as error:
        if after.experiment.backend.name == "numpy" or after.overrides("backend", "name"):
            raise
        command = f"nettrain resume {shlex.quote(str(folder))} --backend numpy"
        raise type(error)(f"{error}; {command} goes on without") from error
    except DataError as error:
        with after.locating_errors():
            check_data_settings(before, after.experiment)
        way_out = f"to go on with {folder} put its data back, or say where they lie: data.source=…"
        raise DataError(f"{error}; {way_out}") from error


def _settings_before(folder: RunFolder, checkpoint: Checkpoint | None) -> Experiment:
    """The experiment of the checkpoint; the config may have been edited since."""
    if checkpoint is None:
        return load(folder.config).experiment
    stored = checkpoint.facts["experiment"]
    try:
        return Experiment.model_validate(stored)
    except ValidationError as error:
        raise invalid(f"{folder.checkpoint}: facts.experiment", error, stored) from None


def _restore(
    folder: RunFolder, prepared: PreparedTraining, changes: Sequence[Difference], checkpoint: Checkpoint
) -> None:
    """Restore the state.

    Raises DataError when the data are others, StoredFileError when the state is that of another run.
    """
    training, run = prepared.training, prepared.training.run
    moved = any(one.key == "data.source" for one in changes)
    refuse_other_data(folder, checkpoint.facts["data"], prepared.data, "train anew", moved=moved)
    reset = arrays_to_reset(changes, run.experiment, run.monitors.metric)
    try:
        restore(training, checkpoint.state, reasons_lifted(changes), reset)
    except StoredContentError as error:
        raise wrong_key(str(folder.checkpoint), error) from error


def _refuse_the_diverged(
    folder: RunFolder, summary: RunSummary | None, changes: Sequence[Difference]
) -> None:
    """Raise SpecError, saying what to try, when all networks diverged and would do so again."""
    if summary is None:
        return
    networks: Sequence[Ending] = summary.get("members") or [summary]
    if any(one["status"] != "diverged" for one in networks) or not would_diverge_again(changes):
        return
    cause = networks[0].get("divergence")
    advice = cause["advice"] if cause else ["optimizer.learning_rate=…"]
    raise SpecError(
        f"{folder.path}: diverged in epoch {summary['epochs_run']} and would do so again;"
        f" train anew: nettrain train {shlex.quote(str(folder.config))} {advice[0]}"
    )
