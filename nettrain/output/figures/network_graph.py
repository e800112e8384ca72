"""`graph.png`: a small network as a graph, with the values of one row and the gradients of its loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle

from nettrain.inference.row_signals import Connection, LearnedValues, UnitColumn
from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    add_axes,
    draw_heading,
    new_figure,
    png,
    shortened,
    style,
)
from nettrain.output.numbers import figure as written
from nettrain.workflow.network_graph import NetworkGraph

GRADIENT = "#b0255a"  # of what is a gradient, as in red ink
POSITIVE, NEGATIVE = DARK, LIGHT
MOST_WRITTEN = 24  # connections up to which each has its numbers, and values and gradients share a drawing
CELL, TALL = 0.5, 0.36  # inches: of the cell of a number, of a unit
NAME = 1.05  # of names left of the inputs
ANSWER = 1.5  # right of the outputs
TOP, HEAD, FOOT = 0.9, 0.45, 0.3
DASHED = (0, (4, 1.2))
THINNEST, THICKEST = 0.3, 3.4  # points
WIDE, DENSE = (1.95, 0.78), (1.5, 0.43)  # inches between columns, and between units, with numbers and without
LABEL = (0.44, 0.28)  # inches of a weight and its gradient
SHARES = np.linspace(0.14, 0.86, 25)  # of a line, at which its numbers may stand
UNDER = 0.5  # inches below the outputs, for target and loss
BEHIND = 0.9  # opacity of what lies behind numbers


@dataclass(frozen=True)
class _Kind:
    """What a drawing shows: values, gradients, or both, and whether connections have numbers."""

    values: bool
    gradients: bool
    numbers: bool

    @property
    def between(self) -> tuple[float, float]:
        return WIDE if self.numbers else DENSE


def graph_picture(graph: NetworkGraph) -> bytes:
    """A PNG: a small network with all numbers in one drawing, others with values and gradients apart."""
    connections = sum(one.weight.values.size for one in graph.signals.connections)
    both = connections <= MOST_WRITTEN
    kinds = [_Kind(True, True, True)] if both else [_Kind(True, False, False), _Kind(False, True, False)]
    size = _size(graph, kinds[0])
    gap = 0.35 * (len(kinds) - 1)
    with style():
        figure = new_figure(len(kinds) * size[0] + gap, size[1] + TOP)
        draw_heading(figure, _title(graph), _note(graph))
        _key(figure, both=both)
        for k, kind in enumerate(kinds):
            ax = add_axes(figure, k * (size[0] + gap), 0.0, *size)
            ax.set_xlim(0, size[0])
            ax.set_ylim(0, size[1])
            ax.set_axis_off()
            _Drawing(graph, kind, ax).draw()
        return png(figure)


def _size(graph: NetworkGraph, kind: _Kind) -> tuple[float, float]:
    """Inches of one drawing."""
    columns = graph.signals.columns
    across, down = kind.between
    boxes = sum(_width(column) for column in columns)
    most = max(len(column.values) for column in columns)
    width = NAME + boxes + across * (len(columns) - 1) + (ANSWER if kind.values else 0.3)
    return width, HEAD + FOOT + max(most * down, len(columns[-1].values) * down + 2 * UNDER)


def _width(column: UnitColumn) -> float:
    """Inches of a unit: a cell for its value, and one for the sum before its function."""
    return CELL * (2 if shows_sum(column) else 1)


def shows_sum(column: UnitColumn) -> bool:
    """Whether the sums z of a column differ from its values."""
    return column.z is not None and not np.array_equal(column.z, column.values)


class _Drawing:
    """One drawing of the network: columns from left to right, units from top to bottom."""

    def __init__(self, graph: NetworkGraph, kind: _Kind, ax: Axes) -> None:
        self._graph, self._kind, self._ax = graph, kind, ax
        self._columns = graph.signals.columns
        across, _ = kind.between
        self._lefts = [NAME]
        for column in self._columns[:-1]:
            self._lefts.append(self._lefts[-1] + _width(column) + across)

    def draw(self) -> None:
        """Connections below, units on top."""
        for k, connection in enumerate(self._graph.signals.connections):
            self._connect(k, connection)
        for k, column in enumerate(self._columns):
            self._head(k, column)
            for j in range(len(column.values)):
                self._unit(k, j, column)
            if k and self._kind.values:
                self._biases(k, self._graph.signals.connections[k - 1].bias)
        self._name_inputs()
        if self._kind.values:
            self._answer()

    def _height(self, k: int, j: int) -> float:
        """The height of the middle of a unit."""
        _, down = self._kind.between
        middle = (_size(self._graph, self._kind)[1] - HEAD + FOOT) / 2
        return middle + down * ((len(self._columns[k].values) - 1) / 2 - j)

    def _connect(self, k: int, connection: Connection) -> None:
        """The lines between two columns: weights by sign, or gradients, the thicker the larger."""
        shown = connection.weight.values if self._kind.values else connection.weight.gradient
        largest = float(np.abs(shown).max()) or 1.0
        start, end = self._lefts[k] + _width(self._columns[k]), self._lefts[k + 1]
        lines = []
        for (i, j), value in np.ndenumerate(shown):
            heights = self._height(k, i), self._height(k + 1, j)
            self._line((start, end), heights, float(value), largest)
            lines.append(Segment(start, end, *heights))
        if self._kind.numbers:
            for at, place in zip(np.ndindex(shown.shape), free_places(lines), strict=True):
                self._write_weight(connection.weight, at, place)
        if connection.skip == "identity":
            for i in range(len(shown)):
                heights = self._height(k, i), self._height(k + 1, i)
                self._ax.plot((start, end), heights, ":", color=RULE, linewidth=1.0, zorder=1)

    def _line(
        self, ends: tuple[float, float], heights: tuple[float, float], value: float, largest: float
    ) -> None:
        color = (POSITIVE if value >= 0 else NEGATIVE) if self._kind.values else GRADIENT
        width = THINNEST + (THICKEST - THINNEST) * abs(value) / largest
        self._ax.plot(
            ends,
            heights,
            linestyle="-" if value >= 0 else DASHED,
            color=color,
            linewidth=width,
            alpha=0.75,
            zorder=1,
            solid_capstyle="butt",
            dash_capstyle="butt",
        )

    def _write_weight(self, weight: LearnedValues, at: tuple[int, ...], place: tuple[float, float]) -> None:
        """A weight, and below it its gradient, at a place on their line."""
        x, y = place
        w, tall = LABEL
        self._ax.add_patch(
            Rectangle(
                (x - w / 2, y - tall / 2), w, tall, facecolor="white", alpha=BEHIND, linewidth=0, zorder=2
            )
        )
        for value, above, color in (
            (weight.values[at], 0.065, "black"),
            (weight.gradient[at], -0.065, GRADIENT),
        ):
            self._ax.text(
                *(x, y + above, number(float(value))),
                fontsize=7,
                ha="center",
                va="center_baseline",
                color=color,
                zorder=3,
            )

    def _unit(self, k: int, j: int, column: UnitColumn) -> None:
        """A box with the sum before the function, where there is one, and the value; gradients below."""
        left, middle, width = self._lefts[k], self._height(k, j), _width(column)
        box = FancyBboxPatch(
            (left, middle - TALL / 2),
            width,
            TALL,
            boxstyle="round,pad=0,rounding_size=0.09",
            facecolor="white",
            edgecolor="#333333",
            linewidth=1.0,
            zorder=4,
        )
        self._ax.add_patch(box)
        cells = [(column.values, column.gradient)]
        if shows_sum(column) and column.z is not None and column.z_gradient is not None:
            cells.insert(0, (column.z, column.z_gradient))
            self._ax.plot(
                [left + CELL] * 2,
                [middle - TALL / 2, middle + TALL / 2],
                color="#bbbbbb",
                linewidth=0.7,
                zorder=5,
            )
        for c, (values, gradients) in enumerate(cells):
            self._cell(left + (c + 0.5) * CELL, middle, float(values[j]), float(gradients[j]))

    def _cell(self, x: float, y: float, value: float, gradient: float) -> None:
        both = self._kind.values and self._kind.gradients
        if self._kind.values:
            self._text(x, y + (0.075 if both else 0.0), number(value), "black")
        if self._kind.gradients:
            self._text(x, y - (0.075 if both else 0.0), number(gradient), GRADIENT)

    def _text(self, x: float, y: float, text: str, color: str) -> None:
        self._ax.text(x, y, text, fontsize=7.5, ha="center", va="center_baseline", color=color, zorder=6)

    def _head(self, k: int, column: UnitColumn) -> None:
        """The name of a column and its functions, above it."""
        left, top = self._lefts[k], self._height(k, 0) + TALL / 2 + 0.1
        heads = ["z", shortened(column.functions, 24)] if shows_sum(column) else []
        for c, text in enumerate(heads):
            wide = len(text) > 8  # then it begins in its cell, and goes on beyond the box
            x = left + c * CELL + (0.08 if wide else CELL / 2)
            self._ax.text(x, top, text, fontsize=8, color="#444444", ha="left" if wide else "center")
        name = {"input": "inputs", "output": "outputs"}.get(column.name, column.name)
        self._ax.text(
            *(left + _width(column) / 2, top + 0.17 * bool(heads), name),
            fontsize=8.5,
            ha="center",
            fontweight="bold",
        )

    def _biases(self, k: int, bias: LearnedValues | None) -> None:
        """Below each unit its bias and, where there is room, the gradient."""
        if bias is None:
            return
        for j in range(bias.values.shape[1]):
            x, y = self._lefts[k] + 0.03, self._height(k, j) - TALL / 2 - 0.075
            if not self._kind.numbers:
                continue
            self._ax.text(x, y, f"b {number(bias.values[0, j])}", fontsize=6.5, va="center", color="#444444")
            self._ax.text(
                *(x + (0.45 if shows_sum(self._columns[k]) else 0.27), y, number(bias.gradient[0, j])),
                fontsize=6.5,
                va="center",
                color=GRADIENT,
            )

    def _name_inputs(self) -> None:
        for j, name in enumerate(self._graph.names[0]):
            self._ax.text(
                *(NAME - 0.1, self._height(0, j), shortened(name, 16)), fontsize=8, ha="right", va="center"
            )

    def _answer(self) -> None:
        """What is predicted, and the target, beside the outputs; below them the loss."""
        last = len(self._columns) - 1
        x = self._lefts[last] + _width(self._columns[last]) + 0.1
        top = self._height(last, 0) + TALL / 2 + 0.1
        self._ax.text(x, top, "prediction", fontsize=8.5, fontweight="bold")
        units, names = len(self._columns[last].values), self._graph.names[1]
        each = units // len(names)  # beside the middle one of a target's outputs
        for j, name in enumerate(names):
            self._ax.text(
                *(x, self._height(last, j * each + each // 2), self._beside(name)),
                fontsize=8,
                va="center",
                fontweight="bold" if name in self._graph.target.values() else "normal",
            )
        low = self._height(last, units - 1) - TALL / 2 - 0.2
        target = "; ".join(f"{name} {value}" for name, value in self._graph.target.items())
        lines = f"target: {shortened(target, 24)}\nloss {written(self._graph.signals.loss)}"
        self._ax.text(x, low, lines, fontsize=8, va="top", linespacing=1.5)

    def _beside(self, name: str) -> str:
        """`versicolor: 0.93`, the probability or the number that is predicted."""
        return f"{shortened(name, 14)}: {written(self._graph.predicted[name])}"


@dataclass(frozen=True)
class Segment:
    """A line from one unit to another."""

    start: float
    end: float
    first: float
    last: float

    def at(self, share: float) -> tuple[float, float]:
        """The place after this share of the line."""
        return self.start + share * (self.end - self.start), self.first + share * (self.last - self.first)


def free_places(lines: Sequence[Segment]) -> list[tuple[float, float]]:
    """A place on each line for its numbers, as far from other numbers and lines as may be."""
    places: list[tuple[float, float]] = []
    for line in lines:
        candidates = [line.at(share) for share in SHARES]
        others = [other for other in lines if other is not line]
        central = 0.1 * np.abs(SHARES - 0.5)
        scores = np.array([_room(place, places, others) for place in candidates]) - central
        places.append(candidates[int(np.argmax(scores))])
    return places


def _room(
    place: tuple[float, float], taken: Sequence[tuple[float, float]], lines: Sequence[Segment]
) -> float:
    """How free a place is: from 0, on other numbers, to 1, half of it for a distance from other lines."""
    x, y = place
    labels = [max(abs(x - a) / LABEL[0], abs(y - b) / LABEL[1]) for a, b in taken]
    shares = [(x - line.start) / (line.end - line.start) for line in lines]
    gaps = [abs(y - line.at(share)[1]) / LABEL[1] for line, share in zip(lines, shares, strict=True)]
    return min([1.1, *labels]) + 0.5 * min([1.0, *gaps])


def number(value: float) -> str:
    """A number in a cell: three digits, and a real minus sign."""
    if value == 0 or not np.isfinite(value):
        return "0" if value == 0 else str(value)
    size = abs(value)
    text = f"{value:.1e}" if size < 1e-3 or size >= 1e4 else f"{value:.{_decimals(size)}f}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def _decimals(size: float) -> int:
    return 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0


def _title(graph: NetworkGraph) -> str:
    split = "training" if graph.options.split == "train" else graph.options.split
    return f"{graph.experiment}: {split} row {graph.options.row}, forward and backward"


def _note(graph: NetworkGraph) -> str:
    skips = {one.skip for one in graph.signals.connections} - {""}
    more = "; skip connections: dotted" if "identity" in skips else ""
    more += "; skip connections with a matrix are not drawn" if "projected" in skips else ""
    return f"black: values; red: gradients of the row's loss; {graph.weights}{more}"


def _key(figure: Figure, *, both: bool) -> None:
    """What colours and lines mean, below the heading."""
    across, up = figure.get_size_inches()
    lines = [
        Line2D([], [], color=POSITIVE, linewidth=2, label="weight above 0"),
        Line2D([], [], color=NEGATIVE, linewidth=2, linestyle=DASHED, label="weight below 0"),
    ]
    if not both:
        lines.append(Line2D([], [], color=GRADIENT, linewidth=2, label="gradient of a weight, on the right"))
    figure.legend(
        handles=lines,
        loc="upper left",
        bbox_to_anchor=(0.05 / across, 1 - 0.55 / up),
        ncols=len(lines),
        frameon=False,
        handlelength=2.4,
        columnspacing=1.4,
    )
