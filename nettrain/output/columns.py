"""The columns of the data: their values and roles."""

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nettrain.output.console import console
from nettrain.output.numbers import count

ColumnRow = tuple[str, str, str, str, str, str]  # a cell for each of HEADERS
HEADERS = ("column", "holds", "gaps", "different", "values", "role")
NUMBERS = ("gaps", "different")  # aligned to the right
STYLES = {"target": "bold green", "ignored": "dim"}
MAX_CELL = 32  # characters of a name or of values
LABEL = 9


def show_columns(rows: Iterable[ColumnRow], more: int, facts: Mapping[str, str]) -> None:
    """Print a table of columns, of which `more` are left out, and labelled facts below it."""
    out = console()
    out.print(columns_table(rows, more))
    for name, text in facts.items():  # never broken: paths in them are to be copied
        lines = text.replace("\n", f"\n{'':{LABEL}}")
        out.print(Text.assemble((f"{name:<{LABEL}}", "bold"), lines), soft_wrap=True)


def columns_table(rows: Iterable[ColumnRow], more: int) -> Table:
    """A row for each column, its role last."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in HEADERS:
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(short(cell)) for cell in row[:-1]), Text(row[-1]), style=style(row[-1]))
    if more:
        table.add_row(Text(f"and {count(more)} more", style="dim"))
    return table


def short(cell: str) -> str:
    """The cell, or its beginning when it is long."""
    return cell if len(cell) <= MAX_CELL else f"{cell[: MAX_CELL - 1]}…"


def style(role: str) -> str:
    """The style of a role; a reason may follow the role behind a colon."""
    return STYLES.get(role.partition(":")[0], "")
