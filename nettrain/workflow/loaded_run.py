"""A finished run, all of its folder in memory, its history as the events that it was written from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import polars as pl

from nettrain.backend.base import Floats
from nettrain.experiment.scheduled_numbers import SCHEDULED_NUMBERS
from nettrain.store.checkpoint import read_checkpoint
from nettrain.store.diagnostics import DiagnosticsRow, read_rows
from nettrain.store.epoch_seconds import read_times
from nettrain.store.history import HistoryRow, read_history_rows
from nettrain.store.run_folder import RunFolder
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES, LayerDiagnostics
from nettrain.training.events import EpochDone, StepLosses
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.run import Run
from nettrain.workflow.steps import read_steps

FACTORS = tuple(number.factor for number in SCHEDULED_NUMBERS)
BESIDE_FIGURES = ("member", "epoch", "step", "learning_rate", *FACTORS, "better")  # columns of the history
Times = tuple[float, float]  # of the steps of an epoch, and of the whole


def load_into_memory(run: Run) -> MemoryRun:
    """The run, which needs its folder no more. Raises SpecError when its files cannot be read."""
    contents = run.contents
    if isinstance(contents, MemoryRun):
        return contents
    trained = run.trained
    files = trained.folder
    assert files is not None, "a run that is not in memory is in a folder"
    checkpoint = read_checkpoint(files.checkpoint) if files.checkpoint.is_file() else None
    events = stored_events(files, trained.experiment.training.epochs)
    return MemoryRun(trained, run.summary, events, checkpoint, has_members="member" in run.history.columns)


def stored_events(files: RunFolder, epochs: int) -> list[EpochDone]:
    """The epochs of a run of so many, as they were before they were written into its folder."""
    parts = _HistoryParts.read(files)
    events: list[EpochDone] = []
    for epoch in parts.epochs:
        events.append(parts.event(epoch, epochs, events[-1] if events else None))
    return events


@dataclass(frozen=True)
class _HistoryParts:
    """The files that a history is spread over, by epoch."""

    figures: Mapping[float, Sequence[HistoryRow]]
    layers: Mapping[float, Sequence[DiagnosticsRow]]
    times: Mapping[float, Times]
    steps: pl.DataFrame | None

    @staticmethod
    def read(files: RunFolder) -> "_HistoryParts":
        by_epoch = itemgetter("epoch")
        figures = {epoch: list(rows) for epoch, rows in groupby(read_history_rows(files.history), by_epoch)}
        layers = {epoch: list(rows) for epoch, rows in groupby(read_rows(files.diagnostics), by_epoch)}
        return _HistoryParts(figures, layers, _times(files.timing), read_steps(files.steps))

    @property
    def epochs(self) -> list[float]:
        """All epochs that ended, or parts of one."""
        return sorted({*self.figures, *self.times})

    def event(self, epoch: float, epochs: int, before: EpochDone | None) -> EpochDone:
        """An epoch of so many; one that was not evaluated has the members of that before it."""
        rows, layers = self.figures.get(epoch, ()), self.layers.get(epoch, ())
        members = [int(row["member"]) for row in rows]
        names = dict.fromkeys(name for row in rows for name in row if name not in BESIDE_FIGURES)
        first = before.step if before else 0
        last = int(rows[0]["step"]) if rows else self._last_step(epoch, first)
        return EpochDone(
            epoch,
            epochs,
            last,
            np.array(members, dtype=np.int64) if rows or before is None else before.members,
            _column(rows, "learning_rate"),
            {name: _column(rows, name) for name in names},
            _column(rows, "better") == 1,
            bool(rows),
            *self.times.get(epoch, (0.0, 0.0)),
            _layer_diagnostics(layers, len(members)) if layers else None,
            self._losses(first, last),
            {name: _column(rows, name) for name in FACTORS if any(name in row for row in rows)},
        )

    def _last_step(self, epoch: float, before: int) -> int:
        """The last step of an epoch that was not evaluated, as far as steps are recorded."""
        if self.steps is None:
            return before
        of_epoch = self.steps.filter(pl.col("epoch") == math.ceil(epoch))["step"]
        return before if of_epoch.is_empty() else int(of_epoch.to_numpy().max())

    def _losses(self, first: int, last: int) -> StepLosses | None:
        """The steps behind the first and up to the last, if they are recorded."""
        if self.steps is None or last <= first:
            return None
        rows = self.steps.filter((pl.col("step") > first) & (pl.col("step") <= last))
        steps = rows["step"].unique().sort().to_numpy()
        rates, losses, *factors = (
            rows[name].to_numpy().reshape(len(steps), -1).T.copy()
            for name in ("learning_rate", "batch_loss", *_factors_of(rows))
        )
        return StepLosses(steps, rates, losses, dict(zip(_factors_of(rows), factors, strict=True)))


def _factors_of(rows: pl.DataFrame) -> list[str]:
    return [name for name in FACTORS if name in rows.columns]


def _column(rows: Sequence[HistoryRow], name: str) -> Floats:
    return np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)


def _layer_diagnostics(rows: Sequence[DiagnosticsRow], members: int) -> LayerDiagnostics:
    layers = tuple(dict.fromkeys(str(row["layer"]) for row in rows))
    measured = (name for name in QUANTITIES if rows[0][name] is not None)
    tables = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in measured}
    return LayerDiagnostics(layers, {name: table.reshape(members, -1) for name, table in tables.items()})


def _times(path: Path) -> dict[float, Times]:
    return {one.epoch: (one.step_seconds, one.seconds) for one in read_times(path)}
