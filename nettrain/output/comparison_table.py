"""The figures of compared experiments: side by side while there is room, otherwise a row for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.fitting import first_fitting, fits
from nettrain.output.numbers import count, deviation, figure, seconds
from nettrain.output.progress import title
from nettrain.store.run_overview import main_metric
from nettrain.workflow.compare import Comparison
from nettrain.workflow.comparison.entries import ComparedEntry

SPLITS = ("train", "val", "test")
BEST = "bold green"
NARROW, WIDE = 24, 40  # characters of a label in a heading, and in front of a row
# rows that a table with a row for each entry does without, the least needed first
DROPPED = ("time", "parameters", "epochs", "test loss", "train", "train loss", "val loss", "test")


@dataclass(frozen=True)
class FigureRow:
    """One figure or fact of all entries: a cell each, and the positions of the best."""

    name: str
    cells: Sequence[str]
    best: Sequence[int] = ()
    styles: Mapping[int, str] | None = None

    def text(self, position: int) -> Text:
        """The cell of an entry; the best is marked in bold and by a dot."""
        best = position in self.best
        mark = (" ●" if best else "  ") if self.best else ""
        style = BEST if best else (self.styles or {}).get(position, "")
        return Text(f"{self.cells[position]}{mark}", style=style)


def comparison_table(console: Console, comparison: Comparison) -> Table:
    """The table that suits the console: the entries as columns or, where they are many, as rows."""
    rows = figure_rows(comparison)
    labels = [entry.label for entry in comparison.entries]
    wide = _entries_as_columns(labels, rows)
    if len(labels) <= MOST_COLUMNS and fits(console, wide):
        return wide
    names = [name for name in DROPPED if any(_is_called(row, name) for row in rows)]
    less_and_less = (
        [row for row in rows if not any(_is_called(row, name) for name in names[:number])]
        for number in range(len(names) + 1)
    )
    return first_fitting(console, (_entries_as_rows(labels, shown) for shown in less_and_less))


MOST_COLUMNS = 5  # entries that are columns


def figure_rows(comparison: Comparison) -> list[FigureRow]:
    """The loss and the main metric on all rows, then epochs, parameters, time and what diverged."""
    entries = comparison.entries
    metric = main_metric(comparison.figures)
    names = [f"{split}_{name}" for name in ("loss", metric) if name for split in SPLITS]
    rows = [_figure_row(comparison, name) for name in names if name in comparison.figures]
    rows.append(FigureRow("epochs", [_epochs(entry) for entry in entries]))
    if len({entry.parameters for entry in entries} - {None}) > 1:
        cells = ["–" if one.parameters is None else count(one.parameters) for one in entries]
        rows.append(FigureRow("parameters", cells))
    rows.append(FigureRow("time", [_time(entry) for entry in entries]))
    if comparison.interrupted or "interrupted" in map(_status, entries):
        yellow = {k: "yellow" for k, entry in enumerate(entries) if _status(entry) != "finished"}
        rows.append(FigureRow("status", [_status(entry) for entry in entries], styles=yellow))
    if any(entry.diverged for entry in entries):
        red = {k: "red" for k, entry in enumerate(entries) if entry.diverged}
        rows.append(FigureRow("diverged", [_diverged(entry) for entry in entries], styles=red))
    return rows


def _figure_row(comparison: Comparison, name: str) -> FigureRow:
    cells = [_mean(entry, name) for entry in comparison.entries]
    best = comparison.best(name)
    return FigureRow(title(name), cells, best if len(best) < len(cells) else ())


def _mean(entry: ComparedEntry, name: str) -> str:
    """The mean and the deviation: 0.9658 ±0.0031."""
    mean, sd = entry.mean(name), entry.sd(name)
    return figure(mean) if sd is None else f"{figure(mean)} ±{deviation(mean, sd)}"


def _epochs(entry: ComparedEntry) -> str:
    """How many epochs its runs took: 60, or 12–37."""
    epochs = sorted({run.epochs for run in entry.runs})
    if not epochs:
        return "–"
    return count(epochs[0]) if len(epochs) == 1 else f"{count(epochs[0])}–{count(epochs[-1])}"


def _time(entry: ComparedEntry) -> str:
    return seconds(sum(run.seconds for run in entry.runs) / len(entry.runs)) if entry.runs else "–"


def _status(entry: ComparedEntry) -> str:
    """What became of an entry, where an interruption came before the end of one."""
    if not entry.runs:
        return "not trained"
    return "interrupted" if any(run.status == "interrupted" for run in entry.runs) else "finished"


def _diverged(entry: ComparedEntry) -> str:
    if not entry.diverged:
        return ""
    return f"{entry.diverged} of {len(entry.runs)}" if len(entry.runs) > 1 else "yes"


def _entries_as_columns(labels: Sequence[str], rows: Sequence[FigureRow]) -> Table:
    table = _table()
    table.add_column("", no_wrap=True)
    for label in labels:
        table.add_column(Text(label), justify="right", overflow="fold", max_width=NARROW)
    for row in rows:
        table.add_row(row.name, *(row.text(k) for k in range(len(labels))))
    return table


def _entries_as_rows(labels: Sequence[str], rows: Sequence[FigureRow]) -> Table:
    table = _table()
    table.add_column("", overflow="fold", style="bold", max_width=WIDE)
    for row in rows:
        table.add_column(row.name, justify="right", no_wrap=True)
    for k, label in enumerate(labels):
        table.add_row(Text(label), *(row.text(k) for row in rows))
    return table


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")


def _is_called(row: FigureRow, name: str) -> bool:
    """Whether a row is the one that is dropped by this name: `train` is the main metric of training rows."""
    return row.name == name or (row.name.startswith(f"{name} ") and row.name != f"{name} loss")
