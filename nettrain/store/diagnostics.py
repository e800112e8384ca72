"""`diagnostics.csv`: what was measured in each layer, a row per evaluated epoch, member and layer."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from nettrain.store.run_folder import csv_text
from nettrain.store.stored_table import read_table
from nettrain.store.written_table import WrittenTable
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES
from nettrain.training.events import EpochDone

KEYS = ("member", "epoch", "step", "layer")
MAX_ROWS = 8192  # in memory

DiagnosticsRow = Mapping[str, int | str | float | None]  # member, epoch and step are ints, layer is text


class DiagnosticsLog:
    """The rows of a run, which go into a `table`; some are kept for drawing.

    Memory does not grow with the length of the run: of a long one every k-th epoch is kept, and the last.
    """

    def __init__(self, table: WrittenTable, *, member_column: bool) -> None:
        self.table = table
        self.header = [*(KEYS if member_column else KEYS[1:]), *QUANTITIES]
        self._begun, self._every, self._count = False, 1, 0
        self._kept: list[list[DiagnosticsRow]] = []
        self._last: list[DiagnosticsRow] = []

    def resume(self) -> None:
        """Continue the file, whose rows all count."""
        rows = read_rows(self.table.path)
        self._begun = bool(rows)
        for _, same_epoch in groupby(rows, lambda row: row["epoch"]):
            self._keep(list(same_epoch))

    def add(self, event: EpochDone) -> None:
        """Add the rows of an epoch, if it was measured."""
        rows = diagnostics_rows(event)
        if not rows:
            return
        header = () if self._begun else self.header
        lines = csv_text(header, [[row[name] for name in self.header] for row in rows])
        self.table.text.append(lines if header else lines.removeprefix("\n"))
        self._begun = True
        self._keep(rows)

    @property
    def rows(self) -> list[DiagnosticsRow]:
        """Rows for drawing: all of a short run, a sample of a long one."""
        last = [] if self._kept and self._kept[-1] is self._last else [self._last]
        return [row for rows in (*self._kept, *last) for row in rows]

    def _keep(self, rows: list[DiagnosticsRow]) -> None:
        if self._count % self._every == 0:
            self._kept.append(rows)
        self._count += 1
        while len(self._kept) > 1 and len(self._kept) * len(rows) > MAX_ROWS:
            self._kept, self._every = self._kept[::2], 2 * self._every
        self._last = rows


def diagnostics_rows(event: EpochDone) -> list[DiagnosticsRow]:
    """A row for each layer of each member; none if the epoch was not measured."""
    measured = event.diagnostics
    if measured is None:
        return []
    columns = {name: values.tolist() for name, values in measured.values.items()}
    return [
        {
            "member": member,
            "epoch": event.epoch,
            "step": event.step,
            "layer": layer,
            **{name: columns[name][k][number] if name in columns else None for name in QUANTITIES},
        }
        for k, member in enumerate(event.members.tolist())
        for number, layer in enumerate(measured.layers)
    ]


def read_rows(path: Path) -> Sequence[DiagnosticsRow]:
    """The rows of a file, none when there is no file. Raises StoredFileError when it was changed."""
    if not path.is_file():
        return []
    known = {"may_be_empty": tuple(QUANTITIES), "whole": KEYS[:3], "text": ("layer",)}
    rows = read_table(path, needs=KEYS[1:], **known)
    return [{"member": 0, **row} for row in rows]
