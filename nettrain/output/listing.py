"""Plain two-column tables."""

from rich.console import Console
from rich.table import Table
from rich.text import Text


def facts_table(console: Console, facts: dict[str, str]) -> None:
    """Names and values, one line each."""
    table = Table.grid(padding=(0, 3))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))  # text may hold brackets, as in nettrain[cuda13]
    console.print(table)
