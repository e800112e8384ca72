"""The final report of a sweep: the best trials, what mattered, warnings, files and the next command."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import count, figure, seconds
from nettrain.output.progress import title
from nettrain.output.report import labelled
from nettrain.output.sweep_progress import shown

BEST = 10  # trials in the table
BAR = 20  # characters of the longest bar
LABEL = 9
Leader = tuple[int, int, Mapping[str, float], Mapping[str, Any]]  # trial, epochs, figures, values


def best_table(leaders: Sequence[Leader], metric: str, keys: Sequence[str]) -> Table:
    """The best trials with their figures and values, a column for each searched key."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    figures = [metric, *sorted({name for _, _, told, _ in leaders for name in told} - {metric})]
    table.add_column("trial", justify="right")
    for name in figures:
        table.add_column(title(name), justify="right")
    table.add_column("epochs", justify="right")
    for key in short_keys(keys).values():
        table.add_column(key, overflow="fold")
    for place, (trial, epochs, told, values) in enumerate(leaders[:BEST]):
        cells = [shown(values[key]) if key in values else "" for key in keys]
        numbers = [figure(told.get(name)) for name in figures]
        table.add_row(str(trial), *numbers, str(epochs), *map(Text, cells), style="bold green" if not place else "")
    return table


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Each key's last part, or all of it where two would be the same."""
    last = [key.rpartition(".")[2] for key in keys]
    return {key: end if last.count(end) == 1 else key for key, end in zip(keys, last, strict=True)}


def influence_table(influences: Sequence[Any]) -> Table:
    """How much each parameter mattered, as bars, and in which direction."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("what mattered")
    table.add_column("how much", no_wrap=True)
    table.add_column("what is better", overflow="fold")
    for one in influences:
        bar = "█" * round(BAR * one.strength)
        table.add_row(one.key, Text.assemble((f"{bar:<{BAR}}", "cyan"), f" {one.strength:.2f}"), better(one))
    return table


def better(influence: Any) -> str:
    """The direction of a number, or the choices with their mean figures, the best first."""
    if influence.groups is None:
        return {1: "larger", -1: "smaller", 0: ""}[influence.direction]
    return ", ".join(f"{name} {figure(value)}" for name, value in influence.groups.items())


def sweep_report(
    console: Console,
    summary: Mapping[str, Any],
    leaders: Sequence[Leader],
    influences: Sequence[Any],
    keys: Sequence[str],
    folder: Path,
    files: Sequence[str],
) -> None:
    """All of it."""
    if leaders:
        console.print(best_table(leaders, summary["metric"], keys))
    if influences:
        console.print(influence_table(influences))
    for warning in summary["borders"]:
        console.print(Text(f"warning  {warning}", style="yellow"))
    console.print(labelled({"trials": outcome(summary), "files": ", ".join(files)}))
    # paths are to be copied: never broken into two lines
    last = {"folder": str(folder)}
    if leaders:
        last["next"] = f"nettrain train {folder / 'best.yaml'}"
    for name, text in last.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def outcome(summary: Mapping[str, Any]) -> str:
    """`64 trials: 60 finished, 4 diverged; 1.2 s, 53 trials a second`."""
    trials, spent = summary["trials"], summary["timing"]["total_seconds"]
    told = [f"{count(n)} {status}" for status, n in trials.items() if status != "total" and n]
    return f"{', '.join(told)} of {count(trials['total'])}; {seconds(spent)} with {summary['timing']['workers']} workers"
