"""What a run has recorded, as figures of a store of runs."""

from collections.abc import Iterator, Mapping

from nettrain.export.mlflow_store import TrackedFigure
from nettrain.store.diagnostics import read_rows
from nettrain.store.history import read_history_rows
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import MemberSummary, RunSummary
from nettrain.workflow.steps import read_steps
from nettrain.workflow.tensorboard.epoch_times import EpochTimes
from nettrain.workflow.tensorboard.tags import (
    Figures,
    history_figures,
    layer_figures,
    step_figures,
    summary_figures,
    time_figures,
)

MemberFigure = tuple[int, TrackedFigure]


def recorded_figures(files: RunFolder, *, by_step: bool) -> Mapping[int, list[TrackedFigure]]:
    """The figures of each member: its history, diagnostics and steps; those of the first also have the times.

    The steps of figures are epochs or, with `by_step`, steps of training; those of batches always are.
    """
    found: dict[int, list[TrackedFigure]] = {}
    for member, figure in _recorded(files, by_step=by_step):
        found.setdefault(member, []).append(figure)
    return found


def _recorded(files: RunFolder, *, by_step: bool) -> Iterator[MemberFigure]:
    times, rows = EpochTimes.of(files), read_history_rows(files.history)
    for row in rows:
        at = int(row["step"] if by_step else row["epoch"])
        yield from _at(int(row["member"]), at, times.at(row["epoch"]), history_figures(row))
    for epoch, step, step_seconds, seconds in times.rows(rows):
        at = step if by_step else int(epoch)
        yield from _at(0, at, times.at(epoch), time_figures(step_seconds, seconds))
    for layer in read_rows(files.diagnostics):
        epoch, step = float(layer["epoch"] or 0), int(layer["step"] or 0)
        figures = layer_figures([layer])
        yield from _at(int(layer["member"] or 0), step if by_step else int(epoch), times.at(epoch), figures)
    frame = read_steps(files.steps)
    for one in () if frame is None else frame.iter_rows(named=True):
        member, epoch, step = one.pop("member", 0), one.pop("epoch"), one.pop("step")
        yield from _at(member, step, times.at(epoch), step_figures(one))


def _at(member: int, step: int, when: float, figures: Figures) -> Iterator[MemberFigure]:
    return ((member, TrackedFigure(name, value, step, when)) for name, value in figures.items())


def final_tracked(summary: RunSummary | MemberSummary, step: int, when: float) -> list[TrackedFigure]:
    """The figures of final networks."""
    return [TrackedFigure(name, value, step, when) for name, value in summary_figures(summary).items()]
