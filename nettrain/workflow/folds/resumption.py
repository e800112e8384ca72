"""Continue a cross-validation that was interrupted: the folds that have ended stay as they are."""

import shlex
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nettrain.data.reading.memory import MemoryTables
from nettrain.data.tables.table import counted
from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.store.run_folder import RunFolder
from nettrain.store.seal import read_seal
from nettrain.store.stored_file import read_limited, read_stored
from nettrain.store.summary import RunSummary
from nettrain.workflow.cross_validation import CrossValidationJob
from nettrain.workflow.folds.plan import PlannedCrossValidation, PlannedFold, plan_cross_validation
from nettrain.workflow.folds.training import FoldRun
from nettrain.workflow.restored_run import EndedRun, reopened
from nettrain.workflow.run_data import refuse_other_data
from nettrain.workflow.run_files import StoredRun
from nettrain.workflow.source import load_experiment


@contextmanager
def restored_folds(
    path: Path, overrides: Sequence[str] = (), memory: MemoryTables | None = None
) -> Iterator[CrossValidationJob | EndedRun]:
    """The cross-validation in a folder, which is locked while the context lasts: the folds that are missing.

    `memory` has the data of one that was trained on data in memory. Raises SpecError for changes, which are
    for the runs of single folds, and DataError when the data have changed since folds ended.
    """
    folder = RunFolder.open_started(path)
    if overrides:
        raise SpecError(f"{path}: {_no_changes(folder, overrides)}")
    with reopened(folder) as on_folder:
        if isinstance(on_folder, EndedRun):
            yield on_folder
            return
        planned = plan_cross_validation(load_experiment(folder.config, memory=memory), memory)
        ended = ended_folds(planned, folder)
        begun = _begun_folds(planned, folder, {one.planned.number for one in ended})
        for of_all in (folder.summary, folder.fold_figures, folder.out_of_fold):
            of_all.unlink(missing_ok=True)
        folder.remove_views()
        notes = (*on_folder, *_progress(planned, ended, begun))
        yield CrossValidationJob(planned, folder, notes, tuple(ended), tuple(begun))


def _no_changes(folder: RunFolder, overrides: Sequence[str]) -> str:
    first = next((str(fold.path) for fold in folder.folds), f"{folder.path}/folds/1")
    one = shlex.join(["nettrain", "resume", first, *overrides])
    return f"its folds go on as they began; train anew for {overrides[0]}, or extend one: {one}"


def _progress(
    planned: PlannedCrossValidation, ended: Sequence[FoldRun], begun: Sequence[int]
) -> Iterator[str]:
    count = len(planned.folds)
    yield f"{len(ended)} of {count} folds have ended, and stay as they are"
    if begun:
        goes = "goes on" if len(begun) == 1 else "go on, one after the other"
        yield f"{counted(len(begun), 'fold')} had begun, and {goes}"


def ended_folds(planned: PlannedCrossValidation, folder: RunFolder) -> list[FoldRun]:
    """The folds that have ended, which are those of the plan."""
    found = []
    for fold in planned.folds:
        own = folder.fold(fold.number)
        seal = read_seal(own)
        if seal is not None:
            _refuse_other(fold, own, folder)
            refuse_other_data(own, seal["data"], fold.data, "train anew")
            found.append(FoldRun(fold, _stored(own)))
    return found


def _stored(own: RunFolder) -> StoredRun:
    """The run of a fold that has ended."""
    return StoredRun(own, read_stored(own.summary, RunSummary))


def _begun_folds(planned: PlannedCrossValidation, folder: RunFolder, ended: Collection[int]) -> list[int]:
    """The numbers of folds that were interrupted or killed; what such without a state left is removed."""
    found = []
    for fold in planned.folds:
        own = folder.fold(fold.number)
        if fold.number in ended:
            continue
        if own.checkpoint.is_file():
            _refuse_other(fold, own, folder)
            found.append(fold.number)
        else:
            shutil.rmtree(own.path, ignore_errors=True)
    return found


def _refuse_other(fold: PlannedFold, own: RunFolder, folder: RunFolder) -> None:
    """Raise SpecError when a fold that was trained is not the one that would be trained now."""
    if read_limited(own.config) != to_yaml(fold.experiment).encode():
        raise SpecError(f"{own.config}: is no longer fold {fold.number} of {folder.config}; train anew")
