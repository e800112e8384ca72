"""The columns of a table: what is in them, and what they are for."""

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import count

ColumnRow = tuple[str, str, str, str, str, str]  # one cell for each of HEAD
HEAD = ("column", "holds", "gaps", "different", "values", "role")
NUMBERS = ("gaps", "different")
STYLES = {"target": "bold green", "ignored": "dim"}
LONGEST = 32  # characters of a name or of values
LABEL = 9


def show_columns(rows: Iterable[ColumnRow], more: int, facts: Mapping[str, str]) -> None:
    """The columns of a table, of which `more` are not shown, and what was guessed of them."""
    console = Console()
    console.print(columns_table(rows, more))
    for name, text in facts.items():  # never broken, for paths in them are to be copied
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def columns_table(rows: Iterable[ColumnRow], more: int) -> Table:
    """A line for each column, its role last."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(short(cell)) for cell in row[:-1]), Text(row[-1]), style=style(row[-1]))
    if more:
        table.add_row(Text(f"and {count(more)} more", style="dim"))
    return table


def short(cell: str) -> str:
    """The cell, or its beginning when it is long."""
    return cell if len(cell) <= LONGEST else f"{cell[: LONGEST - 1]}…"


def style(role: str) -> str:
    """How a column of this role is shown; a role may have its reason behind a colon."""
    return STYLES.get(role.partition(":")[0], "")
