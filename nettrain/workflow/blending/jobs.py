"""The training of one network of a blend: new, in memory or in its folder, or one that goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.locks import locked
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_file import read_limited
from nettrain.workflow.blending.network import BlendedNetwork, trained_alone
from nettrain.workflow.blending.plan import PlannedNetwork
from nettrain.workflow.cross_validation import CrossValidation, CrossValidationJob
from nettrain.workflow.cross_validation import begin as begin_folds
from nettrain.workflow.folds.in_memory import MemoryCrossValidation
from nettrain.workflow.folds.plan import PlannedCrossValidation
from nettrain.workflow.folds.resumption import ended_folds, restored_folds
from nettrain.workflow.folds.training import of_epochs
from nettrain.workflow.in_memory import MemoryRecorder, MemoryRun
from nettrain.workflow.restored_run import EndedRun, restored
from nettrain.workflow.run_files import StoredRun
from nettrain.workflow.tensorboard.live import with_events
from nettrain.workflow.tensorboard.live_folds import with_fold_events
from nettrain.workflow.train import begin
from nettrain.workflow.training import OnEvent, TrainingJob, TrainingResult

NetworkJob: TypeAlias = CrossValidationJob | TrainingJob
TrainedNetwork: TypeAlias = CrossValidation | TrainingResult


@contextmanager
def job_of_network(
    planned: PlannedNetwork, folder: RunFolder | None, memory: MemoryTables | None
) -> Iterator[NetworkJob | EndedRun]:
    """The training of a network in its folder, which is locked while the context lasts, or in memory.

    What is in the folder already goes on; nothing is left to train of a run that has ended.
    """
    if folder is None:
        yield _in_memory(planned)
    elif not folder.config.is_file():
        folder.path.mkdir(parents=True, exist_ok=True)
        with locked(folder.path):
            yield _in_new_folder(planned, folder)
    else:
        _refuse_other(planned, folder)
        with _restored(planned, folder, memory) as job:
            yield job


def _in_memory(planned: PlannedNetwork) -> NetworkJob:
    if isinstance(planned, PlannedCrossValidation):
        return CrossValidationJob(planned)
    return TrainingJob(planned, MemoryRecorder(planned), planned.notes)


def _in_new_folder(planned: PlannedNetwork, folder: RunFolder) -> NetworkJob:
    if isinstance(planned, PlannedCrossValidation):
        return begin_folds(planned, folder, ())
    return begin(planned, folder, ())


@contextmanager
def _restored(
    planned: PlannedNetwork, folder: RunFolder, memory: MemoryTables | None
) -> Iterator[NetworkJob | EndedRun]:
    if isinstance(planned, PlannedCrossValidation):
        with restored_folds(folder.path, memory=memory) as job:
            yield job
        return
    with restored(folder.path, memory=memory) as before:
        yield before if isinstance(before, EndedRun) else before.reopen()


def _refuse_other(planned: PlannedNetwork, folder: RunFolder) -> None:
    """Raise SpecError when a network that was begun is not the one that would be trained now."""
    if read_limited(folder.config) != to_yaml(planned.experiment).encode():
        raise SpecError(f"{folder.config}: is no longer network {folder.path.name} of its blend; train anew")


def ended_network(number: int, planned: PlannedNetwork, ended: EndedRun) -> BlendedNetwork:
    """A network whose training had ended before."""
    assert ended.folder is not None, "it has a folder"
    run = StoredRun.open(ended.folder)
    if isinstance(planned, PlannedCrossValidation):
        folds = ended_folds(planned, RunFolder(ended.folder))
        if len(folds) < len(planned.folds):
            raise SpecError(f"{ended.folder}: some of its folds are gone; remove it, and it is trained again")
        return BlendedNetwork(number, run, tuple(folds))
    return BlendedNetwork(number, run, trained_alone(planned, run))


def trained_network(number: int, outcome: TrainedNetwork) -> BlendedNetwork:
    """A network that was just trained."""
    if isinstance(outcome, CrossValidation):
        run = StoredRun.of(outcome) if outcome.folder else MemoryCrossValidation(outcome)
        return BlendedNetwork(number, run, outcome.folds)
    recorder = outcome.recorder
    alone = MemoryRun.of(outcome, recorder) if isinstance(recorder, MemoryRecorder) else StoredRun.of(outcome)
    return BlendedNetwork(number, alone, trained_alone(outcome.prepared, alone))


def with_listener(
    on_event: OnEvent, stop: Callable[[], bool], logs: Path | None = None
) -> Callable[[int, NetworkJob], TrainedNetwork]:
    """What trains a network and passes its events on; with `logs` events are also written into folders there.

    Of folds only the epochs are passed on.
    """

    def train(number: int, job: NetworkJob) -> TrainedNetwork:
        if isinstance(job, CrossValidationJob):
            return with_fold_events(job, logs).run(of_epochs(on_event), interrupted=stop)
        return with_events(job, logs).run(on_event, interrupted=stop)

    return train
