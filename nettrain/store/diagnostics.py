"""`diagnostics.csv`: what was measured in each layer, a row per evaluated epoch, member and layer."""

import csv
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from nettrain.errors import SpecError
from nettrain.files import write_atomic
from nettrain.store.run_folder import csv_text
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES
from nettrain.training.events import EpochDone

KEYS = ("member", "epoch", "step", "layer")
MAX_ROWS = 8192  # in memory

DiagnosticsRow = Mapping[str, int | str | float | None]  # member, epoch and step are ints, layer is text


class DiagnosticsLog:
    """The rows of a run: `text` is what is not in the file yet, and some rows are kept for drawing.

    Memory does not grow with the length of the run: of a long one every k-th epoch is kept, and the last.
    """

    def __init__(self, *, member_column: bool) -> None:
        self.header = [*(KEYS if member_column else KEYS[1:]), *QUANTITIES]
        self.text: list[str] = []
        self._begun, self._every, self._count = False, 1, 0
        self._kept: list[list[DiagnosticsRow]] = []
        self._last: list[DiagnosticsRow] = []

    def resume(self, path: Path, epoch: float) -> None:
        """Continue the file of a run that goes on after this epoch; rows of later epochs are removed."""
        rows = [row for row in read_rows(path) if int(row["epoch"] or 0) <= epoch]
        if not rows:
            path.unlink(missing_ok=True)
            return
        self._begun = True
        write_atomic(path, csv_text(self.header, [[row[name] for name in self.header] for row in rows]))
        for _, same_epoch in groupby(rows, lambda row: row["epoch"]):
            self._keep(list(same_epoch))

    def add(self, event: EpochDone) -> None:
        """Add the rows of an epoch, if it was measured."""
        rows = diagnostics_rows(event)
        if not rows:
            return
        header = () if self._begun else self.header
        lines = csv_text(header, [[row[name] for name in self.header] for row in rows])
        self.text.append(lines if header else lines.removeprefix("\n"))
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
    """The rows of a file, none when there is no file. Raises SpecError when it was changed."""
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as f:
            header, *rows = csv.reader(f)
        return [_parsed(dict(zip(header, row, strict=True))) for row in rows]
    except (ValueError, KeyError) as error:
        text = f"{path}: was changed since it was written ({error}); restore or remove it"
        raise SpecError(text) from error


def _parsed(cells: Mapping[str, str]) -> DiagnosticsRow:
    numbers = {name: float(cells[name]) if cells[name] else None for name in QUANTITIES}
    counts = {name: int(cells.get(name, "0")) for name in KEYS[:3]}
    return {**counts, "layer": cells["layer"], **numbers}
