"""The variants that an experiment file can name, as tables."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.experiment.reference.kinds import CatalogueEntry, VariantSetting
from nettrain.output.numbers import setting

INDENT = 2


def overview(console: Console, kinds: dict[str, list[CatalogueEntry]]) -> None:
    """Print every kind with its variants, a line each where the width allows it."""
    width = max(len(entry.name) for entries in kinds.values() for entry in entries)
    for kind, entries in kinds.items():
        console.print(Text(kind, style="bold cyan"))
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=width, no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for entry in entries:
            table.add_row(entry.name, Text(entry.meaning))
        console.print(_indented(table))
        console.print()
    console.print("nettrain list KIND shows a kind with its numbers, ranges and sources.", style="dim")


def details(console: Console, kind: str, entries: list[CatalogueEntry]) -> None:
    """Print the variants of one kind in full; settings that all of them share come once, at the end."""
    shared = common(entries)
    for entry in entries:
        console.print(Text(entry.name, style="bold cyan"))
        table = Table.grid()
        table.add_column(overflow="fold")
        table.add_row(Text(entry.meaning))
        facts = [f"{name}: {value}" for name, value in entry.facts]
        for fact in [*facts, *([f"source: {entry.source}"] if entry.source else [])]:
            table.add_row(Text(fact, style="dim"))
        console.print(_indented(table))
        _numbers(console, [number for number in entry.numbers if number not in shared])
        console.print()
    if shared:
        console.print(Text(f"every {kind} also has", style="bold"))
        _numbers(console, shared)
        console.print()
    if any(number.varies for entry in entries for number in entry.numbers):
        console.print("* may differ between the members of a population", style="dim")


def common(entries: list[CatalogueEntry]) -> list[VariantSetting]:
    """The settings that all variants share, when there are several variants."""
    if len(entries) < 2:
        return []
    return [number for number in entries[0].numbers if all(number in other.numbers for other in entries)]


def _numbers(console: Console, numbers: Iterable[VariantSetting]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="green")
    table.add_column(overflow="fold", max_width=24)
    table.add_column(overflow="fold", style="dim")
    for number in numbers:
        name = number.name + ("*" if number.varies else "")
        table.add_row(Text(name), Text(setting(number.default)), Text(number.range), Text(number.meaning))
    if table.row_count:
        console.print(_indented(table))


def _indented(table: Table) -> Table:
    outer = Table.grid()
    outer.add_column(width=INDENT)
    outer.add_column()
    outer.add_row("", table)
    return outer
