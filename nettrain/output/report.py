"""The head and the final report of a run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.model.architecture import Architecture
from nettrain.output.numbers import count, figure, seconds
from nettrain.output.progress import title

REASONS = {
    "epochs": "all epochs done",
    "early_stopping": "early stopping",
    "diverged": "diverged: a figure became NaN or infinite",
    "interrupted": "interrupted",
}


def head(console: Console, name: str, facts: Iterable[str], notes: Iterable[str]) -> None:
    """One line of facts under the experiment's name, then notes."""
    console.print(Text.assemble((name, "bold cyan"), "  ", " · ".join(facts)), soft_wrap=True)
    for note in notes:
        console.print(Text(f"  {note}", style="dim"), soft_wrap=True)


def final_report(
    console: Console, plan: Architecture, summary: dict[str, Any], folder: Path, files: list[str]
) -> None:
    """Architecture, why it stopped, what was restored, metrics, files and the next command."""
    console.print(_architecture(plan))
    console.print(_metrics(summary["metrics"]))
    console.print(_ending(summary))
    console.print(
        Text.assemble(("files    ", "bold"), f"{folder}/ ", (", ".join(files), "dim")), soft_wrap=True
    )
    console.print(Text.assemble(("next     ", "bold"), f"nettrain predict {folder} DATA"), soft_wrap=True)


def _architecture(plan: Architecture) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("layer", footer="total")
    table.add_column("units", justify="right")
    table.add_column("activation")
    table.add_column("parameters", justify="right", footer=count(plan.parameters))
    table.add_row("input", count(plan.inputs), "", "", style="dim")
    for k, layer in enumerate(plan.layers, start=1):
        name = "output" if k == len(plan.layers) else f"hidden {k}"
        kind = layer.activation.name + (" + dropout" if layer.dropout else "")
        table.add_row(name, count(layer.units), kind, count(layer.parameters))
    return table


def _metrics(metrics: dict[str, dict[str, float]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("rows")
    names = list(dict.fromkeys(name for part in metrics.values() for name in part))
    for name in names:
        table.add_column(title(name), justify="right")
    for part, values in metrics.items():
        table.add_row(part, *(figure(values.get(name)) for name in names))
    return table


def _ending(summary: dict[str, Any]) -> Text:
    """`stopped  early stopping after 37 epochs; weights of epoch 27 restored`."""
    reason = REASONS[summary["stop_reason"]]
    epochs, best = summary["epochs_run"], summary["best_epoch"]
    text = f"{reason} after {epochs} epoch{'s' if epochs != 1 else ''}"
    if summary["restored_best"]:
        text += f"; the weights of epoch {best}, the best, were restored"
    elif best is not None:
        text += f"; the last weights are kept (the best epoch was {best})"
    timing = summary["timing"]
    text += (
        f"\ntime     {seconds(timing['total_seconds'])}, of which {seconds(timing['train_seconds'])}"
        f" for {count(timing['steps'])} steps ({seconds(timing['microseconds_per_step'] / 1e6)} each)"
    )
    return Text.assemble(("stopped  ", "bold"), text)
