"""The gradient check of the whole catalogue: a grid of activations and losses, and a row for all else."""

from collections.abc import Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.checks.report import CatalogueReport, CatalogueRow, FailureReport
from nettrain.output.gradients import LABEL, error, lines, worst
from nettrain.output.numbers import count, plural

MARKS = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "dim")}
GRID = "activations"
WIDE = 100  # columns that a terminal needs for counts too


def matrix_view(console: Console, report: CatalogueReport) -> None:
    """All networks that were checked."""
    losses = report["losses"]
    grid = [row for row in report["rows"] if row["group"] == GRID]
    console.print(grid_table(grid, losses))
    numbered = (f"{k} {name}" for k, name in enumerate(losses, start=1))
    lines(console, {"losses": "   ".join(numbered)})
    others = [row for row in report["rows"] if row["group"] != GRID]
    console.print(groups_table(others, narrow=console.width < WIDE))
    for row in report["rows"]:
        for failure in row["failures"][:1]:
            lines(console, {"wrong": wrong(row, failure), "why": "; ".join(failure["diagnosis"])})
    ending(console, report)


def grid_table(rows: Sequence[CatalogueRow], losses: Sequence[str]) -> Table:
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


def groups_table(rows: Sequence[CatalogueRow], *, narrow: bool) -> Table:
    """Kinds of targets, layers, penalties and options, a row each below the group's name."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    counts = () if narrow else ("checked", "skipped")
    for name in ("also", *counts, "difference", "dual", ""):
        table.add_column(name, justify="left" if name == "also" else "right", no_wrap=True)
    for group, members in groupby(rows, lambda row: row["group"]):
        table.add_row(Text(group, style="bold"))
        for row in members:
            numbers = () if narrow else (count(row["checked"]), count(row["skipped"]))
            errors = (error(row["difference"]), error(row["dual"]))
            table.add_row(f"  {row['name']}", *numbers, *errors, Text(*MARKS[row["passed"]]))
    return table


def wrong(row: CatalogueRow, failure: FailureReport) -> str:
    """Which network, and its worst number."""
    name, more = row["name"], len(row["failures"]) - 1
    if failure["of"]:
        name += f" with {failure['of']}" + (f" and {more} more" if more else "")
    return f"{name}: {worst(failure['worst'])}" if failure["worst"] else name


def ending(console: Console, report: CatalogueReport) -> None:
    """How many numbers were checked, and the verdict."""
    rows = report["rows"]
    checked, skipped = sum(row["checked"] for row in rows), sum(row["skipped"] for row in rows)
    failing = sum(len(row["failures"]) for row in rows)
    totals = (
        f"{count(checked)} numbers of {plural(report['networks'], 'network')},"
        f" {count(skipped)} skipped at kinks, in {report['seconds']:.1f} s"
    )
    lines(console, {"checked": totals})
    verdict, style = "all gradients are right", "bold green"
    if failing:
        verdict, style = f"the gradient is wrong in {failing} of {report['networks']} networks", "bold red"
    console.print(Text.assemble((f"{'verdict':<{LABEL}}", "bold"), (verdict, style)), soft_wrap=True)
