"""Rows of `history.csv` and `timing.csv`, gathered from events and written while training goes on.

The history repeats to the bit from the same config; whatever a clock says goes to the timing. Both files
are whole at any time and are there from the first epoch on, so a run that is killed leaves all but its latest
seconds.
"""

import csv
import math
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import Any

from nettrain.errors import SpecError
from nettrain.files import append_whole, write_whole
from nettrain.store.run_folder import RunFolder, csv_text
from nettrain.training.events import EpochDone

TIMING = ("epoch", "step_seconds", "seconds")
SECONDS = 2.0  # between two writings at least
SHARE = 50  # and so many times as long as the last one took: writing costs a fiftieth at most
WHOLE = ("member", "epoch", "step", "better")
ROWS = 4096  # kept for drawing

Row = dict[str, Any]


class HistoryWriter:
    """What has happened; `many` adds a member column. Memory does not grow with the length of the run."""

    def __init__(
        self, folder: RunFolder, *, member_column: bool = False, clock: Callable[[], float] = monotonic
    ) -> None:
        self.member_column = member_column
        self._folder, self._clock = folder, clock
        self._header: list[str] = []
        self._history: list[str] = []  # text that is not in the files yet
        self._timing = [csv_text(TIMING, [])]
        self._drawn = DownsampledHistory()
        self._next = clock()

    @classmethod
    def resume(cls, folder: RunFolder, epoch: int, *, member_column: bool) -> "HistoryWriter":
        """The records of a run that goes on after this epoch: what the files say of later ones goes."""
        records = cls(folder, member_column=member_column)
        for path in (folder.history, folder.timing):
            header, rows = _read(path, epoch)
            if not header:
                continue
            write_whole(path, csv_text(header, rows))
            if path == folder.history:
                records._header = header
                records._draw_again([_parsed(header, row) for row in rows])
            else:
                records._timing.clear()
        return records

    def _draw_again(self, rows: list[Row]) -> None:
        for _, some in groupby(rows, lambda row: row["epoch"]):
            self._drawn.add(list(some))

    @property
    def rows(self) -> list[Row]:
        """Rows for drawing: all of a short run, of a long one those that `Drawn` keeps."""
        return self._drawn.rows()

    def add(self, event: EpochDone) -> None:
        """A row per member for one evaluated epoch; every epoch's time."""
        times = (event.epoch, round(event.step_seconds, 6), round(event.seconds, 6))
        self._timing.append(_lines([times]))
        if event.evaluated:
            rows = [_row(event, k) for k in range(len(event.members))]
            self._drawn.add(rows)
            self._begin(event)
            self._history.append(_lines([[row.get(name) for name in self._header] for row in rows]))
        if self._clock() >= self._next:
            self.flush()

    def _begin(self, event: EpochDone) -> None:
        """The history's header, with the figures that every evaluation tells."""
        if self._header:
            self._widen([name for name in event.figures if name not in self._header])
            return
        header = ["epoch", "step", "learning_rate", *event.figures, "better"]
        self._header = ["member", *header] if self.member_column else header
        self._history.append(csv_text(self._header, []))

    def _widen(self, names: Sequence[str]) -> None:
        """New figures, which a run that goes on under another monitor has, get columns at the end."""
        if not names:
            return
        self.flush()
        _, rows = _read(self._folder.history)
        self._header += names
        write_whole(
            self._folder.history, csv_text(self._header, [[*row, *[""] * len(names)] for row in rows])
        )

    def flush(self) -> None:
        """Bring both files up to date."""
        started = self._clock()
        for path, text in ((self._folder.history, self._history), (self._folder.timing, self._timing)):
            if text:
                append_whole(path, "".join(text))
                text.clear()
        now = self._clock()
        self._next = now + max(SECONDS, SHARE * (now - started))


class DownsampledHistory:
    """Rows for a drawing: of ever fewer epochs, evenly spread, and each member's best and last."""

    def __init__(self, limit: int = ROWS) -> None:
        self._limit, self._every, self._count = limit, 1, 0
        self._spread: list[list[Row]] = []
        self._best: dict[int, Row] = {}
        self._last: dict[int, Row] = {}

    def add(self, rows: list[Row]) -> None:
        """The rows of one epoch."""
        if self._count % self._every == 0:
            self._spread.append(rows)
        self._count += 1
        while len(self._spread) > 1 and len(self._spread) * len(rows) > self._limit:
            self._spread, self._every = self._spread[::2], 2 * self._every
        for row in rows:
            self._last[row["member"]] = row
            if row["better"]:
                self._best[row["member"]] = row

    def rows(self) -> list[Row]:
        """All of them, by epoch and member."""
        spread = (row for rows in self._spread for row in rows)
        every = (*spread, *self._best.values(), *self._last.values())
        found = {(row["epoch"], row["member"]): row for row in every}
        return [found[place] for place in sorted(found)]


def _read(path: Path, epoch: float = math.inf) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a file, up to this epoch; nothing of a file that is not there."""
    if not path.is_file():
        return [], []
    try:
        with path.open(encoding="utf-8", newline="") as f:
            header, *rows = csv.reader(f)
        return header, [row for row in rows if _parsed(header, row)["epoch"] <= epoch]
    except (ValueError, KeyError) as error:
        raise SpecError(
            f"{path}: has been changed by another hand ({error}); put it back or remove it"
        ) from error


def _parsed(header: Sequence[str], row: Sequence[str]) -> Row:
    """A row of the history as it was when it was added."""
    numbers = {
        name: (int if name in WHOLE else float)(cell) for name, cell in zip(header, row, strict=True) if cell
    }
    return {"member": 0, **numbers}


def _row(event: EpochDone, k: int) -> Row:
    return {
        "member": int(event.members[k]),
        "epoch": event.epoch,
        "step": event.step,
        "learning_rate": float(event.learning_rate[k]),
        "better": int(event.better[k]),
        **{name: float(values[k]) for name, values in event.figures.items()},
    }


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    return csv_text((), rows).removeprefix("\n")
