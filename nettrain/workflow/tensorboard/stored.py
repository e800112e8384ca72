"""Events of runs that have been trained, from the files in their folders."""

import csv
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from pathlib import Path
from typing import Self

from nettrain.errors import SpecError
from nettrain.experiment.load import read, validate
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.store.diagnostics import read_rows
from nettrain.store.history import HistoryRow, read_history_rows
from nettrain.store.model_file import read_model
from nettrain.store.run_folder import FOLDS, NETWORKS, RunFolder
from nettrain.store.summary import read_summary
from nettrain.workflow.steps import read_steps
from nettrain.workflow.tensorboard.joint import JointEvents
from nettrain.workflow.tensorboard.run_events import RunEvents, RunHead


def event_name(path: Path) -> str:
    """What the events of a run folder are called: its name, that of a fold or network after the run's."""
    own = path.resolve()
    if own.parent.name in (FOLDS, NETWORKS):
        return f"{event_name(own.parent.parent)}-{own.parent.name.removesuffix('s')}-{own.name}"
    return f"{own.parent.name}-{own.name}" if RunFolder(own).is_ensemble else own.name


def write_run(files: RunFolder, place: LogFolder, group: str) -> int:
    """Write the events of a run or, of folds and networks in folders of their own, of each; returns how many.

    `group` is the row that networks share in the table of settings.
    """
    parts = {f"fold-{one.path.name}": one for one in files.folds} if files.is_cross_validated else {}
    parts |= {f"network-{one.path.name}": one for one in files.networks}
    if not parts:
        return _write_one(files, place, group)
    summary, times = read_summary(files.summary), _Times.of(files)
    config = files.config.read_text(encoding="utf-8") if files.config.is_file() else ""
    joint = JointEvents(place, config, clock=lambda: times.began)
    if summary is not None:
        joint.end(times.ended, summary)
    return sum(write_run(own, place.part(name), group) for name, own in parts.items())


def _write_one(files: RunFolder, place: LogFolder, group: str) -> int:
    head = RunHead(validate(read(files.config)), group)
    events = write_course(files, place, head)
    summary, ended = read_summary(files.summary), _Times.of(files).ended
    if files.model.is_file():
        architecture, parameters, _ = read_model(files.model)
        events.add_weights(ended, architecture, parameters)
    if summary is not None:
        events.end(ended, summary)
    events.flush()
    return len(head.members)


def write_course(files: RunFolder, place: LogFolder, head: RunHead) -> RunEvents:
    """Write what a run has recorded so far: its history, and times, diagnostics and steps if it has them."""
    rows, times = read_history_rows(files.history), _Times.of(files)
    events = RunEvents(place, head, clock=lambda: times.began)
    for row in rows:
        at = times.at(row["epoch"])
        events.begin(at, row["epoch"], int(row["step"]))
        events.add_row(at, row)
    for epoch, step, step_seconds, seconds in times.rows(rows):
        events.add_times(times.at(epoch), epoch, step, step_seconds, seconds)
    for (epoch, _), layers in groupby(read_rows(files.diagnostics), lambda row: (row["epoch"], row["step"])):
        events.add_layers(times.at(float(epoch or 0)), list(layers))
    _add_steps(files, events, times)
    events.flush()
    return events


def _add_steps(files: RunFolder, events: RunEvents, times: "_Times") -> None:
    frame = read_steps(files.steps)
    if frame is None:
        return
    for row in frame.iter_rows(named=True):
        member, epoch, step = row.pop("member", 0), row.pop("epoch"), row.pop("step")
        figures = {name: value for name, value in row.items() if value is not None}
        events.add_step(times.at(epoch), member, step, figures)


@dataclass(frozen=True)
class _Times:
    """When (seconds since 1970) the epochs of a run ended, as far as its files say."""

    ended: float
    epochs: Sequence[float]
    step_seconds: Sequence[float]
    seconds: Sequence[float]

    @classmethod
    def of(cls, files: RunFolder) -> Self:
        """By the times of its epochs, the last of which ended when the history was written."""
        newest = next(
            (one for one in (files.history, files.summary, files.config) if one.is_file()), files.path
        )
        rows = list(_read_times(files.timing))
        columns = zip(*rows, strict=True) if rows else ((), (), ())
        epochs, step_seconds, seconds = columns
        return cls(newest.stat().st_mtime, epochs, step_seconds, seconds)

    @property
    def began(self) -> float:
        """When the first epoch began."""
        return self.ended - sum(self.seconds)

    def at(self, epoch: float) -> float:
        """When an epoch ended."""
        return self.began + self._passed[bisect_right(self.epochs, epoch)]

    @cached_property
    def _passed(self) -> list[float]:
        return [0.0, *accumulate(self.seconds)]

    def rows(self, history: Sequence[HistoryRow]) -> Iterator[tuple[float, int, float, float]]:
        """Each timed epoch with its last step, which the history has of those that were evaluated."""
        steps = {row["epoch"]: int(row["step"]) for row in history}
        for epoch, of_steps, of_all in zip(self.epochs, self.step_seconds, self.seconds, strict=True):
            if epoch in steps:
                yield epoch, steps[epoch], of_steps, of_all


def _read_times(path: Path) -> Iterator[tuple[float, float, float]]:
    """The rows of a `timing.csv`, none when there is no file. Raises SpecError when it was changed."""
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield float(row["epoch"]), float(row["step_seconds"]), float(row["seconds"])
    except (ValueError, KeyError, TypeError) as error:
        text = f"{path}: was changed since it was written ({error}); restore or remove it"
        raise SpecError(text) from error
