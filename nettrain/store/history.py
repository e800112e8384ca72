"""`history.csv`, `timing.csv`, `diagnostics.csv` and `steps.csv`, written from events during training.

The history repeats to the bit from the same config; times, which do not, have a file of their own. All files
are whole at any time and exist from the first epoch on, so a run that is killed loses only its last seconds.
"""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from time import monotonic

from nettrain.errors import SpecError
from nettrain.experiment.monitors import RUNNING
from nettrain.files import append_atomic, write_atomic
from nettrain.store.diagnostics import DiagnosticsLog
from nettrain.store.run_folder import RunFolder, csv_text
from nettrain.store.steps import StepLog
from nettrain.training.events import EpochDone

TIMING = ("epoch", "step_seconds", "seconds")
MIN_SECONDS = 2.0  # between two writes
MIN_RATIO = 50  # of the time between two writes to that of the last one: writing takes at most 2 %
INTEGERS = ("member", "epoch", "step", "better")  # columns
MAX_ROWS = 4096  # in memory

HistoryRow = Mapping[str, float]  # columns that are in INTEGERS hold ints, member always one


class HistoryWriter:
    """Writes the files; `member_column` adds a column to all but the times.

    Memory does not grow with the length of the run. Writing raises NettrainError when the disk refuses.
    """

    def __init__(
        self, folder: RunFolder, *, member_column: bool = False, clock: Callable[[], float] = monotonic
    ) -> None:
        self.member_column = member_column
        self._folder, self._clock = folder, clock
        self._header: list[str] = []
        self._history: list[str] = []  # text that is not in the files yet
        self._timing = [csv_text(TIMING, [])]
        self._sample = DownsampledHistory()
        self.diagnostics = DiagnosticsLog(member_column=member_column)
        self._steps = StepLog(member_column=member_column)
        self._next = clock()
        self.followers: list[Callable[[], None]] = []  # write what has to reach as far as these files

    @classmethod
    def resume(cls, folder: RunFolder, epoch: float, step: int, *, member_column: bool) -> "HistoryWriter":
        """Continue the files of a run that goes on after this epoch and step; later rows are removed."""
        writer = cls(folder, member_column=member_column)
        writer._resume_history(epoch)
        writer.diagnostics.resume(folder.diagnostics, epoch)
        writer._steps.resume(folder.steps, step)
        header, rows = _read(folder.timing, epoch)
        if header:
            write_atomic(folder.timing, csv_text(header, rows))
            writer._timing.clear()
        return writer

    def _resume_history(self, epoch: float) -> None:
        header, rows = _read(self._folder.history, epoch)
        self._header = present_names(header)
        if not self._header:
            return
        write_atomic(self._folder.history, csv_text(self._header, rows))
        parsed = [_parsed(self._header, row) for row in rows]
        for _, same_epoch in groupby(parsed, lambda row: row["epoch"]):
            self._sample.add(list(same_epoch))

    @property
    def rows(self) -> list[HistoryRow]:
        """Rows for drawing: all of a short run, a sample of a long one."""
        return self._sample.rows()

    def add(self, event: EpochDone) -> None:
        """Add the time of an epoch and, when it was evaluated, a row per member; write when it is time."""
        if event.epoch:
            times = (event.epoch, round(event.step_seconds, 6), round(event.seconds, 6))
            self._timing.append(_line(times))
        if event.evaluated:
            rows = [history_row(event, k) for k in range(len(event.members))]
            self._sample.add(rows)
            self._complete_header(event)
            self._history += [_line([row.get(name) for name in self._header]) for row in rows]
        self.diagnostics.add(event)
        self._steps.add(event)
        if self._clock() >= self._next:
            self.flush()

    def _complete_header(self, event: EpochDone) -> None:
        """Make sure that the header has all figures of this evaluation."""
        if self._header:
            self._add_columns([name for name in event.figures if name not in self._header])
            return
        running = () if event.epoch else RUNNING  # which epoch 0 does not have
        header = ["epoch", "step", "learning_rate", *event.factors, *running, *event.figures, "better"]
        self._header = ["member", *header] if self.member_column else header
        self._history.append(csv_text(self._header, []))

    def _add_columns(self, names: Sequence[str]) -> None:
        """Add columns at the end: a run that is resumed with another monitor has new figures."""
        if not names:
            return
        self.flush()
        _, rows = _read(self._folder.history)
        self._header += names
        padded = [[*row, *[""] * len(names)] for row in rows]
        write_atomic(self._folder.history, csv_text(self._header, padded))

    def flush(self) -> None:
        """Bring all files up to date."""
        started, folder = self._clock(), self._folder
        texts = {
            folder.history: self._history,
            folder.timing: self._timing,
            folder.diagnostics: self.diagnostics.text,
            folder.steps: self._steps.text,
        }
        for path, text in texts.items():
            if text:
                append_atomic(path, "".join(text))
                text.clear()
        for follower in self.followers:
            follower()
        now = self._clock()
        self._next = now + max(MIN_SECONDS, MIN_RATIO * (now - started))


def read_history_rows(path: Path) -> list[HistoryRow]:
    """All rows of a `history.csv`, none when there is no file. Raises SpecError when it was changed."""
    header, rows = _read(path)
    return [_parsed(header, row) for row in rows]


class DownsampledHistory:
    """A sample of a history for drawing: every k-th epoch, and each member's best and last row.

    k doubles whenever the sample exceeds `limit` rows.
    """

    def __init__(self, limit: int = MAX_ROWS) -> None:
        self._limit, self._every, self._count = limit, 1, 0
        self._spread: list[list[HistoryRow]] = []
        self._best: dict[float, HistoryRow] = {}
        self._last: dict[float, HistoryRow] = {}

    def add(self, rows: list[HistoryRow]) -> None:
        """Add the rows of one epoch."""
        if self._count % self._every == 0:
            self._spread.append(rows)
        self._count += 1
        while len(self._spread) > 1 and len(self._spread) * len(rows) > self._limit:
            self._spread, self._every = self._spread[::2], 2 * self._every
        for row in rows:
            self._last[row["member"]] = row
            if row["better"]:
                self._best[row["member"]] = row

    def rows(self) -> list[HistoryRow]:
        """The sample, by epoch and member."""
        spread = (row for rows in self._spread for row in rows)
        all_rows = (*spread, *self._best.values(), *self._last.values())
        unique = {(row["epoch"], row["member"]): row for row in all_rows}
        return [unique[key] for key in sorted(unique)]


def _read(path: Path, epoch: float = math.inf) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a file up to this epoch; both empty when there is no file."""
    if not path.is_file():
        return [], []
    try:
        with path.open(encoding="utf-8", newline="") as f:
            header, *rows = csv.reader(f)
        return header, [row for row in rows if _parsed(header, row)["epoch"] <= epoch]
    except (ValueError, KeyError) as error:
        raise SpecError(
            f"{path}: was changed since it was written ({error}); restore or remove it"
        ) from error


def _parsed(header: Sequence[str], row: Sequence[str]) -> HistoryRow:
    """The numbers of a row of a file; empty cells are left out."""
    numbers = {
        name: (_epoch if name == "epoch" else int if name in INTEGERS else float)(cell)
        for name, cell in zip(header, row, strict=True)
        if cell
    }
    return {"member": 0, **numbers}


def _epoch(cell: str) -> float:
    """An epoch, or a part of one."""
    return int(cell) if cell.isdecimal() else float(cell)


def history_row(event: EpochDone, k: int) -> HistoryRow:
    """The row of the k-th member that still trains; before training it has no rate and no factors."""
    rates = {"learning_rate": event.learning_rate, **event.factors} if event.epoch else {}
    return {
        "member": int(event.members[k]),
        "epoch": event.epoch,
        "step": event.step,
        **{name: float(values[k]) for name, values in rates.items()},
        "better": int(event.better[k]),
        **{name: float(values[k]) for name, values in event.figures.items()},
    }


def rows_of_events(events: Iterable[EpochDone]) -> list[HistoryRow]:
    """The rows of all evaluations among the epochs of a training."""
    return [history_row(event, k) for event in events if event.evaluated for k in range(len(event.members))]


def present_names(header: Sequence[str]) -> list[str]:
    """The columns of a history by their present names: what is running_loss was train_loss once."""
    once = "train_loss" in header and "running_loss" not in header
    return [{"train_loss": "running_loss"}.get(name, name) if once else name for name in header]


def _line(cells: Iterable[float | None]) -> str:
    """Numbers as a line of CSV text, as `csv_text` has it."""
    return ",".join("" if cell is None else str(cell) for cell in cells) + "\n"
