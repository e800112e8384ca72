"""Search the parameters that an experiment's sweep block names."""

from collections.abc import Callable
from time import perf_counter

from nettrain.store.run_folder import read_json
from nettrain.store.sweep_summary import SweepSummary
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.summary import is_written, write_results
from nettrain.sweep.sweep import Sweep
from nettrain.training.loop import never

OnProgress = Callable[[SweepProgress], None]


def ignore(progress: SweepProgress) -> None:
    """The default for `on_progress`."""


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
