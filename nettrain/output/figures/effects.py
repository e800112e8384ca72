"""`importance.png`: how good trials are on average at each value of a parameter."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from nettrain.experiment.sweep_goals import SECONDS
from nettrain.output.figures.canvas import (
    DARK,
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
from nettrain.output.importance_words import interval, percent
from nettrain.output.numbers import seconds
from nettrain.output.sweep_progress import shown
from nettrain.sweep.anova.analysis import Anova, Effect

WIDTH, HEIGHT = 2.2, 1.7  # inches of a panel
LEFT, RIGHT, TOP, TITLE, BOTTOM, GAP = 0.95, 0.15, 0.6, 0.3, 0.6, 0.3  # inches around panels
ACROSS, MOST = 3, 12  # panels side by side, and in all
TICKS = 5
MARGIN = 0.04  # of ranks, above and below all bands
MAX_NAME = 12  # characters of a choice
SLANTED = 20  # characters of all choices from which they are slanted
BAND = "#c6d4ea"  # of DARK, in grey too
GREY_BAND = "#dddddd"


def effects_picture(anova: Anova, title: str, *, render: Render = png) -> bytes:
    """A PNG with a panel for each parameter, the one that mattered most first; higher is better.

    Heights are mean ranks over all values of the other parameters; bands have 95 %. They are labelled by the
    metric of the trial that has this rank, or by the rank where such trials did not train to their end.
    """
    effects = anova.effects[:MOST]
    across = 2 if len(effects) == 4 else min(ACROSS, len(effects))
    down, tall = math.ceil(len(effects) / across), TITLE + HEIGHT + BOTTOM
    limits = _limits(effects)
    with style():
        figure = new_figure(max(LEFT + across * (WIDTH + GAP) - GAP + RIGHT, 5.6), TOP + down * tall)
        heights = _Heights(anova, limits)
        draw_heading(figure, title, _note(heights.meaning, effects))
        for k, effect in enumerate(effects):
            left, low = LEFT + k % across * (WIDTH + GAP), (down - 1 - k // across) * tall + BOTTOM
            panel = add_axes(figure, left, low, WIDTH, HEIGHT)
            _draw_panel(panel, effect)
            panel.set_ylim(*limits)
            heights.label(panel, named=k % across == 0)
        return render(figure)


def _note(meaning: str, effects: Sequence[Effect]) -> str:
    chance = "" if all(one.is_told for one in effects) else "; grey: may be chance"
    return f"{meaning}; up is better; bands: 95 %{chance}"


def _limits(effects: Sequence[Effect]) -> tuple[float, float]:
    """The ranks at the lower and the upper edge of all panels: the best trials are on top."""
    worst = max(float(one.partial.high.max()) for one in effects)
    best = min(float(one.partial.low.min()) for one in effects)
    return min(worst + MARGIN, 1.0), max(best - MARGIN, 0.0)


def _draw_panel(panel: Axes, effect: Effect) -> None:
    line, band = (DARK, BAND) if effect.is_told else (RULE, GREY_BAND)
    partial = effect.partial
    if effect.is_range:
        values = np.array(partial.values, dtype=float)
        panel.fill_between(values, partial.low, partial.high, color=band, lw=0)
        panel.plot(values, partial.ranks, color=line, lw=1.6)
        _scale_values(panel, effect, values)
    else:
        places = range(len(partial.values))
        panel.vlines(places, partial.low, partial.high, color=band, lw=7)
        panel.plot(places, partial.ranks, "o", ms=5, color=line)
        _name_values(panel, [shortened(shown(one), MAX_NAME) for one in partial.values])
    panel.set_xlabel(shortened(effect.key, 32))
    text = f"{percent(effect.share.value)} ({interval(effect.share)})"
    panel.set_title(text, fontsize=9, loc="left", color="black" if effect.is_told else RULE)


def _scale_values(panel: Axes, effect: Effect, values: "np.typing.NDArray[np.float64]") -> None:
    if effect.log:
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(numticks=5))
        panel.xaxis.set_major_formatter(lambda value, _: tick(value, 3))
        panel.xaxis.set_minor_formatter(NullFormatter())
    else:
        plain_ticks(panel.xaxis, 4)
    panel.set_xlim(values[0], values[-1])


def _name_values(panel: Axes, names: Sequence[str]) -> None:
    slanted = sum(map(len, names)) > SLANTED
    panel.set_xticks(range(len(names)), names, rotation=20 if slanted else 0, fontsize=8)
    panel.set_xlim(-0.5, len(names) - 0.5)


class _Heights:
    """What some ranks are labelled with."""

    def __init__(self, anova: Anova, limits: tuple[float, float]) -> None:
        timed = anova.metric == SECONDS
        metric = "epoch time" if timed else anova.metric.replace("_", " ")
        self._ranks = [float(one) for one in np.linspace(*limits, TICKS + 2)[1:-1]]
        figures = [anova.figure_at(rank) for rank in self._ranks]
        if all(map(math.isfinite, figures)):
            labels = [seconds(figure) if timed else tick(figure, 3) for figure in figures]
            # several ranks may have one figure, as where few things decide about it: it is written once
            self._labels = [one if one not in labels[:k] else "" for k, one in enumerate(labels)]
            self._name, self.meaning = metric, f"{metric} at the mean rank"
        else:
            self._labels = [percent(rank) for rank in self._ranks]
            self._name = self.meaning = f"mean rank by {metric}"

    def label(self, panel: Axes, *, named: bool) -> None:
        """Label the height of a panel, of one that is not `named` by lines alone."""
        panel.set_yticks(self._ranks, self._labels if named else [""] * len(self._ranks))
        panel.set_ylabel(self._name if named else "")
