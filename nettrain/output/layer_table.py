"""The layers of a network while it trains, as a compact table: few rows however deep it is."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics
from nettrain.training.diagnostics.verdicts import (
    GRADES,
    HEALTHY_UPDATES,
    LayerVerdict,
    layer_verdicts,
    steepest_gradient,
)
from nettrain.training.events import EpochDone

MAX_LAYERS = 5  # in the table
STYLES = {"ok": "green", "look": "yellow", "wrong": "bold red"}
MARKS = {"ok": "✓", "look": "?", "wrong": "✗"}
MEANING = "ΔW/W is healthy near 1e-3"
ON_A_LINE = 18  # characters of a verdict
LOWERED = 0.1  # of the largest learning rate so far: a schedule is at its end


class LayerRows:
    """The latest diagnostics of a run, ready to be drawn."""

    def __init__(self) -> None:
        self._measured: LayerDiagnostics | None = None
        self._epoch, self._networks = 0.0, 1
        self._rate = self._largest_rate = self._steepest = 0.0

    def add(self, event: EpochDone) -> None:
        """Take in an epoch; those that were not measured leave the table as it is."""
        if event.epoch:
            self._rate = float(event.learning_rate[0])
            self._largest_rate = max(self._largest_rate, self._rate)
        if event.diagnostics is not None:
            self._measured, self._epoch = event.diagnostics, event.epoch
            self._networks = len(event.members)
            self._steepest = max(self._steepest, steepest_gradient(event.diagnostics))

    @property
    def height(self) -> int:
        """Lines that the table takes in a narrow terminal; 0 without one."""
        if self._measured is None:
            return 0
        verdicts = self._verdicts()
        wrapped = sum(len(_words(verdict)) > ON_A_LINE for verdict in shown_layers(verdicts))
        return 5 + min(len(verdicts), MAX_LAYERS) + (len(verdicts) > MAX_LAYERS) + wrapped

    def table(self) -> RenderableType | None:
        """The table, None without diagnostics."""
        if self._measured is None:
            return None
        several = f", medians of {self._networks} networks" if self._networks > 1 else ""
        caption = f"layers in epoch {self._epoch:g}{several}; {MEANING}"
        return Group(Text(caption, style="dim"), layer_table(self._verdicts()))

    def _verdicts(self) -> list[LayerVerdict]:
        assert self._measured is not None
        annealed = self._rate < LOWERED * self._largest_rate
        return layer_verdicts(self._measured, annealed=annealed, steepest_so_far=self._steepest)


def layer_table(verdicts: Sequence[LayerVerdict]) -> Table:
    """A row for each layer that is shown, and one for all others."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("layer", no_wrap=True)
    for name in ("ΔW/W", "gradient", "activations", "saturated", "dead"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    shown = shown_layers(verdicts)
    for verdict in shown:
        table.add_row(*_cells(verdict), _verdict(verdict))
    others = [verdict for verdict in verdicts if verdict not in shown]
    if others:
        table.add_row(Text(f"{len(others)} more", style="dim"), *[""] * 5, _sum(others))
    return table


def shown_layers(verdicts: Sequence[LayerVerdict]) -> list[LayerVerdict]:
    """The first and the last layer, and of the others the worst, evenly spread where they are alike."""
    if len(verdicts) <= MAX_LAYERS:
        return list(verdicts)
    inner = range(1, len(verdicts) - 1)
    spread = {round(1 + k * (len(inner) - 1) / (MAX_LAYERS - 3)) for k in range(MAX_LAYERS - 2)}
    by_need = sorted(inner, key=lambda k: (-GRADES.index(verdicts[k].grade), k not in spread))
    chosen = {0, len(verdicts) - 1, *by_need[: MAX_LAYERS - 2]}
    return [verdicts[k] for k in sorted(chosen)]


def _cells(verdict: LayerVerdict) -> list[Text]:
    figures, wrong = verdict.figures, dict(verdict.findings)
    update = figures.get("update_ratio")
    steps = STYLES[wrong.get("large steps", wrong.get("small steps", "ok"))]
    if update is not None and update < HEALTHY_UPDATES[0] and "small steps" not in wrong:
        steps = ""  # neither healthy nor a finding of its own
    return [
        Text(verdict.layer),
        Text("" if update is None else f"{update:.1e}", style=steps),
        Text(f"{figures['gradient_norm']:.1e}", style=STYLES[wrong.get("small gradient", "ok")]),
        Text(f"{figures['activation_mean']:.2g} ±{figures['activation_spread']:.2g}"),
        Text(f"{figures['saturated']:.0%}", style=STYLES[wrong.get("saturated", "ok")]),
        Text(f"{figures['dead']:.0%}", style=STYLES[wrong.get("dead", "ok")]),
    ]


def _verdict(verdict: LayerVerdict) -> Text:
    return Text(f"{MARKS[verdict.grade]} {_words(verdict)}", style=STYLES[verdict.grade])


def _words(verdict: LayerVerdict) -> str:
    return ", ".join(words for words, _ in verdict.findings) or "ok"


def _sum(others: Sequence[LayerVerdict]) -> Text:
    """How many of the layers that are not shown are not ok."""
    bad = [verdict for verdict in others if verdict.grade != "ok"]
    worst = max((verdict.grade for verdict in bad), key=GRADES.index, default="ok")
    words = f"{len(bad)} not ok" if bad else "ok"
    return Text(f"{MARKS[worst]} {words}", style=STYLES[worst])
