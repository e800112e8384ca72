"""Continue a run that was interrupted, or extend one that has ended."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.load import load
from nettrain.store.run_folder import RunFolder
from nettrain.training.loop import never
from nettrain.workflow.restored_run import EndedRun, restored
from nettrain.workflow.source import FilePath
from nettrain.workflow.training import OnEvent, ignore

if TYPE_CHECKING:
    from nettrain.workflow.run import Run


def resume(
    run: "Run | FilePath",
    *overrides: str,
    data: object = None,
    tensorboard: FilePath | None = None,
    on_event: OnEvent = ignore,
    stop: Callable[[], bool] = never,
) -> "Run":
    """Continue an interrupted run bit for bit, or extend one that has ended.

    Parameters
    ----------
    run : Run, str or path
        A run in a folder, or its folder. A run in memory must be saved first.
    *overrides : str
        Changes, such as "training.epochs=200". Those that would have made the training so far different are
        refused.
    data : array, frame, mapping or pair, optional
        The data that were passed to `train`, if the run was trained on data in memory.
    tensorboard : str or path, optional
        As for `train`: the events of a run that has some there go on.
    on_event : callable, optional
        Called with every event of the training.
    stop : callable, optional
        Called between steps, every 50 ms or so; training is interrupted when it returns True.

    Returns
    -------
    Run
        The run as it is now; unchanged if there was nothing left to train.

    Raises
    ------
    SpecError
        When there is no such run, it is in use, or it cannot continue with these changes.
    DataError
        When the data cannot be read, or are not those that the run was trained on.
    BackendError
        When the backend is not available.

    Examples
    --------
    >>> nettrain.resume("runs/iris", "training.epochs=200")  # doctest: +SKIP
    <Run iris in runs/iris: finished after 200 epochs, test loss 0.0613, accuracy 0.9667>
    """
    from nettrain.workflow.run import Run, open_run
    from nettrain.workflow.run_files import StoredRun
    from nettrain.workflow.tensorboard.live import log_folder, with_events

    if isinstance(run, Run) and run.folder is None:
        raise SpecError("resume: this run is in memory; save it, and resume it in its folder")
    path = Path(run.folder or "" if isinstance(run, Run) else run)
    logs = log_folder(tensorboard)
    memory = None if data is None else MemoryTables.of(data)
    kind = kind_of_run(path)
    if kind == "blend":
        return _resume_blend(path, overrides, memory, logs, on_event, stop)
    if kind == "folds":
        return _resume_folds(path, overrides, memory, logs, on_event, stop)
    with restored(path, overrides, memory) as run_before:
        if isinstance(run_before, EndedRun):
            return open_run(path)
        job = with_events(run_before.reopen(), logs)
        outcome = job.run(on_event, interrupted=stop)
    return Run(StoredRun.of(outcome), tuple(job.all_notes), memory)


def kind_of_run(path: Path) -> Literal["one", "folds", "blend"]:
    """What a run folder is of, finished or not: one training, a cross-validation, or a blend.

    Raises SpecError for the ensemble of a tuning, which no training goes on with.
    """
    folder = RunFolder(path)
    if not folder.config.is_file():
        return "one"
    experiment = load(folder.config).experiment
    if experiment.blend:
        return "blend"
    if folder.is_ensemble:
        raise SpecError(f"{path}: is an ensemble, nothing is left to train; nettrain tune goes on searching")
    return "folds" if experiment.data.trains_folds else "one"


def _resume_blend(
    path: Path,
    overrides: Sequence[str],
    memory: MemoryTables | None,
    logs: Path | None,
    on_event: OnEvent,
    stop: Callable[[], bool],
) -> "Run":
    """Train the networks of a blend that have not ended."""
    from nettrain.workflow.blending.jobs import with_listener
    from nettrain.workflow.blending.resumption import restored_blend
    from nettrain.workflow.run import Run, open_run
    from nettrain.workflow.run_files import StoredRun

    with restored_blend(path, overrides, memory) as job:
        if isinstance(job, EndedRun):
            return open_run(path)
        outcome = job.run(with_listener(on_event, stop, logs))
    return Run(StoredRun.of(outcome), tuple(job.all_notes), memory)


def _resume_folds(
    path: Path,
    overrides: Sequence[str],
    memory: MemoryTables | None,
    logs: Path | None,
    on_event: OnEvent,
    stop: Callable[[], bool],
) -> "Run":
    """Train the folds of a cross-validation that have not ended."""
    from nettrain.workflow.folds.resumption import restored_folds
    from nettrain.workflow.folds.training import of_epochs
    from nettrain.workflow.run import Run, open_run
    from nettrain.workflow.run_files import StoredRun
    from nettrain.workflow.tensorboard.live_folds import with_fold_events

    with restored_folds(path, overrides, memory) as before:
        if isinstance(before, EndedRun):
            return open_run(path)
        job = with_fold_events(before, logs)
        outcome = job.run(of_epochs(on_event), interrupted=stop)
    return Run(StoredRun.of(outcome), tuple(job.all_notes), memory)
