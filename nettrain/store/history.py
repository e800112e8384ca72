"""`history.csv`, `timing.csv`, `diagnostics.csv` and `steps.csv`, written from events during training.

The history repeats to the bit from the same config; times, which do not, have a file of their own. All files
are whole at any time and exist from the first epoch on, so a run that is killed loses only its last seconds.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from time import monotonic

from nettrain.experiment.monitors import RUNNING
from nettrain.store.diagnostics import DiagnosticsLog
from nettrain.store.run_folder import RunFolder, csv_text
from nettrain.store.steps import StepLog
from nettrain.store.stored_table import Cell, read_table
from nettrain.store.written_table import NOTHING, TableRecord, WrittenTable, read_lines, recorded_lines
from nettrain.training.events import EpochDone

TIMING = ("epoch", "step_seconds", "seconds")
MIN_SECONDS = 2.0  # between two writes
MIN_RATIO = 50  # of the time between two writes to that of the last one: writing takes at most 2 %
WHOLE = ("member", "step", "better")  # columns of whole numbers
NEEDED = ("epoch", "step", "better")  # in every row
NEWLINE = "\n"
MAX_ROWS = 4096  # in memory

HistoryRow = Mapping[str, float]  # columns in WHOLE hold ints, member always one


class HistoryWriter:
    """Writes the files; `member_column` adds a column to all but the times.

    Memory does not grow with the length of the run. Writing raises NettrainError when the disk refuses.
    """

    def __init__(
        self, folder: RunFolder, *, member_column: bool = False, clock: Callable[[], float] = monotonic
    ) -> None:
        self.member_column = member_column
        self._clock = clock
        self._header: list[str] = []
        self._history, self._timing = WrittenTable(folder.history), WrittenTable(folder.timing)
        self._timing.text.append(csv_text(TIMING, []))
        self._sample = DownsampledHistory()
        self.diagnostics = DiagnosticsLog(WrittenTable(folder.diagnostics), member_column=member_column)
        self._steps = StepLog(WrittenTable(folder.steps), member_column=member_column)
        self._tables = (self._history, self._timing, self.diagnostics.table, self._steps.table)
        self._next = clock()
        self.followers: list[Callable[[], None]] = []  # write what has to reach as far as these files

    @classmethod
    def resume(
        cls, folder: RunFolder, records: Mapping[str, TableRecord], *, member_column: bool
    ) -> "HistoryWriter":
        """Continue the files of a run that goes on from where they had these records; later rows are removed.

        Raises StoredFileError when the rows before are not those that were written; then no file has changed.
        """
        writer = cls(folder, member_column=member_column)
        kept = [recorded_lines(table.path, records.get(table.path.name, NOTHING)) for table in writer._tables]
        for table, lines in zip(writer._tables, kept, strict=True):
            if lines:
                table.text.clear()
                table.rewrite(lines)
            else:
                table.path.unlink(missing_ok=True)
        writer._resume_history(kept[0])
        writer.diagnostics.resume()
        writer._steps.resume()
        return writer

    def _resume_history(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        (self._header,) = csv.reader(lines[:1])
        for _, same_epoch in groupby(read_history_rows(self._history.path), lambda row: row["epoch"]):
            self._sample.add(list(same_epoch))

    @property
    def records(self) -> dict[str, TableRecord]:
        """What there is of each file, by its name, without what has not been flushed."""
        return {table.path.name: table.record for table in self._tables}

    @property
    def rows(self) -> list[HistoryRow]:
        """Rows for drawing: all of a short run, a sample of a long one."""
        return self._sample.rows()

    def add(self, event: EpochDone) -> None:
        """Add the time of an epoch and, when it was evaluated, a row per member; write when it is time."""
        if event.epoch:
            times = (event.epoch, round(event.step_seconds, 6), round(event.seconds, 6))
            self._timing.text.append(_line(times))
        if event.evaluated:
            rows = [history_row(event, k) for k in range(len(event.members))]
            self._sample.add(rows)
            self._complete_header(event)
            self._history.text += [_line([row.get(name) for name in self._header]) for row in rows]
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
        self._history.text.append(csv_text(self._header, []))

    def _add_columns(self, names: Sequence[str]) -> None:
        """Add columns at the end: a run that is resumed with another monitor has new figures."""
        if not names:
            return
        self.flush()
        self._header += names
        rows = read_lines(self._history.path)[1:]
        empty = "," * len(names)
        self._history.rewrite(
            [_line(self._header), *(f"{row.removesuffix(NEWLINE)}{empty}\n" for row in rows)]
        )

    def flush(self) -> None:
        """Bring all files up to date."""
        started = self._clock()
        for table in self._tables:
            table.flush()
        for follower in self.followers:
            follower()
        now = self._clock()
        self._next = now + max(MIN_SECONDS, MIN_RATIO * (now - started))


def read_history_rows(path: Path) -> list[HistoryRow]:
    """All rows of a `history.csv`, none when there is no file. Raises StoredFileError when it was changed."""
    if not path.is_file():
        return []
    return [_numbers(row) for row in read_table(path, needs=NEEDED, whole=WHOLE)]


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


def _numbers(row: Mapping[str, Cell]) -> HistoryRow:
    """The numbers of a row of a file; empty cells are left out, and a whole epoch is an int."""
    numbers = {name: cell for name, cell in row.items() if isinstance(cell, int | float)}
    epoch = numbers["epoch"]
    return {"member": 0, **numbers, "epoch": int(epoch) if epoch == int(epoch) else epoch}


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


def _line(cells: Iterable[float | str | None]) -> str:
    """Numbers, or names of columns, as a line of CSV text, as `csv_text` has it."""
    return ",".join("" if cell is None else str(cell) for cell in cells) + "\n"
