"""`confusion.png`: which classes are predicted as which."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from nettrain.output.figures.canvas import Render, add_axes, draw_heading, new_figure, png, shortened, style

Floats = npt.NDArray[np.float64]
MAX_NUMBERED = 40  # classes up to which cells hold numbers
MAX_NAMED = 60  # classes up to which each has its name
MAX_NAME = 22  # characters of a class's name
LETTER = 0.075  # inches of one
MAX_TARGETS = 12  # of which a matrix is drawn
TOP, RIGHT = 0.75, 0.25


def confusion_picture(
    matrices: Mapping[str, Floats], names: Sequence[str], title: str, *, render: Render = png
) -> bytes:
    """A PNG of the confusion matrices (K, K) by target; rows are true classes, columns predicted ones.

    Colours show the share of the true class's rows, numbers count rows or sum their weights.
    """
    shown = dict(list(matrices.items())[:MAX_TARGETS])
    with style():
        if len(shown) == 1:
            return single(next(iter(shown.values())), names, title, render)
        return several(shown, len(matrices), names, title, render)


def single(matrix: Floats, names: Sequence[str], title: str, render: Render) -> bytes:
    """One matrix, as large as its classes need."""
    count = len(matrix)
    cell = cell_size(count, matrix)
    side = max(2.2, cell * count)
    labels = [shortened(name, MAX_NAME) for name in names]
    letters = max(map(len, labels))
    upright = letters * LETTER > side / count * 0.95
    left = 0.5 + LETTER * letters
    bottom = 0.45 + (LETTER * letters if upright else 0.2)
    figure = new_figure(max(left + side + RIGHT, 4.6), TOP + side + bottom)
    draw_heading(figure, title, described(matrix))
    ax = add_axes(figure, left, bottom, side, side)
    cells(ax, matrix, side / count)
    name_axes(ax, labels, upright=upright)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    return render(figure)


def several(
    matrices: Mapping[str, Floats], total: int, names: Sequence[str], title: str, render: Render
) -> bytes:
    """A small matrix for each target."""
    side, across = 1.25, min(4, len(matrices))
    left = 0.5 + LETTER * max(map(len, names))
    wide, tall = left + side + 0.15, side + 0.85
    down = -(-len(matrices) // across)
    figure = new_figure(max(4.6, across * wide + 0.1), TOP + down * tall)
    more = f"; the first {len(matrices)} of {total} labels" if total > len(matrices) else ""
    draw_heading(figure, title, f"numbers: rows; colour: share of the true class's rows{more}")
    for k, (target, matrix) in enumerate(matrices.items()):
        low = (down - 1 - k // across) * tall + 0.55
        ax = add_axes(figure, k % across * wide + left, low, side, side)
        cells(ax, matrix, side / len(matrix))
        name_axes(ax, list(names), upright=False)
        ax.set_title(shortened(target, 22), fontsize=9, loc="left", pad=4)
        ax.set_ylabel("true" if k % across == 0 else "")
        ax.set_xlabel("predicted" if k + across >= len(matrices) else "")
    return render(figure)


def cell_size(count: int, matrix: Floats) -> float:
    """The side of a cell in inches: room for its number, less where cells are too many to be numbered."""
    if count > MAX_NUMBERED:
        return 6.5 / count
    digits = max(len(written(float(value))) for value in matrix.ravel())
    return max(0.62 if count <= 4 else 0.3 if count > 12 else 0.42, 0.068 * digits + 0.1)


def described(matrix: Floats) -> str:
    """The accuracy, and what the colours mean."""
    total = matrix.sum()
    right = f"{100 * np.trace(matrix) / total:.1f} % right" if total else "no rows"
    return f"{right}; colour: share of the true class's rows"


def cells(ax: Axes, matrix: Floats, size: float) -> None:
    """Colours and, where there is room, numbers; zeros are left out of large matrices."""
    count = len(matrix)
    rows = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, rows, out=np.zeros_like(matrix, dtype=float), where=rows > 0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    ax.grid(visible=False)
    if count > MAX_NUMBERED:
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


def name_axes(ax: Axes, labels: list[str], *, upright: bool) -> None:
    """The names of the classes on both axes, `upright` below; only some of very many."""
    every = max(1, -(-len(labels) // MAX_NAMED)) if len(labels) > MAX_NAMED else 1
    ticks = list(range(0, len(labels), every))
    small = 9 if len(labels) <= 12 else 8 if len(labels) <= MAX_NUMBERED else 6
    ax.set_xticks(ticks, [labels[k] for k in ticks], fontsize=small)
    ax.set_yticks(ticks, [labels[k] for k in ticks], fontsize=small)
    ax.tick_params(length=0)
    if upright:
        ax.tick_params(axis="x", rotation=90)
    for spine in ax.spines.values():
        spine.set_visible(True)
