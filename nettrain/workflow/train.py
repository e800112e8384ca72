"""Train the network of an experiment."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nettrain.experiment.load import load, to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.store.checkpointer import Checkpointer
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder, interrupted_run
from nettrain.workflow.preparation import PreparedTraining, prepare_training
from nettrain.workflow.recording import FolderRecorder
from nettrain.workflow.training import OnEvent, TrainingJob, TrainingResult, ignore


def train(path: Path, *overrides: str, out: Path, on_event: OnEvent = ignore) -> TrainingResult:
    """Train the experiment in a file, in a new run folder below `out`."""
    with in_new_folder(prepare_training(load(path, overrides)), out, path.parent) as job:
        return job.run(on_event)


@contextmanager
def in_new_folder(prepared: PreparedTraining, parent: Path, beside: Path) -> Iterator[TrainingJob]:
    """A training in a run folder of its own below `parent`, locked as long as the block lasts.

    A note names a run of the same experiment that was interrupted, there or in the folder `beside`.
    """
    experiment = prepared.experiment
    earlier = _interrupted_run(parent, experiment, beside)
    with RunFolder.new(parent, experiment.experiment) as (folder, note):
        write_atomic(folder.config, to_yaml(experiment))
        history = HistoryWriter(folder, member_column=len(prepared.members) > 1)
        checkpointer = Checkpointer(prepared.training, prepared.data, folder, history)
        notes = (*([note] if note else []), *earlier, *prepared.notes)
        yield TrainingJob(prepared, FolderRecorder(folder, history, checkpointer), notes)


def _interrupted_run(parent: Path, experiment: Experiment, beside: Path) -> list[str]:
    folder = interrupted_run(parent, experiment.experiment, to_yaml(experiment), beside)
    if folder is None:
        return []
    return [f"{folder.path} has these settings and was interrupted: nettrain resume {folder.path} goes on"]
