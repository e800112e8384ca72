"""Search the parameters that an experiment's sweep block names."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError, StoredFileError
from nettrain.store.stored_file import read_stored
from nettrain.store.sweep_summary import SweepSummary
from nettrain.sweep.anova.analysis import Anova, NoAnova
from nettrain.sweep.cluster.connection import Cluster, open_cluster
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import is_written, write_results
from nettrain.sweep.sweep import Sweep
from nettrain.training.loop import never
from nettrain.workflow.evolved_network import write_best_network
from nettrain.workflow.report.importance_json import ImportanceJson, importance_json
from nettrain.workflow.source import ExperimentSource, FilePath, load_experiment
from nettrain.workflow.tensorboard.live_sweep import SweepEvents
from nettrain.workflow.trials_frame import trials_frame

if TYPE_CHECKING:
    import polars as pl

OnProgress = Callable[[SweepProgress], None]


def ignore(progress: SweepProgress) -> None:
    """The default for `on_progress`."""


@dataclass(frozen=True)
class SweepResult:
    """The result of a sweep.

    Attributes
    ----------
    folder : pathlib.Path or None
        The folder of the sweep; None when it was in memory.
    trials : polars.DataFrame
        One row per trial that has a result: its number, status, values, epochs and figures, null where
        there is none. With folds, figures are means over them, beside their standard deviations, such as
        `val_loss_sd`. With several goals, `front` is 1 for those that no other beats; with constraints,
        `breaks` says which one breaks.
    best : dict or None
        The values of the best trial by dotted key; None when no trial finished.
    best_experiment : dict or None
        The whole experiment of the best trial, to be passed to `nettrain.train`.
    summary : dict
        The content of `summary.json`.
    notes : tuple of str
        Notes that the command prints before the first trial.
    front_experiments : dict of int to dict
        With several goals, the whole experiment of each trial on the Pareto front, by its number.
    """

    folder: Path | None
    trials: "pl.DataFrame" = field(repr=False)
    best: Mapping[str, object] | None
    best_experiment: Mapping[str, object] | None = field(repr=False)
    summary: SweepSummary = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    front_experiments: Mapping[int, Mapping[str, object]] = field(default_factory=dict, repr=False)
    _mattered: Callable[[], Sequence[Anova | NoAnova]] = field(default=tuple, repr=False)

    @cached_property
    def importance(self) -> list[ImportanceJson]:
        """What mattered for each goal: shares of variance, interactions, partial effects.

        Computed when it is asked for, which takes a second or so and needs scikit-learn.
        """
        return [importance_json(one) for one in self._mattered()]

    @property
    def front(self) -> "pl.DataFrame":
        """The rows of `trials` that no other trial beats in all goals, the best by the first one first.

        Without several goals there is no front, and no row.
        """
        import polars as pl

        numbers = [one["trial"] for one in self.summary.get("front", [])]
        order = pl.DataFrame({"trial": numbers}, schema={"trial": self.trials.schema["trial"]})
        return order.join(self.trials, on="trial", how="left", maintain_order="left")

    @property
    def status(self) -> str:
        """`finished` or `interrupted`."""
        return self.summary["status"]


def sweep(
    experiment: ExperimentSource,
    *overrides: str,
    data: object = None,
    folder: FilePath | None = None,
    out: FilePath | None = None,
    trials: int | None = None,
    jobs: int | None = None,
    cluster: object = None,
    tensorboard: FilePath | None = None,
    on_event: OnProgress = ignore,
    stop: Callable[[], bool] = never,
) -> SweepResult:
    """Search the parameters that an experiment's sweep block names.

    Without a block, the learning rate, the penalty on large weights, the hidden layers and the dropout are
    searched in ranges around the experiment's own settings, as a note says.

    Trials are trained in worker processes, so scripts must call this function under
    `if __name__ == "__main__":`.

    Parameters
    ----------
    experiment : str, path or mapping
        An experiment file, or its keys as a mapping.
    *overrides : str
        Changes as on the command line.
    data : array, frame, mapping or pair, optional
        As for `train`.
    folder : str or path, optional
        The folder of the sweep; the sweep in an existing folder is continued.
    out : str or path, optional
        Instead of `folder`: where to create a folder named after the experiment, as the command does in
        "sweeps". Without either, files are temporary.
    trials : int, optional
        Total number of trials, including those already done; default: what the experiment says.
    jobs : int, optional
        Worker processes; default: one per processor or GPU. With `cluster`, the most of its workers that are
        used; default: all.
    cluster : str, path, distributed.Client or cluster of Dask, optional
        Train on the workers of a Dask cluster: the address of its scheduler, such as "tcp://10.0.0.1:8786",
        the path of the scheduler's file, "local:4" for four workers on this machine, or an object such as
        `dask_jobqueue.SLURMCluster`.
    tensorboard : str or path, optional
        A folder on which TensorBoard is started: a folder in it, called like that of the sweep, gets the
        table of trials and, of each trial, its curves.
    on_event : callable, optional
        Called with a `SweepProgress` whenever trials end, and several times a second in between.
    stop : callable, optional
        Called several times a second; the sweep is interrupted when it returns True.

    Returns
    -------
    SweepResult

    Raises
    ------
    SpecError
        When the experiment or one of its trials is wrong, before the first one trains.
    DataError
        When the data cannot be read.
    BackendError
        When the backend is not available.
    NettrainError
        When the cluster does not answer, or its machines have other versions than this one.

    Examples
    --------
    >>> result = nettrain.sweep("configs/sweep_digits.yaml", trials=8)  # doctest: +SKIP
    >>> nettrain.train(result.best_experiment).metrics["test"]["accuracy"]  # doctest: +SKIP
    0.9667
    """
    from nettrain.workflow.tensorboard.live import log_folder

    logs = log_folder(tensorboard)
    memory = None if data is None else MemoryTables.of(data)
    loaded = load_experiment(experiment, overrides, memory)
    with (
        _location(folder, out) as location,
        cluster_for(cluster, tensorboard=tensorboard) as connected,
        open_sweep(
            loaded,
            location.out,
            total=trials,
            workers=jobs,
            folder=location.folder,
            memory=memory,
            cluster=connected,
        ) as opened,
    ):
        events = None if logs is None else SweepEvents(opened, logs)
        summary = run_sweep(opened, on_event, interrupted=stop, events=events)
        return _result(opened, summary, None if location.temporary else opened.folder.path)


@contextmanager
def cluster_for(
    cluster: object, scheduler_file: Path | None = None, *, tensorboard: FilePath | None = None
) -> Iterator[Cluster | None]:
    """The cluster that a sweep is to train on, None without one. Raises SpecError when options contradict."""
    if cluster is None and scheduler_file is None:
        yield None
        return
    if cluster is not None and scheduler_file is not None:
        raise SpecError("--scheduler-file does not go with --cluster: choose one")
    if tensorboard is not None:
        later = "nettrain export SWEEP --tensorboard DIR writes the table of trials afterwards"
        raise SpecError(f"--tensorboard does not go with a cluster, whose workers write no files; {later}")
    with open_cluster(scheduler_file or cluster) as connected:
        yield connected


@dataclass(frozen=True)
class _Location:
    """Where a sweep keeps its files: in this folder, or else in one below `out`."""

    out: Path
    folder: Path | None = None
    temporary: bool = False


@contextmanager
def _location(folder: FilePath | None, out: FilePath | None) -> Iterator[_Location]:
    if folder is not None and out is not None:
        raise SpecError(f"out: {os.fspath(out)} does not go with folder: choose one")
    if folder is not None or out is not None:
        yield _Location(Path(out or ""), None if folder is None else Path(folder))
    else:
        with TemporaryDirectory() as name:
            yield _Location(Path(name), temporary=True)


def _result(sweep: Sweep, summary: SweepSummary, folder: Path | None) -> SweepResult:
    best = sweep.best[0].trial if sweep.best else None
    return SweepResult(
        folder,
        trials_frame(sweep),
        None if best is None else sweep.trials[best - 1].values,
        None if best is None else sweep.experiment_of(best).model_dump(),
        summary,
        sweep.notes,
        {one.trial: sweep.experiment_on_front(one.trial).model_dump() for one in sweep.front},
        sweep.what_mattered,
    )


def is_complete(sweep: Sweep) -> bool:
    """Whether all trials have results, and the files in the folder have them."""
    left = sweep.chunks or sweep.refused or len(sweep.trials) < sweep.total
    return not left and is_written(sweep)


def run_sweep(
    sweep: Sweep,
    on_progress: OnProgress = ignore,
    *,
    interrupted: Callable[[], bool] = never,
    events: SweepEvents | None = None,
) -> SweepSummary:
    """Train the remaining trials and write the results; a complete sweep stays as it is.

    `on_progress` is called whenever trials end, and several times a second in between; the sweep stops when
    `interrupted`, which is called as often, returns True. Results also go to `events`, if
    they are given.
    """
    if is_complete(sweep):
        return read_summary(sweep)
    before = _seconds_before(sweep)
    started = perf_counter()
    for progress in sweep.run(interrupted):
        on_progress(progress)
        if events is not None:
            events.on_progress(progress)
    if sweep.populations:
        write_best_network(sweep)
    return write_results(sweep, before + perf_counter() - started)


def _seconds_before(sweep: Sweep) -> float:
    """How long the sweep had taken when it was interrupted, 0 for one that begins."""
    if not sweep.results or not sweep.folder.summary.is_file():
        return 0.0
    try:
        return read_summary(sweep)["timing"]["total_seconds"]
    except StoredFileError:  # it is written anew at the end
        return 0.0


def read_summary(sweep: Sweep) -> SweepSummary:
    """The summary in the sweep's folder."""
    return read_stored(sweep.folder.summary, SweepSummary)
