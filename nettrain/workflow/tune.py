"""The short way for a table and a few minutes: a search, an ensemble of the best, and how good it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, time
from typing import TYPE_CHECKING

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.files import write_atomic
from nettrain.store.sweep_summary import SweepSummary
from nettrain.store.tune_folder import TuneFolder
from nettrain.store.tune_summary import (
    FoundJson,
    PhaseTimes,
    TuneSummary,
    read_tune_summary,
    write_tune_summary,
)
from nettrain.sweep.chunks import CacheSizing
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import write_results
from nettrain.sweep.sweep import Sweep
from nettrain.training.loop import never
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.source import ExperimentSource, FilePath
from nettrain.workflow.trials_frame import trials_frame
from nettrain.workflow.tuning.candidates import load_candidates
from nettrain.workflow.tuning.clock import Clock
from nettrain.workflow.tuning.ensemble import clean, write_ensemble
from nettrain.workflow.tuning.found import found_json, select
from nettrain.workflow.tuning.search import TimedSearch
from nettrain.workflow.tuning.subject import (
    TunedSubject,
    TuningOptions,
    experiment_text,
    own_values,
    subject_of,
)

if TYPE_CHECKING:
    import polars as pl

    from nettrain.workflow.run import Run

MINUTES = 10.0
ROUNDING = 1e-6  # seconds
QUICK = 5.0  # seconds for corrections after an interruption
NO_TIME: PhaseTimes = {"look": 0.0, "search": 0.0, "seeds": 0.0, "ensemble": 0.0}
LOADING = 0.4  # of the time for the ensemble, which loading candidates may take


@dataclass(frozen=True, eq=False)
class OpenedTuning:
    """A tuning in its folder, which is locked: what is tuned, its search, and the time that it has.

    `before` is how it went in earlier calls, if there were any.
    """

    subject: TunedSubject
    sweep: Sweep
    folder: TuneFolder
    clock: Clock
    before: TuneSummary | None
    look_seconds: float

    @property
    def seconds_left(self) -> float:
        """The time that is left."""
        return self.clock.ends - time()

    @property
    def is_complete(self) -> bool:
        """Whether it has ended, and is given no more minutes than it had."""
        before = self.before
        if before is None or before["status"] == "interrupted":
            return False
        return 60 * before["minutes"] >= self.clock.total - ROUNDING

    @property
    def seconds_taken(self) -> float:
        """The time so far, that of earlier calls included."""
        return self.clock.before + time() - self.clock.began

    def phases(self, search: float, seeds: float, ensemble: float) -> PhaseTimes:
        """Where the time went, that of earlier calls included."""
        before = self.before["phases"] if self.before else NO_TIME
        return {
            "look": before["look"] + self.look_seconds,
            "search": before["search"] + search,
            "seeds": before["seeds"] + seeds,
            "ensemble": before["ensemble"] + ensemble,
        }

    @property
    def measured_before(self) -> int:
        """How often its test rows have been measured."""
        found = self.before and self.before["found"]
        return found["test_measured"] if found else 0


@dataclass(frozen=True)
class TuneProgress:
    """A moment of a tuning: its phase, how far the search has come, and the time (s) taken and left."""

    phase: str
    seconds: float
    seconds_left: float
    search: SweepProgress | None = None


OnTuneProgress = Callable[[TuneProgress], None]


def ignore(progress: TuneProgress) -> None:
    """The default for `on_progress`."""


@contextmanager
def open_tuning(
    subject: TunedSubject,
    folder: TuneFolder,
    *,
    minutes: float = MINUTES,
    jobs: int | None = None,
    started: float | None = None,
) -> Iterator[OpenedTuning]:
    """A tuning in its folder, locked while the context lasts; that of the same subject goes on.

    It has so many minutes in all, counted from `started` on perf_counter's clock, by default from this call.
    Raises SpecError when something else is in the folder.
    """
    if not 0 < minutes < float("inf"):
        raise SpecError(f"minutes: {minutes:g} is not a time to tune in")
    began = time() - (0.0 if started is None else perf_counter() - started)
    before = read_tune_summary(folder.summary) if folder.summary.is_file() else None
    used = sum((before["phases"] if before else NO_TIME).values())  # type: ignore[arg-type]
    with open_sweep(
        subject.loaded, folder.path.parent, total=0, workers=jobs, folder=folder.path, memory=subject.memory
    ) as sweep:
        write_atomic(folder.experiment, experiment_text(subject))
        clock = Clock(began, 60 * minutes - used, used)
        sweep.kept_in, sweep.deadline = folder.networks, clock.training_ends
        if not sweep.devices:  # where a chunk of large networks would only take longer to its first rung
            sweep.sizing = CacheSizing(sweep.workers, fewest=1)
        yield OpenedTuning(subject, sweep, folder, clock, before, time() - began)


def run_tuning(
    tuning: OpenedTuning, on_progress: OnTuneProgress = ignore, *, interrupted: Callable[[], bool] = never
) -> TuneSummary:
    """Search, train the best with other seeds, and write the results, all within the time.

    `on_progress` is called several times a second; when `interrupted` returns True, what has ended counts.
    """
    if tuning.is_complete:
        return read_tune_summary(tuning.folder.summary)
    timed = TimedSearch(tuning.sweep, tuning.clock, own_values(tuning.subject))
    search_began, stopped = time(), _Stop(interrupted, tuning.clock.patience_ends)
    for progress in tuning.sweep.run(stopped, timed.further):
        on_progress(_progress(tuning, timed.phase, progress))
    ended = time()
    seeds = ended - timed.seeds_began if timed.seeds_began else 0.0
    searched = ended - search_began - seeds
    sweep_summary = write_results(tuning.sweep, searched + seeds)
    ends = time() + QUICK if stopped.interrupted else tuning.clock.measuring_ends
    found = _find(tuning, ends, on_progress)
    phases = tuning.phases(searched, seeds, time() - ended)
    summary = _summary(tuning, sweep_summary, phases, found, interrupted=stopped.interrupted)
    write_tune_summary(tuning.folder.summary, summary)
    return summary


def _summary(
    tuning: OpenedTuning,
    searched: SweepSummary,
    phases: PhaseTimes,
    found: FoundJson | None,
    *,
    interrupted: bool,
) -> TuneSummary:
    """The content of `tune.json`."""
    subject, results = tuning.subject, tuning.sweep.results.values()
    return {
        "experiment": subject.name,
        "status": "interrupted" if interrupted else "finished",
        "metric": searched["metric"],
        "goal": searched["goal"],
        "minutes": tuning.clock.total / 60,
        "seconds": tuning.seconds_taken,
        "phases": phases,
        "rows": {
            "rows": subject.rows,
            "choosing": subject.choosing,
            "test": subject.test_rows,
            "folds": subject.folds,
        },
        "trials": {**searched["trials"], "total": len(results)},
        "out_of_time": sum(one.out_of_time for one in results),
        "influence": searched["influence"],
        "borders": searched["borders"],
        "best": searched["best"],
        "found": found,
        "environment": searched["environment"],
        "seed": searched["seed"],
    }


class _Stop:
    """Says that a search must end at once, and remembers whether somebody has interrupted it."""

    def __init__(self, interrupted: Callable[[], bool], ends: float) -> None:
        self._interrupted, self._ends = interrupted, ends
        self.interrupted = False

    def __call__(self) -> bool:
        self.interrupted = self.interrupted or self._interrupted()
        return self.interrupted or time() >= self._ends


def _find(tuning: OpenedTuning, ends: float, on_progress: OnTuneProgress) -> FoundJson | None:
    """Make an ensemble of the best networks, and measure until `ends` how far its figures can be trusted."""
    sweep, folder = tuning.sweep, tuning.folder
    on_progress(_progress(tuning, "ensemble"))
    began = time()
    loading_ends = began + LOADING * max(ends - began, 1.0)
    candidates = load_candidates(sweep, folder.networks, lambda: time() >= loading_ends)
    if not candidates:
        return None
    selection = select(candidates, sweep.goal.metric)
    summary = write_ensemble(folder.ensemble, tuning.subject.name, selection.chosen)
    clean(folder.networks, candidates)
    return found_json(
        selection,
        sweep,
        summary,
        folder=str(folder.ensemble.path),
        ends=ends,
        measured_before=tuning.measured_before,
        on_step=lambda: on_progress(_progress(tuning, "trust")),
    )


def _progress(tuning: OpenedTuning, phase: str, search: SweepProgress | None = None) -> TuneProgress:
    return TuneProgress(phase, tuning.seconds_taken, max(tuning.seconds_left, 0.0), search)


@dataclass(frozen=True)
class TuneResult:
    """The result of a tuning.

    Attributes
    ----------
    folder : pathlib.Path
        The folder of the tuning.
    ensemble : Run or None
        The ensemble as a run, which predicts and is evaluated; None when no network came to its end.
    best_experiment : dict or None
        The whole experiment of the best single network, to be passed to `nettrain.train`.
    trials : polars.DataFrame
        One row per trial, as in the `trials` of a sweep.
    summary : dict
        The content of `tune.json`: figures with intervals and corrections, times, what mattered.
    notes : tuple of str
        Notes that the command prints before the first trial.
    """

    folder: Path
    ensemble: "Run | None" = field(repr=False)
    best_experiment: Mapping[str, object] | None = field(repr=False)
    trials: "pl.DataFrame" = field(repr=False)
    summary: TuneSummary = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)

    @property
    def status(self) -> str:
        """`finished` or `interrupted`."""
        return self.summary["status"]


def tune(
    source: ExperimentSource,
    *overrides: str,
    minutes: float = MINUTES,
    target: str | None = None,
    metric: str | None = None,
    data: object = None,
    folder: FilePath | None = None,
    out: FilePath = "tunes",
    jobs: int | None = None,
    on_event: OnTuneProgress = ignore,
    stop: Callable[[], bool] = never,
) -> TuneResult:
    """Search good settings within minutes, and make an ensemble of the best networks.

    Trials are trained in worker processes, so scripts must call this function under
    `if __name__ == "__main__":`.

    Parameters
    ----------
    source : str, path or mapping
        An experiment file, its keys as a mapping, or a table, for which an experiment is drafted as
        `nettrain init` does.
    *overrides : str
        Changes as on the command line.
    minutes : float
        The time for everything, that of earlier calls with the same folder included.
    target : str, optional
        The column of a table to predict; default: a guess.
    metric : str, optional
        What networks are compared by, of validation rows; default: log_loss, or rmse for numbers.
    data : array, frame, mapping or pair, optional
        The data, instead of the source that an experiment names, as for `train`.
    folder : str or path, optional
        The folder of the tuning; the tuning in an existing folder is continued.
    out : str or path
        Without `folder`: where to create a folder named after the experiment.
    jobs : int, optional
        Worker processes; default: one per processor or GPU.
    on_event : callable, optional
        Called with a `TuneProgress` several times a second.
    stop : callable, optional
        Called several times a second; when it returns True, the best so far make the ensemble.

    Returns
    -------
    TuneResult

    Raises
    ------
    SpecError
        When the experiment or one of its trials is wrong, or another tuning is in the folder.
    DataError
        When the data cannot be read.

    Examples
    --------
    >>> tuned = nettrain.tune("prices.csv", target="price", minutes=2)  # doctest: +SKIP
    >>> tuned.ensemble.predict("new.csv")  # doctest: +SKIP
    """
    started = perf_counter()
    memory = None if data is None else MemoryTables.of(data)
    with arguments_named("target", "metric"):
        subject = subject_of(source, overrides, TuningOptions(target, metric), memory)
    files = folder_of(source, subject, Path(out)) if folder is None else TuneFolder(Path(folder))
    with open_tuning(subject, files, minutes=minutes, jobs=jobs, started=started) as tuning:
        summary = run_tuning(tuning, on_event, interrupted=stop)
        return _result(tuning, summary)


def folder_of(source: ExperimentSource, subject: TunedSubject, out: Path) -> TuneFolder:
    """The folder of what is tuned: one named after it in `out`, or the source itself where it is one."""
    begun = None if isinstance(source, Mapping) else TuneFolder.at(Path(source))
    return begun or TuneFolder.named(out, subject.name)


def _result(tuning: OpenedTuning, summary: TuneSummary) -> TuneResult:
    from nettrain.workflow.run import Run
    from nettrain.workflow.run_files import StoredRun

    sweep, files = tuning.sweep, tuning.folder
    best = sweep.best[0].trial if sweep.best else None
    ensemble = None
    if summary["found"]:
        ensemble = Run(StoredRun.open(files.ensemble.path), (), tuning.subject.memory)
    return TuneResult(
        files.path,
        ensemble,
        None if best is None else sweep.experiment_of(best).model_dump(),
        trials_frame(sweep),
        summary,
        tuple(dict.fromkeys((*tuning.subject.notes, *sweep.notes))),
    )
