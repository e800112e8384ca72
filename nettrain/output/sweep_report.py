"""The final report of a sweep: the best trials, what mattered, warnings, files and the next command."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import count, figure, rate, seconds
from nettrain.output.progress import title
from nettrain.output.report import labelled, plural
from nettrain.output.sweep_progress import shown

BEST = 10  # trials in the table
FAILURES = 3  # of which the reason is told; the summary has all
BAR = 20  # characters of the longest bar
LABEL = 9
Leader = tuple[int, int, Mapping[str, float], Mapping[str, Any]]  # trial, epochs, figures, values


def fitting_table(console: Console, leaders: Sequence[Leader], metric: str, keys: Sequence[str]) -> Table:
    """The table of the best trials, without its least needed columns where the terminal is narrow."""
    others = sorted({name for _, _, told, _ in leaders for name in told} - {metric})
    for figures, epochs in (([metric, *others], True), ([metric, *others], False), ([metric], False)):
        table = best_table(leaders, figures, keys, epochs=epochs)
        if Measurement.get(console, console.options.update(width=1000), table).maximum <= console.width:
            break
    return table


def best_table(
    leaders: Sequence[Leader], figures: Sequence[str], keys: Sequence[str], *, epochs: bool
) -> Table:
    """The best trials with their figures and values, a column for each searched key."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("trial", justify="right", no_wrap=True)
    for name in [*figures, *(["epochs"] if epochs else [])]:
        table.add_column(title(name), justify="right", no_wrap=True)
    for key in short_keys(keys).values():
        table.add_column(key, overflow="fold")
    for place, (trial, trained, told, values) in enumerate(leaders[:BEST]):
        cells = [short(values[key]) if key in values else "" for key in keys]
        numbers = [figure(told.get(name)) for name in figures] + ([str(trained)] if epochs else [])
        table.add_row(str(trial), *numbers, *map(Text, cells), style="" if place else "bold green")
    return table


def short(value: Any) -> str:
    """A drawn value in a narrow column."""
    return rate(value) if isinstance(value, float) else shown(value)


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
        console.print(fitting_table(console, leaders, summary["metric"], keys))
    if influences:
        console.print(influence_table(influences))
    for trial, message in list(summary["failures"].items())[:FAILURES]:
        console.print(Text(f"trial {trial} failed: {message}", style="red"))
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
    workers = summary["timing"]["workers"]
    return f"{', '.join(told)} of {count(trials['total'])}; {seconds(spent)} with {plural(workers, 'worker')}"
