"""Curves of a history, from which pictures and the terminal's plot are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

    from nettrain.store.history import HistoryRow

Floats = npt.NDArray[np.float64]
RATIO = 30  # of the largest to the smallest value from which a logarithmic axis is used,
LOSS_RATIO = 10  # and of losses over a training: the first ones would leave no room for the others
SPLITS = {"running_": "running", "train_": "train", "val_": "validation"}  # by beginning of a column's name
PREFIXES = tuple(SPLITS)
LABELS = {"running": "running", "train": "training", "validation": "validation"}  # of splits in legends
MAX_PANELS = 3  # above that of the learning rate


@dataclass(frozen=True)
class Curve:
    """One figure of every member (R, E) at these epochs (E,); NaN where it was not measured."""

    epochs: Floats
    values: Floats
    split: str  # running, train or validation


def panels_of(rows: "Sequence[HistoryRow]", *, running: bool = False) -> dict[str, list[Curve]]:
    """The curves of each panel by figure, the loss first; the objective has none.

    The running loss is among those of the loss if it is asked for, or if training rows were not evaluated.
    """
    keys = dict.fromkeys(key for row in rows for key in row if key.startswith(PREFIXES))
    if "train_loss" in keys and not running:
        keys.pop("running_loss", None)
    names = dict.fromkeys(key.partition("_")[2] for key in keys)
    return {
        name: [figure_of(rows, key, split) for key, split in _of_figure(name).items() if key in keys]
        for name in sorted(names, key=lambda name: name != "loss")[:MAX_PANELS]
    }


def _of_figure(name: str) -> dict[str, str]:
    """The split of each column of a history with this figure, in the order in which curves are drawn."""
    return {f"{prefix}{name}": split for prefix, split in SPLITS.items()}


def column_of(split: str, name: str) -> str:
    """The column of a history with a figure of this split."""
    return next((key for key, one in _of_figure(name).items() if one == split), name)


def figure_of(rows: "Sequence[HistoryRow]", name: str, split: str = "") -> Curve:
    """One figure over all epochs at which some member has it."""
    measured = [(row, value) for row in rows if (value := row.get(name)) is not None]
    epochs = sorted({epoch_of(row) for row, _ in measured})
    members = sorted({member_of(row) for row in rows})
    column, line = {e: k for k, e in enumerate(epochs)}, {m: k for k, m in enumerate(members)}
    values = np.full((len(members), len(epochs)), np.nan)
    for row, value in measured:
        values[line[member_of(row)], column[epoch_of(row)]] = value if np.isfinite(value) else np.nan
    return Curve(np.array(epochs, float), values, split)


def curve_of_steps(frame: "pl.DataFrame", steps: int) -> Curve:
    """The losses of a `steps.csv`, where an epoch has so many steps; each stands where its step begins."""
    number = frame["step"].to_numpy()
    member = frame["member"].to_numpy() if "member" in frame.columns else np.zeros_like(number)
    known, column = np.unique(number, return_inverse=True)
    lines, line = np.unique(member, return_inverse=True)
    values = np.full((len(lines), len(known)), np.nan)
    values[line, column] = frame["batch_loss"].to_numpy()
    return Curve((known - 1) / steps, values, "step")


def epoch_of(row: "HistoryRow") -> float:
    """The epoch of a row."""
    return row["epoch"]


def member_of(row: "HistoryRow") -> int:
    """The member of a row, 0 where there is one."""
    return int(row.get("member", 0))


def mean(values: Floats) -> Floats:
    """The mean over members (R, E) -> (E,), NaN from where the first of them ends."""
    middle: Floats = values.mean(axis=0)
    return middle


def spans_orders(values: Floats, ratio: float = RATIO) -> bool:
    """Whether finite values are positive and of such different size that a logarithmic axis shows more."""
    return bool(values.size and values.min() > 0 and values.max() / values.min() >= ratio)
