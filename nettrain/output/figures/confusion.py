"""`confusion.png`: which classes are taken for which."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nettrain.output.figures.canvas import heading, inches, png, sheet, shortened, style

Floats = npt.NDArray[np.float64]
WRITTEN = 40  # classes up to which cells hold numbers
NAMED = 60  # classes up to which each has its name
LONGEST = 22  # characters of a class's name
LETTER = 0.075  # inches of one
SEVERAL = 12  # targets that are drawn
TOP, RIGHT = 0.75, 0.25


def confusion(matrices: Mapping[str, Floats], names: Sequence[str], title: str) -> bytes:
    """The picture of confusion matrices (K, K), true classes down, by target.

    Colours are shares of a true class's rows, numbers are counts.
    """
    shown = dict(list(matrices.items())[:SEVERAL])
    with style():
        if len(shown) == 1:
            return single(next(iter(shown.values())), names, title)
        return several(shown, len(matrices), names, title)


def single(matrix: Floats, names: Sequence[str], title: str) -> bytes:
    """One matrix, as large as its classes need."""
    count = len(matrix)
    cell = cell_size(count, matrix)
    side = max(2.2, cell * count)
    labels = [shortened(name, LONGEST) for name in names]
    letters = max(map(len, labels))
    turned = letters * LETTER > side / count * 0.95
    left = 0.5 + LETTER * letters
    bottom = 0.45 + (LETTER * letters if turned else 0.2)
    figure = sheet(max(left + side + RIGHT, 4.6), TOP + side + bottom)
    heading(figure, title, described(matrix))
    ax = inches(figure, left, bottom, side, side)
    cells(ax, matrix, side / count)
    name_axes(ax, labels, turned=turned)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    return png(figure)


def several(matrices: Mapping[str, Floats], total: int, names: Sequence[str], title: str) -> bytes:
    """A small matrix for each target."""
    side, across = 1.25, min(4, len(matrices))
    left = 0.5 + LETTER * max(map(len, names))
    wide, tall = left + side + 0.15, side + 0.85
    down = -(-len(matrices) // across)
    figure = sheet(max(4.6, across * wide + 0.1), TOP + down * tall)
    more = f"; the first {len(matrices)} of {total} labels" if total > len(matrices) else ""
    heading(figure, title, f"numbers: rows; colour: share of the true class's rows{more}")
    for k, (target, matrix) in enumerate(matrices.items()):
        low = (down - 1 - k // across) * tall + 0.55
        ax = inches(figure, k % across * wide + left, low, side, side)
        cells(ax, matrix, side / len(matrix))
        name_axes(ax, list(names), turned=False)
        ax.set_title(shortened(target, 22), fontsize=9, loc="left", pad=4)
        ax.set_ylabel("true" if k % across == 0 else "")
        ax.set_xlabel("predicted" if k + across >= len(matrices) else "")
    return png(figure)


def cell_size(count: int, matrix: Floats) -> float:
    """Inches of a cell: room for its number, less where there are so many that none is written."""
    if count > WRITTEN:
        return 6.5 / count
    digits = max(len(written(float(value))) for value in matrix.ravel())
    return max(0.62 if count <= 4 else 0.3 if count > 12 else 0.42, 0.068 * digits + 0.1)


def described(matrix: Floats) -> str:
    """How many are right, and what numbers and colours are."""
    total = matrix.sum()
    right = f"{100 * np.trace(matrix) / total:.1f} % right" if total else "no rows"
    return f"{right}; colour: share of the true class's rows"


def cells(ax: Axes, matrix: Floats, size: float) -> None:
    """Colours and, where there is room, numbers; a 0 is left out of large ones."""
    count = len(matrix)
    rows = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, rows, out=np.zeros_like(matrix, dtype=float), where=rows > 0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    ax.grid(visible=False)
    if count > WRITTEN:
        return
    for edge in range(1, count):
        ax.axhline(edge - 0.5, color="#cccccc", linewidth=0.5)
        ax.axvline(edge - 0.5, color="#cccccc", linewidth=0.5)
    font = 9 if size >= 0.4 else 7
    for row, column in np.ndindex(matrix.shape):
        value = float(matrix[row, column])
        if value or count <= 5:
            color = "white" if shares[row, column] > 0.55 else "black"
            ax.text(column, row, written(value), ha="center", va="center", color=color, fontsize=font)


def written(value: float) -> str:
    """A count, or a sum of weights."""
    return f"{value:.0f}" if value == round(value) and value < 1e6 else f"{value:.3g}".replace("e+0", "e")


def name_axes(ax: Axes, labels: list[str], *, turned: bool) -> None:
    """The classes' names on both sides; of very many only some."""
    every = max(1, -(-len(labels) // NAMED)) if len(labels) > NAMED else 1
    places = list(range(0, len(labels), every))
    small = 9 if len(labels) <= 12 else 8 if len(labels) <= WRITTEN else 6
    ax.set_xticks(places, [labels[k] for k in places], fontsize=small)
    ax.set_yticks(places, [labels[k] for k in places], fontsize=small)
    ax.tick_params(length=0)
    if turned:
        ax.tick_params(axis="x", rotation=90)
    for spine in ax.spines.values():
        spine.set_visible(True)
