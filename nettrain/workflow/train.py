"""Train the network of an experiment."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.load import LoadedExperiment, to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.store.checkpointer import Checkpointer
from nettrain.store.history import HistoryWriter
from nettrain.store.run_folder import RunFolder
from nettrain.training.loop import never
from nettrain.workflow.preparation import PreparedTraining, prepare_training
from nettrain.workflow.recording import FolderRecorder
from nettrain.workflow.source import ExperimentSource, FilePath, load_experiment
from nettrain.workflow.training import OnEvent, TrainingJob, ignore

if TYPE_CHECKING:
    from nettrain.workflow.run import Run
    from nettrain.workflow.run_contents import RunContents


def train(
    experiment: ExperimentSource,
    *overrides: str,
    data: object = None,
    folder: FilePath | None = None,
    out: FilePath | None = None,
    profile: bool = False,
    tensorboard: FilePath | None = None,
    on_event: OnEvent = ignore,
    stop: Callable[[], bool] = never,
) -> "Run":
    """Train the network of an experiment or, where it has `data.folds`, one for each fold side by side.

    Where it has a `blend`, all of its networks are trained, and their weighted mean predicts.

    Parameters
    ----------
    experiment : str, path or mapping
        An experiment file, or its content as a mapping. Paths in a file are relative to its folder, those in
        a mapping and in overrides to the current folder.
    *overrides : str
        Changes as on the command line, such as "optimizer.learning_rate=0.01".
    data : array, frame, mapping or pair, optional
        The data, instead of the source that the experiment names: a NumPy array (N, C), a Polars or pandas
        frame, a mapping from names to columns, or a pair (X, y); or a mapping from "train", "validation" and
        "test" to any of these.
    folder : str or path, optional
        The run folder to write; it must be empty or not exist.
    out : str or path, optional
        Instead of `folder`: where to create a run folder named after the experiment, as the command does in
        "runs". Without either, nothing is written and the run stays in memory.
    profile : bool
        Whether to measure how long each part takes; `summary["profile"]` then has seconds by phase. Not with
        folds, nor of a blend.
    tensorboard : str or path, optional
        A folder on which TensorBoard is started: events are written into a folder in it, which is called like
        the run folder or else like the experiment, and are complete after each epoch.
    on_event : callable, optional
        Called with every event of the training: `EpochDone`, `MemberStopped` and `TrainingDone`. With folds
        these are the `EpochDone` of folds that train together, as members of one training.
    stop : callable, optional
        Called between steps, every 50 ms or so; training is interrupted when it returns True.

    Returns
    -------
    Run
        Its `status` says whether training finished, diverged or was interrupted. With folds it predicts the
        mean of their networks, and has `folds` and `out_of_fold`.

    Raises
    ------
    SpecError
        When the experiment is wrong, with one line per problem, or when the folder is in use.
    DataError
        When the data cannot be read, or do not fit the experiment.
    BackendError
        When the backend is not available, or its device has too little memory.

    Examples
    --------
    >>> import nettrain
    >>> run = nettrain.train({"data": {"source": "builtin:iris", "test": 0.2}}, "training.epochs=20")
    >>> round(run.metrics["test"]["accuracy"], 1) > 0.5
    True
    """
    from nettrain.workflow.in_memory import MemoryRecorder, MemoryRun
    from nettrain.workflow.run import Run
    from nettrain.workflow.run_files import StoredRun
    from nettrain.workflow.tensorboard.live import log_folder, with_events

    if folder is not None and out is not None:
        raise SpecError(f"out: {os.fspath(out)} does not go with folder: choose one")
    logs = log_folder(tensorboard)
    memory = None if data is None else MemoryTables.of(data)
    loaded = load_experiment(experiment, overrides, memory, blended=True)
    if profile:
        refuse_for_several("profile", loaded.experiment)
    if loaded.experiment.blend:
        return _train_blend(loaded, memory, _Places(folder, out, logs), on_event, stop)
    if loaded.experiment.data.trains_folds:
        return _train_folds(loaded, memory, _Places(folder, out, logs), on_event, stop)
    prepared, places = prepare_training(loaded, memory, profile=profile), _Places(folder, out, logs)
    if places.in_memory:
        recorder = MemoryRecorder(prepared)
        job = with_events(TrainingJob(prepared, recorder, prepared.notes), logs)
        contents: RunContents = MemoryRun.of(job.run(on_event, interrupted=stop), recorder)
    else:
        with places.run_folder(prepared.experiment, loaded.folder) as (files, on_folder):
            job = with_events(begin(prepared, files, on_folder), logs)
            contents = StoredRun.of(job.run(on_event, interrupted=stop))
    return Run(contents, tuple(job.all_notes), memory)


def refuse_for_several(option: str, experiment: Experiment) -> None:
    """Raise SpecError for an option of one training where an experiment has several."""
    alone = ("blend=[]",) if experiment.blend else ()
    if experiment.data.trains_folds:
        alone = (*alone, "data.folds.take=1")
    if alone:
        raise SpecError(f"{option}: is for one training; {' '.join(alone)} trains {_the_first(experiment)}")


def _the_first(experiment: Experiment) -> str:
    fold = "the first fold" if experiment.data.trains_folds else ""
    if not experiment.blend:
        return f"{fold} alone"
    return f"{fold} of the file's own network alone" if fold else "the file's own network alone"


@dataclass(frozen=True)
class _Places:
    """Where a run is written: into this folder or else a new one in `out`, and its events into `logs`."""

    folder: FilePath | None
    out: FilePath | None
    logs: Path | None

    @property
    def in_memory(self) -> bool:
        """Whether nothing is written but events."""
        return self.folder is None and self.out is None

    @contextmanager
    def run_folder(self, experiment: Experiment, beside: Path) -> Iterator[tuple[RunFolder, list[str]]]:
        """The folder of a run, locked while the context lasts, and notes on it."""
        from nettrain.workflow.run_files import new_run_folder, unused_folder

        if self.folder is None:
            with new_run_folder(experiment, Path(self.out or ""), beside) as found:
                yield found
        else:
            with unused_folder(Path(self.folder)) as (files, note):
                yield files, [note] if note else []


def _train_folds(
    loaded: LoadedExperiment,
    memory: MemoryTables | None,
    places: _Places,
    on_event: OnEvent,
    stop: Callable[[], bool],
) -> "Run":
    """Train a network for each fold; events are those of populations of folds."""
    from nettrain.workflow.cross_validation import CrossValidationJob, begin
    from nettrain.workflow.folds.in_memory import MemoryCrossValidation
    from nettrain.workflow.folds.plan import plan_cross_validation
    from nettrain.workflow.folds.training import of_epochs
    from nettrain.workflow.run import Run
    from nettrain.workflow.run_files import StoredRun
    from nettrain.workflow.tensorboard.live_folds import with_fold_events

    on_fold_event, planned = of_epochs(on_event), plan_cross_validation(loaded, memory)
    if places.in_memory:
        job = with_fold_events(CrossValidationJob(planned), places.logs)
        contents: RunContents = MemoryCrossValidation(job.run(on_fold_event, interrupted=stop))
    else:
        with places.run_folder(planned.experiment, loaded.folder) as (files, notes):
            job = with_fold_events(begin(planned, files, notes), places.logs)
            contents = StoredRun.of(job.run(on_fold_event, interrupted=stop))
    return Run(contents, tuple(job.all_notes), memory)


def _train_blend(
    loaded: LoadedExperiment,
    memory: MemoryTables | None,
    places: _Places,
    on_event: OnEvent,
    stop: Callable[[], bool],
) -> "Run":
    """Train all networks of a blend; events are those of each of them."""
    from nettrain.workflow.blending.blend import BlendJob, begin
    from nettrain.workflow.blending.in_memory import MemoryBlend
    from nettrain.workflow.blending.jobs import with_listener
    from nettrain.workflow.blending.plan import plan_blend
    from nettrain.workflow.run import Run
    from nettrain.workflow.run_files import StoredRun

    planned, train_one = plan_blend(loaded, memory), with_listener(on_event, stop, places.logs)
    if places.in_memory:
        job = BlendJob(planned)
        contents: RunContents = MemoryBlend(job.run(train_one))
    else:
        with places.run_folder(planned.experiment, loaded.folder) as (files, notes):
            job = begin(planned, files, notes)
            contents = StoredRun.of(job.run(train_one))
    return Run(contents, tuple(job.all_notes), memory)


def begin(prepared: PreparedTraining, folder: RunFolder, notes: Sequence[str]) -> TrainingJob:
    """The training of a new run in this folder, which has its experiment from now on."""
    write_atomic(folder.config, to_yaml(prepared.experiment))
    history = HistoryWriter(folder, member_column=len(prepared.members) > 1)
    checkpointer = Checkpointer(prepared.training, prepared.data, folder, history)
    recorder = FolderRecorder(folder, history, checkpointer)
    return TrainingJob(prepared, recorder, (*notes, *prepared.notes))
