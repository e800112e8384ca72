"""The formats of a table's columns of text, decided once, by all rows of the training source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.cell_formats.date_format import DateFormat
from nettrain.data.cell_formats.formats import AnyFormat, detect_format
from nettrain.data.cell_formats.number_format import NumberFormat
from nettrain.data.tables.table import Table, are_strays, column_numbers, is_text
from nettrain.errors import DataError

if TYPE_CHECKING:
    import polars as pl


THOUSANDS = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
BELOW_THOUSAND = r"^[+-]?\d{1,3}$"
FEW_POINTS = 5  # may have three digits behind them by chance
FIRST_ROWS = 10_000
TOLERANCE = 1e-6
POINTED = (
    'read with decimal points, though they may stand between thousands; data.decimal: "," reads 1.234 as 1234'
)


@dataclass(frozen=True)
class ColumnFormats:
    """The formats of columns by name, and what columns look like that may have one, but which is not known.

    `decimal` is the decimal mark where cells leave it open, "" when nothing tells, and `pointed` are columns
    of plain numbers whose points may stand between thousands.
    """

    formats: Mapping[str, AnyFormat]
    looks: Mapping[str, str]
    decimal: str = ""
    pointed: tuple[str, ...] = ()

    def notes(self, names: Iterable[str]) -> dict[str, list[str]]:
        """What a person should read of these columns: by note, those that share it."""
        columns: dict[str, list[str]] = {}
        for name in names:
            written = self.formats.get(name)
            if written is not None and not isinstance(written, DateFormat):
                columns.setdefault(f"read as {written.description}", []).append(name)
            elif name in self.looks:
                columns.setdefault(f"{self.looks[name]}; taken as text", []).append(name)
            elif name in self.pointed:
                columns.setdefault(POINTED, []).append(name)
        return columns

    def refuse_open(self, table: Table, names: Iterable[str], role: str) -> None:
        """Raise DataError at the first of these columns that may be read in more than one way."""
        for name in names:
            if name in self.looks:
                raise DataError(f'{table.origin}: {role} "{name}": {self.looks[name]}')

    def refuse_strays(self, table: Table, names: Iterable[str]) -> None:
        """Raise DataError at a cell that may be read in more than one way among plain numbers, one of few."""
        for name in names:
            if name not in self.looks:
                continue
            series = table.column(name)
            wrong = column_numbers(table, name)[1]
            if are_strays(series.filter(wrong), series.len() - series.null_count()):
                raise DataError(f'{table.at(int(np.argmax(wrong)))}: column "{name}": {self.looks[name]}')


def detect_formats(
    table: Table, names: Iterable[str], decimal: str = "", dates: Mapping[str, str] | None = None
) -> ColumnFormats:
    """The formats of these columns, by all their cells, or by the patterns that `dates` gives by name.

    Where cells leave it open whether a mark is decimal, it is `decimal` or, if that is "", as in the other
    columns.
    """
    patterns = {name: DateFormat(pattern) for name, pattern in (dates or {}).items()}
    texts = {
        name: cells
        for name in names
        if name not in patterns and (cells := text_cells(table, name)) is not None
    }
    detected = {name: detect_format(cells, decimal) for name, cells in texts.items()}
    common = common_decimal(one.format for one in detected.values())
    if not decimal and common:
        decimal = common
        unsure = [name for name, one in detected.items() if leaves_open(one.format)]
        detected |= {name: detect_format(texts[name], decimal) for name in unsure}
    return ColumnFormats(
        {**{name: one.format for name, one in detected.items() if one.format}, **patterns},
        {name: one.looks for name, one in detected.items() if one.looks},
        decimal,
        () if decimal else tuple(name for name, cells in texts.items() if may_be_thousands(cells)),
    )


def text_cells(table: Table, name: str) -> "pl.Series | None":
    """The cells of a column of text, None for one of numbers."""
    if table.has_numbers(name):
        return None
    series = table.column(name)
    return series if is_text(series) else None


def leaves_open(written: AnyFormat | None) -> bool:
    """Whether another decimal mark might fit the cells of this format too."""
    if isinstance(written, NumberFormat):
        return (written.decimal, written.thousands) == (".", "")
    return written is None


def common_decimal(formats: Iterable[AnyFormat | None]) -> str:
    """The decimal mark that columns have whose cells tell, "" where none does, or some differ."""
    numbers = [one for one in formats if isinstance(one, NumberFormat)]
    marks = {"," if one.decimal == "," else "." for one in numbers if "," in (one.decimal, one.thousands)}
    return marks.pop() if len(marks) == 1 else ""


def may_be_thousands(cells: "pl.Series") -> bool:
    """Whether the points of plain numbers may stand between thousands: 950, 1.250, 12.500 and so on.

    Three digits follow each, and numbers without one are below 1000.
    """
    points = cells.str.contains(".", literal=True)
    pointed, others = cells.filter(points), cells.filter(~points)
    return (
        len(pointed) >= FEW_POINTS
        and bool(pointed.str.contains(THOUSANDS).all())
        and len(others) > 0
        and bool(others.str.contains(BELOW_THOUSAND).all())
    )


def columns_of_thousands(table: Table) -> list[str]:
    """The columns among a table's `numbers` whose first values may be as in `may_be_thousands`."""
    if table.numbers is None:
        return []
    first = np.abs(next(table.numbers.blocks())[:FIRST_ROWS])
    with np.errstate(invalid="ignore"):
        fractional = np.floor(first) < first
        in_thousands = np.abs(1000 * first - np.rint(1000 * first)) < TOLERANCE
        in_tenths = np.abs(100 * first - np.rint(100 * first)) < TOLERANCE
        possible = (first < 1000) & np.where(fractional, in_thousands & (first >= 1), True) | np.isnan(first)
    counts = fractional.sum(axis=0)
    many = 2 * (fractional & ~in_tenths).sum(axis=0) > counts  # of 1.250, 1.251 and so on one in ten is
    found = possible.all(axis=0) & many & (counts >= FEW_POINTS)
    return [name for name, one in zip(table.numbers.names, found, strict=True) if one]


def fractional_columns(table: Table) -> list[str]:
    """The columns among a table's `numbers` that are not whole."""
    if table.numbers is None:
        return []
    fractional = np.zeros(len(table.numbers.names), dtype=bool)
    for chunk in table.numbers.blocks():
        with np.errstate(invalid="ignore"):
            fractional |= (np.floor(chunk) < chunk).any(axis=0)
    return [name for name, one in zip(table.numbers.names, fractional, strict=True) if one]
