"""Loss curves in a terminal: Braille dots in two colours, or letters where output is plain text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.text import Text

from nettrain.output.history_curves import (
    LABELS,
    LOSS_RATIO,
    RATIO,
    Curve,
    Floats,
    mean,
    panels_of,
    spans_orders,
)
from nettrain.output.numbers import epoch, figure
from nettrain.store.history import HistoryRow

Bools = npt.NDArray[np.bool_]
HEIGHT, WIDTH = 8, 72  # character cells of the plot at most
MIN_EPOCHS = 3  # that make a curve
MOST_DIGITS = 9  # of labels, which have as many as tell them apart
BRAILLE = 0x2800
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a dot, by row and column of its cell


@dataclass(frozen=True)
class Pen:
    """How a curve is drawn: the colour of its dots, or the letter in plain text."""

    color: str
    letter: str


PENS = {  # by split
    "running": Pen("yellow", "."),
    "train": Pen("yellow", "."),
    "validation": Pen("bold blue", "o"),
}


@dataclass(frozen=True)
class PlotAxis:
    """The heading of a plot, the labels at both ends of its axis, and a `mark` at x = `at`.

    Values are on a logarithmic scale when the largest is `ratio` times the smallest.
    """

    heading: str
    ends: tuple[str, str]
    mark: str = ""
    at: float | None = None
    ratio: float = RATIO

    @classmethod
    def of_epochs(cls, curves: Sequence[Curve], best: float | None) -> "PlotAxis":
        """From the first to the last epoch, with a mark at the best one."""
        mark = "" if best is None else f"best {epoch(best)}"
        return cls("loss by epoch", _ends(curves), mark, best, LOSS_RATIO)

    @classmethod
    def of_curves(cls, heading: str, curves: Sequence[Curve], ratio: float = RATIO) -> "PlotAxis":
        """From the first to the last epoch."""
        return cls(heading, _ends(curves), ratio=ratio)


def _ends(curves: Sequence[Curve]) -> tuple[str, str]:
    """The first and the last epoch of any curve."""
    first, last = (f(curve.epochs[k] for curve in curves) for f, k in ((min, 0), (max, -1)))
    return epoch(first), epoch(last)


def plot_loss(console: Console, rows: Sequence[HistoryRow], best: float | None) -> None:
    """Plot the loss by epoch when there are enough epochs; `best` is the best epoch."""
    curves = panels_of(rows).get("loss", [])
    drawn = [curve for curve in curves if np.isfinite(mean(curve.values)).sum() >= MIN_EPOCHS]
    if drawn:
        print_plot(console, drawn, PlotAxis.of_epochs(drawn, best))


def print_plot(
    console: Console, curves: Sequence[Curve], axis: PlotAxis, pens: Mapping[str, Pen] = PENS
) -> None:
    """Print a plot, as far as the console can show dots; `pens` are those of the curves by their names."""
    dots = console.is_terminal and console.encoding.startswith("utf")
    for line in plot_lines(curves, axis, console.width, pens, dots=dots):
        console.print(line, no_wrap=True)


def plot_lines(
    curves: Sequence[Curve], axis: PlotAxis, width: int, pens: Mapping[str, Pen] = PENS, *, dots: bool
) -> list[Text]:
    """The lines of the plot: a heading, rows with labels, an axis and its numbers."""
    values = np.concatenate([mean(curve.values) for curve in curves])
    log = spans_orders(values[np.isfinite(values)], axis.ratio)
    scaled = [_scaled(curve, log) for curve in curves]
    low = min(float(y.min()) for _, y in scaled)
    high = max(float(y.max()) for _, y in scaled)
    if low == high:
        low, high = low - 0.1 * (abs(low) or 1), high + 0.1 * (abs(high) or 1)
    labels = _labels(low, high, log)
    margin = max(len(label) for label in labels.values())
    across = max(10, min(WIDTH, width - margin - 2))
    first, last = (f(x[k] for x, _ in scaled) for f, k in ((min, 0), (max, -1)))
    fine = (HEIGHT * 4, across * 2) if dots else (HEIGHT, across)
    marks = [_raster(x, (y - low) / (high - low), (first, last), fine) for x, y in scaled]
    used = {curve.split: pens[curve.split] for curve in curves}
    chosen = [used[curve.split] for curve in curves]
    cells = _braille(marks, chosen) if dots else _letters(marks, chosen)
    lines = _heading(axis.heading, used, log, width, dots=dots)
    for row in range(HEIGHT):
        lines.append(Text(f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}") + cells[row])
    lines.append(Text(f"{'':>{margin}} └{'─' * across}"))
    lines.append(Text(" " * (margin + 2) + _labelled_axis(axis, float(first), float(last), across)))
    return lines if dots else [_plain(line) for line in lines]


def _scaled(curve: Curve, log: bool) -> tuple[Floats, Floats]:
    """Epochs and finite values, or their logarithms."""
    y = mean(curve.values)
    finite = np.isfinite(y)
    return curve.epochs[finite], np.log10(y[finite]) if log else y[finite]


def _labels(low: float, high: float, log: bool) -> dict[int, str]:
    """The labels of the top, the middle and the bottom row."""
    rows = (0, HEIGHT // 2, HEIGHT - 1)
    values = [high - (high - low) * row / (HEIGHT - 1) for row in rows]
    values = [10**value if log else value for value in values]
    texts = [figure(value) for value in values]
    digits = 4
    while len(set(texts)) < len(texts) and digits < MOST_DIGITS:
        digits += 1
        texts = [f"{value:.{digits}g}" for value in values]
    return dict(zip(rows, texts, strict=True))


def _raster(x: Floats, y: Floats, ends: tuple[float, float], fine: tuple[int, int]) -> Bools:
    """Which points of a fine grid (rows, columns) a curve of heights y in [0, 1] passes through."""
    rows, columns = fine
    grid = np.zeros(fine, bool)
    epochs = np.linspace(*ends, columns)
    inside = (epochs >= x[0]) & (epochs <= x[-1])
    level = np.rint((1 - np.interp(epochs, x, y)) * (rows - 1)).astype(int)
    before = np.concatenate([level[:1], level[:-1]])
    for column in np.flatnonzero(inside):
        low, high = sorted((int(level[column]), int(before[column])))
        joined = slice(low + (high > low and level[column] == high), high + (level[column] == high))
        grid[joined, column] = True
        grid[level[column], column] = True
    return grid


def _braille(marks: Sequence[Bools], pens: Sequence[Pen]) -> list[Text]:
    """Cells of two by four points; where curves meet, the colour is that of the last one."""
    lines = []
    for row in range(HEIGHT):
        line = Text()
        for column in range(marks[0].shape[1] // 2):
            code, color = 0, ""
            for grid, pen in zip(marks, pens, strict=True):
                cell = grid[4 * row : 4 * row + 4, 2 * column : 2 * column + 2]
                bits = sum(BITS[i][j] for i, j in np.argwhere(cell))
                code, color = code | bits, pen.color if bits else color
            line.append(chr(BRAILLE + code) if code else " ", color)
        lines.append(line)
    return lines


def _letters(marks: Sequence[Bools], pens: Sequence[Pen]) -> list[Text]:
    """One letter per cell; where curves meet, that of the last one."""
    lines = []
    for row in range(HEIGHT):
        cells = [" "] * marks[0].shape[1]
        for grid, pen in zip(marks, pens, strict=True):
            for column in np.flatnonzero(grid[row]):
                cells[column] = pen.letter
        lines.append(Text("".join(cells)))
    return lines


def _heading(heading: str, pens: Mapping[str, Pen], log: bool, width: int, *, dots: bool) -> list[Text]:
    """What is plotted, and how to tell the curves apart; in several lines where one is too narrow."""
    lines = [Text(heading, style="bold")]
    for entry in _key(pens, log, dots=dots):
        if len(lines[-1]) + len(entry) > width:
            lines.append(Text())
        lines[-1].append_text(entry)
    return lines


def _key(pens: Mapping[str, Pen], log: bool, *, dots: bool) -> Iterator[Text]:
    """What each curve is, and whether the scale is logarithmic."""
    for name, pen in pens.items():
        entry = Text("   ").append("━━" if dots else pen.letter, pen.color if dots else "")
        yield entry.append(f" {LABELS.get(name, name)}", "not bold")
    if log:
        yield Text("   ").append("(log scale)", "not bold dim")


def _labelled_axis(axis: PlotAxis, first: float, last: float, across: int) -> str:
    """The labels of the axis from `first` to `last`, and its mark."""
    left, right = axis.ends
    line = list(left.ljust(across - len(right)) + right)
    if axis.at is not None and last > first:
        mark = f"^ {axis.mark}"
        column = round((axis.at - first) / (last - first) * (across - 1))
        start = column if column + len(mark) < across - len(right) else column - len(mark) + 1
        if start != column:
            mark = f"{axis.mark} ^"
        if start > len(left) and column < across - len(right) - 1:
            line[start : start + len(mark)] = mark
    return "".join(line)


def _plain(line: Text) -> Text:
    """The line in ASCII."""
    ascii_of = {"┤": "+", "│": "|", "└": "+", "─": "-"}
    return Text("".join(ascii_of.get(character, character) for character in line.plain).rstrip())
