"""What the picture of a lesson shows: panels with a line for each contestant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nettrain.backend.base import Floats
    from nettrain.lessons.contestant import Contestant


@dataclass(frozen=True)
class Line:
    """A line by the name of its contestant: `y` (S, N) has a row for each seed, at `x` (N,).

    `points` are not joined, and each seed has its own x (S, N).
    """

    name: str
    x: "Floats"
    y: "Floats"
    points: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines over the same axis; `log` says whether y is logarithmic, None that the values decide.

    `log_x` says whether x is.
    """

    x_label: str
    y_label: str
    lines: Sequence[Line]
    log: bool | None = None
    log_x: bool = False


Panels = Callable[["Sequence[Contestant]"], Sequence[Panel]]


def curves(*columns: str, x: str = "epoch") -> Panels:
    """Panels of columns of the history by epoch, or by another column."""
    return lambda contestants: [_curve(contestants, column, x) for column in columns]


def by_layer(figure: str, label: str, *, epoch: int = 0) -> Panels:
    """A panel of a positive figure of the diagnostics by hidden layer, before training or after an epoch."""
    return lambda contestants: [
        Panel("hidden layer", label, [_layer_line(one, figure, epoch) for one in contestants], log=True)
    ]


def _layer_line(one: "Contestant", figure: str, epoch: int) -> Line:
    import numpy as np

    values = one.by_layer(figure, epoch)
    return Line(one.name, np.arange(1.0, values.shape[1] + 1), np.where(values > 0, values, np.nan))


def diagnostic_curves(layer: str, figure: str, label: str) -> Panels:
    """A panel of a figure of one layer by epoch."""
    return lambda contestants: [
        Panel(
            "epoch", label, [Line(one.name, one.epochs, one.diagnostic(layer, figure)) for one in contestants]
        )
    ]


def joined(*several: Panels) -> Panels:
    """The panels of several functions, below each other."""
    return lambda contestants: [panel for panels in several for panel in panels(contestants)]


def _curve(contestants: "Sequence[Contestant]", column: str, x: str) -> Panel:
    lines = [
        Line(one.name, one.epochs if x == "epoch" else one.curve(x)[0], one.curve(column))
        for one in contestants
    ]
    log = False if column.endswith("accuracy") else None
    return Panel(x.replace("_", " "), spelled(column), lines, log)


def spelled(column: str) -> str:
    """A column of the history in words: `val_loss` is "validation loss"."""
    split, _, figure = column.partition("_")
    words = {"val": "validation", "train": "training"}
    return f"{words[split]} {figure}" if split in words else column.replace("_", " ")
