"""A tuning in the terminal: what it will do, its progress by the clock, and its report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from nettrain.output.console import print_notes
from nettrain.output.display import Display
from nettrain.output.numbers import count, plural, seconds
from nettrain.output.progress import title
from nettrain.output.report import head
from nettrain.output.sweep_progress import RunningGroup
from nettrain.output.sweep_view import draw_sweep
from nettrain.output.tune_progress import TuneState, tune_progress
from nettrain.output.tune_report import tune_report
from nettrain.store.tune_summary import TuneSummary
from nettrain.workflow.tune import OpenedTuning, TuneProgress
from nettrain.workflow.tuning.clock import Clock


def show_head(console: Console, tuning: OpenedTuning) -> None:
    """Print what is tuned, how rows choose, and how the time is divided."""
    head(
        console,
        tuning.subject.name,
        _facts(tuning),
        dict.fromkeys((*tuning.subject.notes, *tuning.sweep.notes)),
    )


def show_complete(console: Console, tuning: OpenedTuning) -> None:
    """Print that its time is over, and how to go on."""
    text = f"{tuning.folder.path}: its {tuning.clock.total / 60:g} minutes are over; --minutes N gives more"
    console.print(text, soft_wrap=True)


def _facts(tuning: OpenedTuning) -> dict[str, str]:
    sweep, clock = tuning.sweep, tuning.clock
    done = f", {plural(len(sweep.results), 'trial')} done already" if sweep.results else ""
    return {
        "rows": _rows(tuning),
        "search": f"{sweep.space.method.name}, by {title(sweep.goal.metric)}{done}",
        "over": ", ".join(one.key for one in sweep.space.parameters if one.key != "seed"),
        "time": _times(clock),
        "backend": f"{sweep.space.backend.name}, {plural(sweep.workers, 'worker')}",
    }


def _rows(tuning: OpenedTuning) -> str:
    """`16,512 rows, of which 3,302 choose; 4,128 for the test`."""
    subject = tuning.subject
    how = f"{subject.folds} folds choose" if subject.folds else f"{count(subject.choosing)} choose"
    test = f"{count(subject.test_rows)} for the test" if subject.test_rows else "none for a test"
    return f"{count(subject.rows)}, of which {how}; {test}"


def _times(clock: Clock) -> str:
    """`10 min 00 s: search until 6 min 30 s, …`."""
    search, training = (end - clock.began + clock.before for end in (clock.search_ends, clock.training_ends))
    rest = f" ({seconds(max(clock.seconds, 0))} left)" if clock.before else ""
    return (
        f"{seconds(clock.total)}{rest}: new settings until {seconds(search)}, the best with other "
        f"seeds until {seconds(training)}, then the ensemble"
    )


@contextmanager
def show_progress(
    console: Console, tuning: OpenedTuning, *, quiet: bool
) -> Iterator[Callable[[TuneProgress], None]]:
    """A function to call with every TuneProgress, which shows it."""
    display = tune_progress(console, quiet=quiet)
    try:
        yield _Progress(tuning, display).show
    finally:
        display.close()


@dataclass
class _Progress:
    tuning: OpenedTuning
    display: Display[TuneState]

    def show(self, progress: TuneProgress) -> None:
        sweep, search = self.tuning.sweep, progress.search
        if search is not None:
            print_notes(search.notes)
        best = sweep.best[0] if sweep.best else None
        running = () if search is None else search.running
        self.display.show(
            TuneState(
                phase=progress.phase,
                spent=progress.seconds,
                left=progress.seconds_left,
                done=len(sweep.results),
                metric=sweep.goal.metric,
                groups=tuple(RunningGroup(one.members, one.epoch, one.epochs) for one in running),
                best=best.trial if best else None,
                figure=best.figures[sweep.goal.metric] if best else 0.0,
                values=sweep.trials[best.trial - 1].values if best else None,
            )
        )


def show_report(console: Console, tuning: OpenedTuning, summary: TuneSummary) -> None:
    """Print the results, and draw the picture of the search."""
    draw_sweep(tuning.sweep)
    sweep = tuning.sweep
    tune_report(console, summary, sweep.influences(), sweep.what_mattered(), tuning.folder.path)
