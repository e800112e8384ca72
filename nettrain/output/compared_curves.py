"""The curves of a comparison: a figure of every entry by epoch, with a row for each of its runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.output.history_curves import Curve, Floats
from nettrain.store.run_overview import main_metric
from nettrain.workflow.compare import Comparison
from nettrain.workflow.comparison.entries import ComparedEntry, ComparedRun

LOG_RATIO = 8  # of the largest to the smallest loss from which its axis is logarithmic
ROOM = 1.5  # times the values before training, up to which what grows is drawn


@dataclass(frozen=True)
class ComparedCurve:
    """A figure of one entry: each run (n, E) at these epochs (E,), and the runs that diverged.

    A run that has ended keeps its last value; one that has diverged is NaN from then on. `ends` (n,) are the
    epochs of the last finite values, `last` (n,) those at which a run was looked at last.
    """

    label: str
    epochs: Floats
    values: Floats
    diverged: tuple[bool, ...]
    ends: Floats
    last: Floats

    @property
    def middle(self) -> Floats:
        """The mean over the runs that have not diverged (E,), NaN where there are none."""
        return _over_runs(self.values, np.nanmean)

    @property
    def lowest(self) -> Floats:
        """The smallest value of any run (E,)."""
        return _over_runs(self.values, np.nanmin)

    @property
    def highest(self) -> Floats:
        """The largest value of any run (E,)."""
        return _over_runs(self.values, np.nanmax)

    def plain(self, highest: float) -> Curve:
        """The mean as a curve for the terminal, called like the entry, and cut at the highest value."""
        return Curve(self.epochs, np.minimum(self.middle, highest)[None], self.label)


def compared_curves(comparison: Comparison, figure: str) -> list[ComparedCurve]:
    """The curves of the entries that have this figure in their history."""
    curves = [_curve(entry, figure) for entry in comparison.entries]
    return [curve for curve in curves if curve is not None]


def highest_shown(curves: Sequence[ComparedCurve]) -> float:
    """The largest value worth drawing: what diverges or grows is cut a little above where all began."""
    steady = [curve.values for curve in curves if not any(curve.diverged)]
    largest = [_largest(values) for values in steady]
    return max([*largest, *(ROOM * _largest(curve.values[:, :1]) for curve in curves)], default=np.inf)


def _largest(values: Floats) -> float:
    return float(values[np.isfinite(values)].max(initial=-np.inf))


def compared_names(comparison: Comparison) -> dict[str, list[str]]:
    """The figures worth a curve, by panel: the loss and the main metric, each with its splits.

    They are those of the histories: what was measured in every epoch.
    """
    history = comparison.history
    metric = main_metric(comparison.figures)
    panels: Mapping[str, Sequence[str]] = {
        name: [f"{split}_{name}" for split in ("train", "val")] for name in ("loss", metric) if name
    }
    found = {name: [one for one in names if one in history.columns] for name, names in panels.items()}
    return {name: names for name, names in found.items() if names}


def _curve(entry: ComparedEntry, figure: str) -> ComparedCurve | None:
    """The figure of all runs of an entry; None where none has two epochs of it."""
    runs = [run for run in entry.runs if _points(run, figure)]
    points = [_points(run, figure) for run in runs]
    epochs = sorted({epoch for one in points for epoch in one})
    if len(epochs) < 2:
        return None
    diverged = tuple(run.status == "diverged" for run in runs)
    rows = [_row(one, epochs, over) for one, over in zip(points, diverged, strict=True)]
    ends = [max((e for e, value in one.items() if np.isfinite(value)), default=0.0) for one in points]
    last = [float(max(one)) for one in points]
    return ComparedCurve(
        entry.label, np.array(epochs), np.array(rows), diverged, np.array(ends), np.array(last)
    )


def _points(run: ComparedRun, figure: str) -> dict[float, float]:
    """A figure of a run by epoch, where it was measured."""
    history = run.history
    if figure not in history.columns:
        return {}
    pairs = zip(history["epoch"].cast(float), history[figure].cast(float), strict=True)
    return {epoch: value for epoch, value in pairs if value is not None}


def _row(points: Mapping[float, float], epochs: Sequence[float], diverged: bool) -> list[float]:
    """The values at these epochs: after the last one it stays, unless the run diverged."""
    row, last = [], np.nan
    final = max(points)
    for epoch in epochs:
        last = points.get(epoch, last)
        finite = np.isfinite(last) and not (diverged and epoch > final)
        row.append(last if finite else np.nan)
    return row


def _over_runs(values: Floats, reduce: Callable[..., Floats]) -> Floats:
    some = np.isfinite(values).any(axis=0)
    reduced = np.full(values.shape[1], np.nan)
    reduced[some] = reduce(values[:, some], axis=0)
    return reduced
