"""Search the parameters that an experiment's sweep block names."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.store.run_folder import read_json
from nettrain.store.sweep_summary import SweepSummary
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import is_written, trials_table, write_results
from nettrain.sweep.sweep import Sweep
from nettrain.training.loop import never
from nettrain.workflow.source import ExperimentSource, load_experiment

if TYPE_CHECKING:
    import polars as pl

OnProgress = Callable[[SweepProgress], None]


def ignore(progress: SweepProgress) -> None:
    """The default for `on_progress`."""


@dataclass(frozen=True)
class SweepResult:
    """How a sweep has ended.

    Attributes
    ----------
    folder : pathlib.Path or None
        The folder of the sweep; None when it was in memory.
    trials : polars.DataFrame
        A row for each trial that has a result: its number, status, searched values, epochs and figures.
    best : dict or None
        The searched values of the best trial by dotted key; None when no trial came to its end.
    best_experiment : dict or None
        The whole experiment of the best trial, which `nettrain.train` takes.
    summary : dict
        The content of `summary.json`.
    notes : tuple of str
        What the command would have told before the first trial.
    """

    folder: Path | None
    trials: "pl.DataFrame" = field(repr=False)
    best: Mapping[str, object] | None
    best_experiment: Mapping[str, object] | None = field(repr=False)
    summary: SweepSummary = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)

    @property
    def status(self) -> str:
        """`finished` or `interrupted`."""
        return self.summary["status"]


def sweep(
    experiment: ExperimentSource,
    *overrides: str,
    data: object = None,
    folder: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    trials: int | None = None,
    jobs: int | None = None,
    on_event: OnProgress = ignore,
    stop: Callable[[], bool] = never,
) -> SweepResult:
    """Search the parameters that an experiment's sweep block names.

    Trials train in processes of their own: a script that calls this does so below
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
        The folder of the sweep; one that is there already is continued.
    out : str or path, optional
        In place of `folder`: where the folder is made, named like the experiment, as the command does in
        "sweeps". Without either, what workers share lies in a temporary folder, and no file is left.
    trials : int, optional
        Trials in all, those that are done included; default: what the experiment says.
    jobs : int, optional
        Worker processes; default: one for each processor or GPU.
    on_event : callable, optional
        Called with a `SweepProgress` whenever trials end, and some times a second while they train.
    stop : callable, optional
        Asked some times a second; the sweep is interrupted when it returns True.

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
        When the backend is not there.

    Examples
    --------
    >>> result = nettrain.sweep("configs/sweep_digits.yaml", trials=8)  # doctest: +SKIP
    >>> nettrain.train(result.best_experiment).metrics["test"]["accuracy"]  # doctest: +SKIP
    0.9667
    """
    memory = None if data is None else MemoryTables.of(data)
    loaded = load_experiment(experiment, overrides, memory)
    with (
        _place(folder, out) as place,
        open_sweep(
            loaded, place.out, total=trials, workers=jobs, folder=place.folder, memory=memory
        ) as opened,
    ):
        summary = run_sweep(opened, on_event, interrupted=stop)
        return _result(opened, summary, None if place.temporary else opened.folder.path)


@dataclass(frozen=True)
class _Place:
    """Where a sweep keeps its files: in this folder, or in one of its name below `out`."""

    out: Path
    folder: Path | None = None
    temporary: bool = False


@contextmanager
def _place(folder: str | os.PathLike[str] | None, out: str | os.PathLike[str] | None) -> Iterator[_Place]:
    if folder is not None and out is not None:
        raise SpecError(f"out: {os.fspath(out)} does not go with folder: choose one")
    if folder is not None or out is not None:
        yield _Place(Path(out or ""), None if folder is None else Path(folder))
    else:
        with TemporaryDirectory() as name:
            yield _Place(Path(name), temporary=True)


def _result(sweep: Sweep, summary: SweepSummary, folder: Path | None) -> SweepResult:
    import polars as pl

    best = sweep.best[0].trial if sweep.best else None
    return SweepResult(
        folder,
        pl.read_csv(trials_table(sweep).encode(), infer_schema_length=None),
        None if best is None else sweep.trials[best - 1].values,
        None if best is None else sweep.experiment_of(best).model_dump(),
        summary,
        sweep.notes,
    )


def is_complete(sweep: Sweep) -> bool:
    """Whether all trials have results and the files in the folder say so."""
    return not sweep.chunks and is_written(sweep)


def run_sweep(
    sweep: Sweep, on_progress: OnProgress = ignore, *, interrupted: Callable[[], bool] = never
) -> SweepSummary:
    """Train the trials that are left and write the results; a sweep that is complete stays as it is.

    `on_progress` is called whenever trials end, and some times a second while they train; `interrupted` is
    asked as often whether to stop.
    """
    if is_complete(sweep):
        return read_summary(sweep)
    started = perf_counter()
    for progress in sweep.run(interrupted):
        on_progress(progress)
    return write_results(sweep, perf_counter() - started)


def read_summary(sweep: Sweep) -> SweepSummary:
    """The summary in the sweep's folder."""
    summary: SweepSummary = read_json(sweep.folder.summary)
    return summary
