"""What a tuning prints at its end: its figures and how far to trust them, what mattered, and how to go on."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.importance_table import show_importance
from nettrain.output.numbers import count, plural, seconds
from nettrain.output.progress import title
from nettrain.output.report import labelled
from nettrain.output.sweep_progress import shown
from nettrain.output.sweep_report import LABEL
from nettrain.output.tune_words import figure_rows, trust_lines
from nettrain.store.tune_summary import FoundJson, TuneSummary
from nettrain.sweep.anova.analysis import Anova, NoAnova
from nettrain.sweep.influence import Influence

STATUSES = ("finished", "pruned", "diverged", "failed")


def tune_report(
    console: Console,
    summary: TuneSummary,
    influences: Sequence[Influence],
    mattered: Sequence[Anova | NoAnova],
    folder: Path,
) -> None:
    """The whole report; `influences` and `mattered` say what mattered in the search."""
    found = summary["found"]
    if found is not None:
        console.print(figures_table(found))
        console.print(_listed(trust_lines(summary, found)))
    show_importance(console, influences, mattered)
    for warning in summary["borders"]:
        console.print(Text(f"warning  {warning}", style="yellow"))
    console.print(labelled(_facts(summary)))
    last = {"folder": str(folder)}
    if found is not None:
        last["next"] = f"nettrain predict {shlex.quote(found['ensemble']['folder'])} DATA"
        last["alone"] = f"nettrain train {shlex.quote(str(folder / 'best.yaml'))}"
    for name, text in last.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def figures_table(found: FoundJson) -> Table:
    """The figures of the best network, of the ensemble and of a constant prediction, with their intervals."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(title(found["metric"]))
    for name in ("one network", "ensemble", "constant"):
        table.add_column(name, justify="right", no_wrap=True)
    for k, row in enumerate(figure_rows(found)):
        label = f"  {row.label}" if row.below else row.label
        shown_figures = (Text(one, style="" if k else "bold green") for one in (row.single, row.ensemble))
        constant = Text(row.constant, style="dim")
        table.add_row(label, *shown_figures, constant, style="dim" if "interval" in row.label else "")
    return table


def _listed(lines: Iterable[str]) -> Table:
    """Lines with a bullet each, which longer ones are set in behind."""
    table = Table.grid(padding=(0, 1))
    for line in lines:
        table.add_row("•", Text(line))
    return table


def _facts(summary: TuneSummary) -> dict[str, str]:
    facts = {"trials": trials(summary)}
    if summary["found"] is not None:
        facts["ensemble"] = _networks(summary["found"])
    best = summary["best"]
    if best is not None:
        values = ", ".join(f"{key} {shown(value)}" for key, value in best["parameters"].items())
        facts["best"] = f"trial {best['trial']}: {values}"
    return {**facts, "time": times(summary)}


def _networks(found: FoundJson) -> str:
    """`trials 17 (5 times), 3, 8; of 24 candidates`."""
    parts = [
        f"{one['network']}" + (f" (×{one['count']})" if one["count"] > 1 else "")
        for one in found["ensemble"]["networks"]
    ]
    return f"trials {', '.join(parts)}, of {plural(found['ensemble']['candidates'], 'candidate')}"


def trials(summary: TuneSummary) -> str:
    """`60 finished, 4 pruned of 64; the clock stopped 3`."""
    counts = [f"{count(n)} {name}" for name in STATUSES if (n := summary["trials"][name])]
    late = f"; the clock stopped {summary['out_of_time']}" if summary["out_of_time"] else ""
    return f"{', '.join(counts) or 'none'} of {count(summary['trials']['total'])}{late}"


def times(summary: TuneSummary) -> str:
    """`9 min 58 s of 10 min: look 3 s, search 6 min, …`."""
    parts: dict[str, float] = {**summary["phases"]}  # type: ignore[dict-item]
    phases = [f"{name} {seconds(spent)}" for name, spent in parts.items() if spent]
    return f"{seconds(summary['seconds'])} of {summary['minutes']:g} min: {', '.join(phases)}"
