"""A history as curves: what pictures and the terminal's sketch are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RATIO = 30  # largest by smallest value from which a log axis says more
MOST = 3  # panels above that of the learning rate


@dataclass(frozen=True)
class Curve:
    """One figure of every member (R, E) at these epochs (E,); NaN where it was not measured."""

    epochs: Floats
    values: Floats
    side: str  # train or validation


def panels_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Curve]]:
    """The curves of each panel, the loss first; an objective that is the loss is left out."""
    known = dict.fromkeys(name for row in rows for name in row if name.startswith(("train_", "val_")))
    names = dict.fromkeys(name.partition("_")[2] for name in known)
    found = {}
    for name in sorted(names, key=lambda name: name != "loss")[:MOST]:
        sides = {"train": f"train_{name}", "validation": f"val_{name}"}
        found[name] = [figure_of(rows, key, side) for side, key in sides.items() if key in known]
    return found


def figure_of(rows: Sequence[Mapping[str, Any]], name: str, side: str = "") -> Curve:
    """One figure over all epochs at which some member has it."""
    there = [row for row in rows if row.get(name) is not None]
    epochs = sorted({int(row["epoch"]) for row in there})
    members = sorted({int(row.get("member", 0)) for row in rows})
    column, line = {e: k for k, e in enumerate(epochs)}, {m: k for k, m in enumerate(members)}
    values = np.full((len(members), len(epochs)), np.nan)
    for row in there:
        value = float(row[name])
        values[line[int(row.get("member", 0))], column[int(row["epoch"])]] = (
            value if np.isfinite(value) else np.nan
        )
    return Curve(np.array(epochs, float), values, side)


def mean(values: Floats) -> Floats:
    """The mean over members, up to where the first of them ends."""
    middle: Floats = values.mean(axis=0)
    return middle


def wide(values: Floats) -> bool:
    """Whether values, all finite, are positive and of so different size that a log axis says more."""
    return bool(values.size and values.min() > 0 and values.max() / values.min() >= RATIO)
