"""`folds.png`: how each fold of a cross-validation learned, and how much their figures differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nettrain.catalogue.metrics import metrics
from nettrain.output.figures.canvas import (
    DARK,
    LIGHT,
    RULE,
    Render,
    add_axes,
    draw_heading,
    new_figure,
    plain_ticks,
    png,
    style,
)
from nettrain.output.figures.curves import scale
from nettrain.output.history_curves import LOSS_RATIO, Curve, Floats, epoch_of, figure_of
from nettrain.output.numbers import figure as shown
from nettrain.output.numbers import plural, spread
from nettrain.store.fold_summary import headline_of
from nettrain.store.history import HistoryRow
from nettrain.store.summary import FoldSummary, RunSummary

WIDTH, CURVES, DOTS = 7.2, 2.3, 2.1  # inches: of the picture, heights of the panels
LEFT, RIGHT, TOP, BOTTOM, BETWEEN = 0.95, 0.2, 0.9, 0.5, 0.62
MOST_NAMED = 30  # folds up to which each has its number below the axis
ASIDE = 0.12  # of the distance of two folds: dots of training rows to the left, of held-out rows to the right


@dataclass(frozen=True)
class FoldFigures:
    """One figure of each fold (F,) on its training rows and on those that it held out, with mean and sd."""

    name: str
    train: Floats
    held_out: Floats
    mean: float
    sd: float

    @property
    def possible(self) -> tuple[float, float]:
        """The least and the largest value that the figure can have: no metric that rises exceeds 1."""
        rises = self.name in metrics and metrics[self.name].goal == "maximize"
        return (-np.inf, 1.0) if rises else (0.0 if (self.held_out >= 0).all() else -np.inf, np.inf)

    @staticmethod
    def of(summary: RunSummary, name: str) -> "FoldFigures":
        """The figure of this name in a summary."""
        train, held_out = (
            np.array([fold["metrics"].get(split, {}).get(name) for fold in summary["folds"]], np.float64)
            for split in ("train", "val")
        )
        mean, sd = (summary[key]["val"].get(name) for key in ("mean", "sd"))
        return FoldFigures(name, train, held_out, _number(mean), _number(sd))


def folds_picture(
    rows: Sequence[HistoryRow], summary: RunSummary, title: str, *, render: Render = png
) -> bytes:
    """A PNG of the validation loss of each fold by epoch, above dots of each fold's final figures.

    `rows` are the histories of all folds, whose numbers they have as members.
    """
    figures = FoldFigures.of(summary, headline_of(summary) or "loss")
    height = TOP + CURVES + BETWEEN + DOTS + BOTTOM
    with style():
        picture = new_figure(WIDTH, height)
        draw_heading(picture, title, note(summary, figures))
        curves = add_axes(picture, LEFT, height - TOP - CURVES, WIDTH - LEFT - RIGHT, CURVES)
        draw_curves(curves, rows, summary["folds"])
        dots = add_axes(picture, LEFT, BOTTOM, WIDTH - LEFT - RIGHT, DOTS)
        draw_dots(dots, figures, summary["folds"])
        picture.align_ylabels([curves, dots])
        draw_legend(curves)
        return render(picture)


def note(summary: RunSummary, figures: FoldFigures) -> str:
    """`5 folds; val accuracy 0.9533 ±0.0183, of all held-out rows together 0.9530`."""
    pooled = summary["out_of_fold"].get(figures.name)
    together = "" if pooled is None else f"; of all held-out rows together {shown(pooled)}"
    value = spread(figures.mean, figures.sd)
    return f"{counted_folds(summary['folds'])}: val {figures.name.replace('_', ' ')} {value}{together}"


def counted_folds(folds: Sequence[FoldSummary]) -> str:
    """`5 folds`, or `3 repeats of 5 folds`."""
    repeats = max(fold["repeat"] for fold in folds)
    of_each = plural(len(folds) // repeats, "fold")
    return of_each if repeats == 1 else f"{plural(repeats, 'repeat')} of {of_each}"


def draw_curves(ax: Axes, rows: Sequence[HistoryRow], folds: Sequence[FoldSummary]) -> None:
    """The validation loss of each fold, a dot at its best epoch, and the mean over the folds that train."""
    curve = figure_of(rows, "val_loss")
    for values in curve.values:
        ax.plot(curve.epochs, values, color=DARK, linewidth=0.7, alpha=0.5)
    ax.plot(curve.epochs, running_mean(curve), color=DARK, linewidth=2.0)
    numbers = sorted({int(row.get("member", 0)) for row in rows})
    for fold in folds:
        best = fold["best_epoch"]
        if best is not None and fold["restored_best"] and best in curve.epochs and fold["fold"] in numbers:
            values = curve.values[numbers.index(fold["fold"])]
            value = values[int(np.searchsorted(curve.epochs, best))]
            ax.plot([best], [value], "o", markersize=3.4, color=DARK, clip_on=False, zorder=4)
    ax.set_ylabel("val loss")
    ax.set_xlabel("epoch")
    scale(ax, curve.values, may_be_log=True, ratio=LOSS_RATIO)
    epochs = [epoch_of(row) for row in rows] or [1]
    ax.set_xlim(min(epochs), max(*epochs, min(epochs) + 1))
    plain_ticks(ax.xaxis, 8, integers=True)
    ax.tick_params(length=3, color=RULE)


def running_mean(curve: Curve) -> Floats:
    """The mean (E,) over the folds that still train; NaN where fewer than half do, which few stand for."""
    finite = np.isfinite(curve.values)
    many = finite.sum(axis=0)
    sums = np.where(finite, curve.values, 0.0).sum(axis=0)
    return np.where(2 * many >= len(curve.values), sums / np.maximum(many, 1), np.nan)


def draw_dots(ax: Axes, figures: FoldFigures, folds: Sequence[FoldSummary]) -> None:
    """Dots for the training and the held-out rows of each fold; of the latter mean and band of one sd."""
    numbers = np.array([fold["fold"] for fold in folds], dtype=np.float64)
    if np.isfinite(figures.mean):
        sd = figures.sd if np.isfinite(figures.sd) else 0.0
        low, high = figures.possible
        band = max(low, figures.mean - sd), min(high, figures.mean + sd)
        ax.axhspan(*band, color=DARK, alpha=0.10, linewidth=0)
        ax.axhline(figures.mean, color=DARK, linewidth=2.0)
    ax.plot(numbers - ASIDE, figures.train, "o", markersize=5, markerfacecolor="white", color=LIGHT, zorder=3)
    ax.plot(
        numbers + ASIDE, figures.held_out, "o", markersize=6.5, color=DARK, markeredgecolor="white", zorder=4
    )
    ax.set_ylabel(figures.name.replace("_", " "))
    ax.set_xlabel("fold")
    _divide_repeats(ax, folds)
    scale(ax, np.concatenate([figures.train, figures.held_out]), may_be_log=figures.name == "loss")
    ax.grid(visible=False, axis="x")
    ax.set_xlim(0.5, len(folds) + 0.5)
    if ax.get_ylim()[1] > figures.possible[1]:
        ax.set_yticks([tick for tick in ax.get_yticks() if tick <= figures.possible[1]])
    if len(numbers) <= MOST_NAMED:
        ax.set_xticks(numbers, [f"{number:.0f}" for number in numbers])
    else:
        plain_ticks(ax.xaxis, 10, integers=True)
    ax.tick_params(length=3, color=RULE)


def _divide_repeats(ax: Axes, folds: Sequence[FoldSummary]) -> None:
    """A thin line between the folds of one repeat and those of the next, and above them its number."""
    for before, after in pairwise(folds):
        if before["repeat"] != after["repeat"]:
            ax.axvline(before["fold"] + 0.5, color="#bbbbbb", linewidth=0.8)
    for repeat, same in groupby(folds if folds[-1]["repeat"] > 1 else (), key=lambda fold: fold["repeat"]):
        middle = np.mean([fold["fold"] for fold in same])
        ax.text(
            float(middle),
            1.01,
            f"repeat {repeat}",
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
            color="#444444",
        )


def draw_legend(ax: Axes) -> None:
    """What lines and dots are, above the curves."""
    dot = partial(Line2D, [], [], marker="o")
    handles = [
        dot(color=DARK, linewidth=0.7, markersize=4, label="held-out rows of a fold"),
        Line2D([], [], color=DARK, linewidth=2.0, label="mean (band: ±1 sd)"),
        dot(color=LIGHT, linestyle="", markersize=5, markerfacecolor="white", label="its training rows"),
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(handles),
        frameon=False,
        borderpad=0,
        handlelength=2.2,
        columnspacing=1.6,
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
