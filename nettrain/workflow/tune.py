"""The short way for a table and a few minutes: a search, an ensemble of the best, and how good it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, time

from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.files import write_atomic
from nettrain.store.run_folder import read_json, write_json
from nettrain.store.tune_folder import TuneFolder
from nettrain.store.tune_summary import PhaseTimes, TuneSummary
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import write_results
from nettrain.sweep.sweep import Sweep
from nettrain.training.loop import never
from nettrain.workflow.tuning.clock import Clock
from nettrain.workflow.tuning.search import TimedSearch
from nettrain.workflow.tuning.subject import TunedSubject, own_values

MINUTES = 10.0
PATIENCE = 1.0  # seconds that workers have to end their step when the time is over


@dataclass(frozen=True, eq=False)
class OpenedTuning:
    """A tuning in its folder, which is locked: what is tuned, its search, and the time that it has.

    `seconds_before` are those that it took in earlier calls, `phases_before` where they went.
    """

    subject: TunedSubject
    sweep: Sweep
    folder: TuneFolder
    clock: Clock
    phases_before: PhaseTimes
    look_seconds: float

    @property
    def seconds_left(self) -> float:
        """The time that is left."""
        return self.clock.ends - time()

    @property
    def is_complete(self) -> bool:
        """Whether its minutes are over and all that comes of it is written."""
        return self.seconds_left <= 0 and self.folder.summary.is_file()


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
    phases = _phases_before(folder)
    with open_sweep(
        subject.loaded, folder.path.parent, total=0, workers=jobs, folder=folder.path, memory=subject.memory
    ) as sweep:
        write_atomic(folder.experiment, to_yaml(subject.experiment))
        clock = Clock(began - sum(phases.values()), 60 * minutes)  # type: ignore[arg-type]
        sweep.kept_in, sweep.deadline = folder.networks, clock.training_ends
        yield OpenedTuning(subject, sweep, folder, clock, phases, time() - began)


def _phases_before(folder: TuneFolder) -> PhaseTimes:
    """Where the time of earlier calls went; 0 for a tuning that begins."""
    if not folder.summary.is_file():
        return {"look": 0.0, "search": 0.0, "seeds": 0.0, "ensemble": 0.0}
    summary: TuneSummary = read_json(folder.summary)
    return summary["phases"]


def run_tuning(
    tuning: OpenedTuning, on_progress: OnTuneProgress = ignore, *, interrupted: Callable[[], bool] = never
) -> TuneSummary:
    """Search, train the best with other seeds, and write the results, all within the time.

    `on_progress` is called several times a second; when `interrupted` returns True, what has ended counts.
    """
    timed = TimedSearch(tuning.sweep, tuning.clock, own_values(tuning.subject))
    search_began = time()
    stopped = False

    def stops() -> bool:
        nonlocal stopped
        stopped = stopped or interrupted()
        return stopped or time() >= tuning.clock.training_ends + PATIENCE

    if tuning.seconds_left > 0:
        for progress in tuning.sweep.run(stops, timed.further):
            on_progress(_progress(tuning, timed.phase, progress))
    ended = time()
    seeds = ended - timed.seeds_began if timed.seeds_began else 0.0
    before = tuning.phases_before
    phases: PhaseTimes = {
        "look": before["look"] + tuning.look_seconds,
        "search": before["search"] + ended - search_began - seeds,
        "seeds": before["seeds"] + seeds,
        "ensemble": before["ensemble"],
    }
    sweep_summary = write_results(tuning.sweep, phases["search"] + phases["seeds"])
    summary: TuneSummary = {
        "experiment": tuning.subject.name,
        "status": "interrupted" if stopped else "finished",
        "metric": sweep_summary["metric"],
        "goal": sweep_summary["goal"],
        "minutes": tuning.clock.seconds / 60,
        "seconds": time() - tuning.clock.began,
        "phases": phases,
        "rows": {
            "rows": tuning.subject.rows,
            "choosing": tuning.subject.choosing,
            "test": tuning.subject.test_rows,
            "folds": tuning.subject.folds,
        },
        "trials": sweep_summary["trials"],
        "out_of_time": sum(one.out_of_time for one in tuning.sweep.results.values()),
        "best": sweep_summary["best"],
        "environment": sweep_summary["environment"],
        "seed": sweep_summary["seed"],
    }
    write_json(tuning.folder.summary, summary)
    return summary


def _progress(tuning: OpenedTuning, phase: str, search: SweepProgress | None = None) -> TuneProgress:
    return TuneProgress(phase, time() - tuning.clock.began, max(tuning.seconds_left, 0.0), search)
