"""`diagnostics.png`: what was measured in each layer, by epoch: a panel for each quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter
from matplotlib.typing import ColorType, LineStyleType

from nettrain.model.architecture import OUTPUT
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
    tick,
)
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.training.diagnostics.verdicts import HEALTHY_UPDATES

Floats = npt.NDArray[np.float64]
WIDTH, PANEL = 8.4, 1.75  # inches: of the picture, height of a panel
LEFT, RIGHT, TOP, BOTTOM, GAP, BETWEEN = 0.75, 0.15, 1.08, 0.5, 0.42, 0.85
COLUMNS = 2
SHADES = LinearSegmentedColormap.from_list("layers", ["#9ecae1", "#3b7fc4", "#12295c"])  # first to last
NAMED = 5  # hidden layers up to which each is named in the legend
HEALTHY = "#2e8b57"  # color of the band of healthy updates and the line in its middle
RULE_OF_THUMB = 1e-3  # of an update beside its weights
FEW = 25  # epochs up to which each is marked


@dataclass(frozen=True)
class LayerCurves:
    """Epochs (E,), and each quantity as (E, L), the median over members, NaN where it was not measured."""

    layers: tuple[str, ...]
    epochs: Floats
    quantities: Mapping[str, Floats]
    members: int


@dataclass(frozen=True)
class LayerPanel:
    """A panel: its quantity, heading, and what is drawn besides the curves."""

    quantity: str
    title: str
    log: bool = False
    share: bool = False


PANELS = (
    LayerPanel("update_ratio", "update : weights, ‖ΔW‖ / ‖W‖", log=True),
    LayerPanel("gradient_norm", "gradient, ‖∂loss/∂W‖", log=True),
    LayerPanel("activation_spread", "spread of the activations", log=True),
    LayerPanel("activation_mean", "mean of the activations"),
    LayerPanel("weight_norm", "weights, ‖W‖", log=True),
    LayerPanel("saturated", "saturated activations", share=True),
    LayerPanel("dead", "dead units", share=True),
)
RARE = {"saturated": "activation is saturated", "dead": "unit is dead"}
FEW_SHARES = 0.005  # up to which a share is said to be rare, and not drawn
ORDERS = 10  # a logarithmic axis where the largest value is so many times the smallest


def layers_picture(rows: Sequence[DiagnosticsRow], title: str, render: Render = png) -> bytes:
    """The picture of diagnostics: rows hold epoch, member, layer and the quantities."""
    curves = layer_curves(rows)
    panels = [one for one in PANELS if not one.share or _largest(curves, one.quantity) > FEW_SHARES]
    rows_of = -(-len(panels) // COLUMNS)
    height = TOP + BOTTOM + rows_of * PANEL + (rows_of - 1) * GAP
    with style():
        figure = new_figure(WIDTH, height)
        draw_heading(figure, f"{title}: layers" if title else "", _note(curves, panels))
        wide = (WIDTH - LEFT - RIGHT - BETWEEN) / COLUMNS
        for number, panel in enumerate(panels):
            row, column = divmod(number, COLUMNS)
            bottom = height - TOP - PANEL - row * (PANEL + GAP)
            ax = add_axes(figure, LEFT + column * (wide + BETWEEN), bottom, wide, PANEL)
            _draw(ax, panel, curves)
            lowest = number + COLUMNS >= len(panels)
            ax.tick_params(labelbottom=lowest, length=3, color=RULE)
            if lowest:
                ax.set_xlabel("epoch")
        _legend(figure, curves, height)
        return render(figure)


def _note(curves: LayerCurves, panels: Sequence[LayerPanel]) -> str:
    """What is drawn, and what is not because it hardly ever occurred."""
    drawn = {panel.quantity for panel in panels}
    several = [f"medians of {curves.members} networks"] if curves.members > 1 else []
    missing = [
        f"{'hardly any' if _largest(curves, quantity) > 0 else 'no'} {words}"
        for quantity, words in RARE.items()
        if quantity not in drawn
    ]
    return "; ".join(["after each evaluated epoch", *several, *missing])


def _largest(curves: LayerCurves, quantity: str) -> float:
    return float(np.nanmax(curves.quantities[quantity], initial=0.0))


def layer_curves(rows: Sequence[DiagnosticsRow]) -> LayerCurves:
    """The curves of these rows; members that have stopped no longer count."""
    layers = tuple(dict.fromkeys(str(row["layer"]) for row in rows))
    epochs = sorted({float(row["epoch"] or 0) for row in rows})
    place = {name: k for k, name in enumerate(layers)}
    cells: dict[str, list[list[list[float]]]] = {
        panel.quantity: [[[] for _ in layers] for _ in epochs] for panel in PANELS
    }
    number = {epoch: k for k, epoch in enumerate(epochs)}
    for row in rows:
        for quantity, table in cells.items():
            if (value := row[quantity]) is not None:
                table[number[float(row["epoch"] or 0)]][place[str(row["layer"])]].append(float(value))
    quantities = {
        quantity: np.array([[np.median(cell) if cell else np.nan for cell in line] for line in table])
        for quantity, table in cells.items()
    }
    members = len({row.get("member", 0) for row in rows})
    return LayerCurves(layers, np.array(epochs), quantities, members)


def _draw(ax: Axes, panel: LayerPanel, curves: LayerCurves) -> None:
    values, marker = curves.quantities[panel.quantity], "o" if len(curves.epochs) <= FEW else None
    values = np.where(np.isfinite(values), values, np.nan)
    if _is_logarithmic(panel, values):
        values = np.where(values > 0, values, np.nan)
    for k, (color, line) in enumerate(_styles(curves.layers)):
        ax.plot(curves.epochs, values[:, k], line, color=color, linewidth=1.4, marker=marker, markersize=2.8)
    dotted = panel.quantity == "update_ratio" and _is_logarithmic(panel, values)
    heading = f"{panel.title}; dotted: rule of thumb" if dotted else panel.title
    ax.set_title(heading, loc="left", fontsize=9, pad=4)
    _scale(ax, panel, values)
    margin = 0.02 * (curves.epochs[-1] - curves.epochs[0]) or 0.5
    ax.set_xlim(curves.epochs[0] - margin, curves.epochs[-1] + margin)
    plain_ticks(ax.xaxis, 6, integers=True)


def _styles(layers: Sequence[str]) -> list[tuple[ColorType, LineStyleType]]:
    """Color and line of each layer: shades from the first hidden one to the last, the output apart."""
    hidden = [name for name in layers if name != OUTPUT]
    last = max(len(hidden) - 1, 1)
    by_name = {name: SHADES(k / last) if len(hidden) > 1 else DARK for k, name in enumerate(hidden)}
    return [(by_name[name], "-") if name in by_name else (LIGHT, "--") for name in layers]


def _scale(ax: Axes, panel: LayerPanel, values: Floats) -> None:
    finite = values[np.isfinite(values)]
    if panel.share:
        ax.set_ylim(-0.02, 1.02)
        ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    elif _is_logarithmic(panel, values):
        ax.set_yscale("log")
        low, high = finite.min(), finite.max()
        if panel.quantity == "update_ratio":
            low, high = min(low, HEALTHY_UPDATES[0] / 2), max(high, HEALTHY_UPDATES[1] * 2)
            ax.axhspan(*HEALTHY_UPDATES, color=HEALTHY, alpha=0.13, linewidth=0, zorder=0)
            ax.axhline(RULE_OF_THUMB, color=HEALTHY, linewidth=0.8, linestyle=":")
        ax.set_ylim(low / 1.5, high * 1.5)
        ax.yaxis.set_major_locator(LogLocator(numticks=6))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(lambda value, _: tick(value, 1))
    elif finite.size:
        if finite.min() < 0 < finite.max():
            ax.axhline(0, color=RULE, linewidth=0.6)
        plain_ticks(ax.yaxis, 5)
    else:
        ax.set_yticks([])


def _is_logarithmic(panel: LayerPanel, values: Floats) -> bool:
    """Whether the positive values of a panel need such an axis, on which zeros have no place."""
    positive = values[values > 0]
    if not panel.log or not positive.size:
        return False
    return panel.quantity == "update_ratio" or bool(positive.max() > ORDERS * positive.min())


def _legend(figure: Figure, curves: LayerCurves, height: float) -> None:
    """The meaning of the lines, above the panels: each of few hidden layers, or the first and the last."""
    named = list(zip(curves.layers, _styles(curves.layers), strict=True))
    hidden = [one for one in named if one[0] != OUTPUT]
    shown = hidden if len(hidden) <= NAMED else [hidden[0], hidden[len(hidden) // 2], hidden[-1]]
    handles = [
        Line2D([], [], color=color, linestyle=line, linewidth=1.7, label=name)
        for name, (color, line) in [*shown, *(one for one in named if one[0] == OUTPUT)]
    ]
    healthy = Line2D([], [], color=HEALTHY, alpha=0.3, linewidth=6, label="healthy")
    figure.legend(
        handles=[*handles, healthy],
        loc="lower left",
        bbox_to_anchor=(LEFT / WIDTH - 0.01, 1 - (TOP - 0.27) / height),
        ncols=len(handles) + 1,
        frameon=False,
        borderpad=0,
        handlelength=2.0,
        columnspacing=1.4,
    )
