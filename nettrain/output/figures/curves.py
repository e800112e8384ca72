"""`curves.png`: loss, metrics and learning rate by epoch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.typing import LineStyleType

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
    shortened,
    style,
    tick,
)
from nettrain.output.figures.step_line import draw_steps, steps_handle
from nettrain.output.history_curves import (
    LABELS,
    LOSS_RATIO,
    PREFIXES,
    RATIO,
    Curve,
    Floats,
    column_of,
    epoch_of,
    figure_of,
    mean,
    panels_of,
    spans_orders,
)
from nettrain.output.numbers import epoch

if TYPE_CHECKING:
    from nettrain.store.history import HistoryRow

WIDTH, PANEL, LOW = 7.2, 1.9, 1.1  # inches: of the picture, heights of a panel and of a lower one
LEFT, RIGHT, TOP, BOTTOM, GAP = 0.95, 0.2, 0.9, 0.5, 0.22
FEW = 25  # epochs up to which each is marked
RATE, FACTOR = "learning_rate", "_factor"  # columns: the second ends the names of factors
STYLES: dict[str, tuple[str, LineStyleType]] = {
    "running": ("#ecc596", "-"),
    "train": (LIGHT, "--"),
    "validation": (DARK, "-"),
}
THICK, THIN = 1.7, 1.1  # lines: of what is evaluated, and of the running loss
DECADES = 100  # of the largest to the smallest value, from which a logarithmic axis has powers of ten alone
LINE_OF_LEGEND = 62  # characters beyond which it takes two lines
LONGEST_LABEL = 46
MORE = 0.19  # inches of the second line


def curves_picture(
    rows: "Sequence[HistoryRow]",
    title: str,
    *,
    monitor: str = "",
    best: float | None = None,
    labels: Mapping[str, str] | None = None,
    steps: Curve | None = None,
    render: Render = png,
) -> bytes:
    """A PNG of a history: rows hold epoch, member, learning_rate and figures such as val_loss.

    `best` is the best epoch by the figure `monitor`, where there is one member. `labels` say more of the
    curves of a split (running, train, validation); the running loss is drawn beside an evaluated training
    loss only with a label of its own. `steps` are the losses of steps, which stand behind the others.
    """
    labels = labels or {}
    panels = panels_of(rows, running="running" in labels)
    rates = _rates(rows)
    heights = [PANEL] * len(panels) + [LOW] * len(rates)
    handles = legend_handles(panels, LABELS | dict(labels), best)
    handles += [steps_handle()] if steps else []
    columns = legend_columns(handles)
    top = TOP if columns == len(handles) else TOP + MORE
    height = top + BOTTOM + sum(heights) + GAP * (len(heights) - 1)
    with style():
        figure = new_figure(WIDTH, height)
        draw_heading(figure, title, note(rows, monitor, best))
        edge, axes = height - top, []
        for tall in heights:
            edge -= tall
            axes.append(add_axes(figure, LEFT, edge, WIDTH - LEFT - RIGHT, tall))
            edge -= GAP
        for ax, (name, drawn) in zip(axes, panels.items(), strict=False):
            draw(ax, name, drawn, best, monitor)
            if steps is not None and name == "loss":
                draw_steps(ax, steps)
        for ax, (label, rate) in zip(axes[len(panels) :], rates.items(), strict=True):
            draw(ax, RATE, [rate])
            ax.set_ylabel(label)
        share_epochs(axes, rows, best)
        legend(axes[0], handles, columns)
        return render(figure)


def _rates(rows: "Sequence[HistoryRow]") -> dict[str, Curve]:
    """The learning rate, and the factors on other numbers, as far as they change, by label."""
    factors: dict[str, Curve] = {}
    for column in dict.fromkeys(key for row in rows for key in row if key.endswith(FACTOR)):
        curve, label = _changing(rows, column), f"{column.removesuffix(FACTOR).replace('_', ' ')} ×"
        if curve is not None:
            same = [other for other, one in factors.items() if _equal(one, curve)]
            factors = {other: one for other, one in factors.items() if other not in same}
            factors[",\n".join([*same, label])] = curve
    rate = _changing(rows, RATE)
    return factors if rate is None else {"learning rate": rate, **factors}


def _changing(rows: "Sequence[HistoryRow]", name: str) -> Curve | None:
    """A column over all epochs; None where it is not there or always the same."""
    curve = figure_of(rows, name)
    if not len(curve.epochs) or float(np.nanmin(curve.values)) == float(np.nanmax(curve.values)):
        return None
    return Curve(curve.epochs, curve.values, "rate")


def _equal(one: Curve, other: Curve) -> bool:
    """Whether two curves would cover each other."""
    return np.array_equal(one.values, other.values, equal_nan=True)


def note(rows: "Sequence[HistoryRow]", monitor: str, best: float | None) -> str:
    """The best figure and its epoch, and whether the run diverged."""
    notes = []
    if best is not None:
        value = next((row.get(monitor) for row in rows if row["epoch"] == best), None)
        figure = f" {float(value):.4g}" if value is not None else ""
        notes.append(f"best {monitor.replace('_', ' ')}{figure} in epoch {epoch(best)}")
    broken = [epoch_of(row) for row in rows if row["epoch"] and not _is_finite(row)]
    if broken:
        notes.append(f"diverged: not a number from epoch {epoch(min(broken))} on")
    return "; ".join(notes)


def _is_finite(row: "HistoryRow") -> bool:
    figures = [value for name, value in row.items() if name.startswith(PREFIXES)]
    return all(value is None or np.isfinite(float(value)) for value in figures)


def draw(ax: Axes, name: str, curves: Sequence[Curve], best: float | None = None, monitor: str = "") -> None:
    """The curves of one panel; those of several members are thin lines below their mean.

    The best epoch is marked on the curve of the monitored figure.
    """
    for curve in curves:
        color, line = STYLES.get(curve.split, (RULE, "-"))
        running = curve.split == "running" and len(curves) > 1
        mark = "o" if len(curve.epochs) <= FEW and not running else None
        several = len(curve.values) > 1
        for values in curve.values if several and not running else []:
            ax.plot(curve.epochs, values, line, color=color, linewidth=0.6, alpha=0.45)
        middle = mean(curve.values) if several else curve.values[0]
        width = THIN if running else THICK
        ax.plot(curve.epochs, middle, line, color=color, linewidth=width, marker=mark, markersize=3.5)
        if best is not None and best in curve.epochs and monitor == column_of(curve.split, name):
            mark_best(ax, best, float(middle[int(np.searchsorted(curve.epochs, best))]))
    ax.set_ylabel(name.replace("_", " "))
    # a rate that falls to nearly 0 would be all tail on a log axis
    values = np.concatenate([curve.values.ravel() for curve in curves])
    scale(ax, values, may_be_log=name != RATE, ratio=LOSS_RATIO if name == "loss" else RATIO)


def mark_best(ax: Axes, epoch: float, value: float) -> None:
    """A circle around the best epoch of a curve."""
    ax.plot(
        [epoch], [value], "o", markersize=8, markerfacecolor="none", markeredgecolor="black", clip_on=False
    )


def scale(ax: Axes, values: Floats, *, may_be_log: bool, ratio: float = RATIO) -> None:
    """A logarithmic axis where values are positive and the largest is so many times the smallest."""
    values = values[np.isfinite(values)]
    if not values.size:
        ax.set_yticks([])
    elif may_be_log and spans_orders(values, ratio):
        ax.set_yscale("log")
        few = values.max() / values.min() < DECADES
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=10 if few else 6))
        ax.yaxis.set_minor_formatter(NullFormatter())
        powers = values.max() > 1e4 or values.min() < 1e-3
        if powers:
            ax.yaxis.set_major_formatter(lambda value, _: tick(value, 1))
        else:
            ax.yaxis.set_major_formatter(lambda value, _: tick(value, 5))
    else:
        plain_ticks(ax.yaxis, 5)


def share_epochs(axes: Sequence[Axes], rows: "Sequence[HistoryRow]", best: float | None) -> None:
    """The same epochs on all panels, labelled below the last; the best epoch is a line through all."""
    epochs = [epoch_of(row) for row in rows] or [1]
    margin = max(0.5 if len(set(epochs)) <= FEW else 0.0, 0.01 * (max(epochs) - min(epochs)))
    for ax in axes:
        ax.set_xlim(min(epochs) - margin, max(epochs) + margin)
        plain_ticks(ax.xaxis, 8, integers=True)
        ax.tick_params(labelbottom=ax is axes[-1], length=3, color=RULE)
        if best is not None:
            ax.axvline(best, color="black", linewidth=0.8, linestyle=":")
    axes[-1].set_xlabel("epoch")
    axes[0].figure.align_ylabels(list(axes))


def legend_handles(
    panels: Mapping[str, Sequence[Curve]], labels: Mapping[str, str], best: float | None
) -> list[Line2D]:
    """The meaning of the lines: what is evaluated first."""
    curves = [curve for drawn in panels.values() for curve in drawn]
    splits = sorted(dict.fromkeys(curve.split for curve in curves), key=lambda split: split == "running")
    handles = [
        Line2D(
            [],
            [],
            color=STYLES[split][0],
            linestyle=STYLES[split][1],
            linewidth=THIN if split == "running" else THICK,
            label=shortened(labels[split], LONGEST_LABEL),
        )
        for split in splits
    ]
    if any(len(curve.values) > 1 for curve in curves):
        handles.append(Line2D([], [], color=RULE, linewidth=0.6, label="each member (thick: mean)"))
    if best is not None:
        label = f"best epoch {epoch(best)}"
        handles.append(Line2D([], [], color="black", linewidth=0.8, linestyle=":", label=label))
    return handles


def legend_columns(handles: Sequence[Line2D]) -> int:
    """How many meanings stand beside each other: all that fit, or half of them."""
    characters = sum(len(str(handle.get_label())) for handle in handles)
    return len(handles) if characters <= LINE_OF_LEGEND else -(-len(handles) // 2)


def legend(ax: Axes, handles: Sequence[Line2D], columns: int) -> None:
    """The legend above the first panel."""
    ax.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns or 1,
        frameon=False,
        borderpad=0,
        handlelength=2.4,
    )
