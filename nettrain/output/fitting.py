"""Whether a table fits the console, and the widest of several that does."""

from collections.abc import Iterable

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

ENDLESS = 10_000  # characters: a width at which no table is cut


def fits(console: Console, table: Table) -> bool:
    """Whether the whole table can be shown, with nothing cut or broken into lines."""
    wide = console.options.update(width=ENDLESS)
    return Measurement.get(console, wide, table).maximum <= console.width


def first_fitting(console: Console, tables: Iterable[Table]) -> Table:
    """The first table that fits, or else the last."""
    for table in tables:
        if fits(console, table):
            break
    return table
