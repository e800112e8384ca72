"""The gradient check of the whole catalogue: a grid of activations and losses, and a row for all else."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.gradients import LABEL, error, lines, worst
from nettrain.output.numbers import count

MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "dim")}
GRID = "activations"
WIDE = 100  # columns that a terminal needs for counts too


def matrix_view(console: Console, found: Mapping[str, Any]) -> None:
    """All networks that were checked: `found` is the object that --json prints."""
    losses = found["losses"]
    grid = [row for row in found["rows"] if row["group"] == GRID]
    console.print(grid_table(grid, losses))
    numbered = (f"{k} {name}" for k, name in enumerate(losses, start=1))
    lines(console, {"losses": "   ".join(numbered)})
    others = [row for row in found["rows"] if row["group"] != GRID]
    console.print(groups_table(others, narrow=console.width < WIDE))
    for row in found["rows"]:
        for failure in row["failures"][:1]:
            lines(console, {"wrong": wrong(row, failure), "why": "; ".join(failure["diagnosis"])})
    ending(console, found)


def grid_table(rows: Sequence[Mapping[str, Any]], losses: Sequence[str]) -> Table:
    """Activations down, losses by their numbers across, and each activation's worst errors."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("activation", no_wrap=True)
    for k in range(len(losses)):
        table.add_column(str(k + 1), justify="right", no_wrap=True)
    for name in ("difference", "dual"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        marks = (Text(*MARKS[row["cells"].get(loss)]) for loss in losses)
        table.add_row(row["name"], *marks, error(row["difference"]), error(row["dual"]))
    return table


def groups_table(rows: Sequence[Mapping[str, Any]], *, narrow: bool) -> Table:
    """Kinds of targets, layers, penalties and options, a line each below the group's name."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    counts = () if narrow else ("checked", "skipped")
    for name in ("also", *counts, "difference", "dual", ""):
        table.add_column(name, justify="left" if name == "also" else "right", no_wrap=True)
    for group, members in groupby(rows, lambda row: row["group"]):
        table.add_row(Text(group, style="bold"))
        for row in members:
            counted = (count(row[key]) for key in counts)
            errors = (error(row[key]) for key in ("difference", "dual"))
            table.add_row(f"  {row['name']}", *counted, *errors, Text(*MARKS[row["passed"]]))
    return table


def wrong(row: Mapping[str, Any], failure: Mapping[str, Any]) -> str:
    """Which network, and its worst number."""
    name, more = row["name"], len(row["failures"]) - 1
    if failure["of"]:
        name += f" with {failure['of']}" + (f" and {more} more" if more else "")
    return f"{name}: {worst(failure['worst'])}" if failure["worst"] else name


def ending(console: Console, found: Mapping[str, Any]) -> None:
    """What was counted, and the verdict."""
    checked, skipped = (sum(row[key] for row in found["rows"]) for key in ("checked", "skipped"))
    failing = sum(len(row["failures"]) for row in found["rows"])
    counted = (
        f"{count(checked)} numbers of {count(found['networks'])} networks,"
        f" {count(skipped)} skipped at kinks, in {found['seconds']:.1f} s"
    )
    lines(console, {"checked": counted})
    verdict, style = "all gradients are right", "bold green"
    if failing:
        verdict, style = f"the gradient is wrong in {failing} of {found['networks']} networks", "bold red"
    console.print(Text.assemble((f"{'verdict':<{LABEL}}", "bold"), (verdict, style)), soft_wrap=True)
