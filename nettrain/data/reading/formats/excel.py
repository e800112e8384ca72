"""Excel workbooks: one sheet, which Polars and fastexcel read as text, and then read like a file of text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.archives import beginning, member_names, unpacked_size
from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.polars_errors import polars_errors
from nettrain.data.reading.room import refuse_without_room
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

WORKBOOK = "xl/workbook.xml"  # in every workbook, which is a zip archive
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
DIMENSION = re.compile(rb'<dimension ref="[A-Z]+\d+:([A-Z]+)(\d+)"')
HEAD_BYTES = 4096  # of a sheet, in which its dimension stands
CELL_BYTES = 40  # that a cell of a sheet takes at least while it is read, an empty one included
SEPARATOR = ","
MIDNIGHT = " 00:00:00"
MOMENT = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
TIME_OF_DAY = r"^1899-12-3[01] (\d\d:\d\d:\d\d)"  # a time without a day, as a moment


def is_workbook(path: Path) -> bool:
    """Whether a file is an Excel workbook."""
    return WORKBOOK in member_names(path)


@file_format(".xlsx", ".xlsm", recognise=is_workbook)
def read_excel(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in a sheet of a workbook: `options.sheet`, or the first that is not empty.

    Cells are what they hold, not how they are shown; those with an error hold nothing. Raises DataError when
    fastexcel is not installed, for a file that is no workbook or is damaged, and for an unknown sheet.
    """
    origin = display_path(path)
    with reading_errors(path, key):
        path.open("rb").close()
        refuse_foreign(path, origin)
        sheets = read_cells(path, origin)
        name, notes = chosen_sheet(sheets, options, origin)
        numbers = read_numbers(path, origin, name)
    cells = plain_cells(sheets[name], numbers)
    table = table_of(cells, origin, options)
    return Source(replace(table, notes=(*notes, *table.notes)), header=table.header, comment=table.comment)


def refuse_foreign(path: Path, origin: str) -> None:
    """Raise DataError when a workbook cannot be read: no reader, no workbook, or too large a one."""
    if find_spec("fastexcel") is None:
        raise DataError(f"{origin}: Excel workbooks need fastexcel: pip install 'nettrain[excel]'")
    if not is_workbook(path):
        raise DataError(f"{origin}: is not an Excel workbook, or is cut short")
    refuse_without_room(unpacked_size(path), f"{origin}: it", "save the sheet as CSV")
    for rows, columns in extents(path):
        refuse_without_room(
            rows * columns * CELL_BYTES,
            f"{origin}: a sheet of {rows:,} rows and {columns:,} columns (by a stray cell far away?)",
            "delete what is right of the table and below, or save the sheet as CSV",
        )


def extents(path: Path) -> Iterator[tuple[int, int]]:
    """The rows and columns of each sheet that says so in front of its cells: memory is needed for all."""
    for name in member_names(path):
        if SHEET.fullmatch(name) and (found := DIMENSION.search(beginning(path, name, HEAD_BYTES))):
            yield int(found[2]), column_number(found[1].decode())


def column_number(letters: str) -> int:
    """The number of a column from 1: A is 1, Z 26 and AA 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def read_cells(path: Path, origin: str) -> "Mapping[str, pl.DataFrame]":
    """The cells of every sheet as text, null where they are empty.

    Text has only the first digits of fractions. Raises DataError for damage.
    """
    import polars as pl
    from fastexcel import FastExcelError

    with polars_errors(f"{origin}: is not an Excel workbook, or is damaged", FastExcelError, ValueError):
        return pl.read_excel(
            path,
            sheet_id=0,
            engine="calamine",
            has_header=False,
            read_options={"dtypes": "string", "skip_rows": 0},
            drop_empty_rows=False,
            drop_empty_cols=False,
            raise_if_empty=False,
        )


def read_numbers(path: Path, origin: str, sheet: str) -> "pl.DataFrame":
    """The cells of a sheet that read as numbers, null where they do not. Raises DataError for damage.

    Polars would turn whole numbers into 64-bit integers, also those that are too large.
    """
    import fastexcel
    import polars as pl

    with polars_errors(f"{origin}: is not an Excel workbook, or is damaged", fastexcel.FastExcelError):
        workbook = fastexcel.read_excel(path)
        return pl.DataFrame(workbook.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="float"))


def chosen_sheet(
    sheets: "Mapping[str, pl.DataFrame]", options: ReadOptions, origin: str
) -> tuple[str, tuple[str, ...]]:
    """The name of the sheet to read, and a note where another could be meant.

    Raises DataError when it is not there, or all are empty.
    """
    filled = [name for name, cells in sheets.items() if cells.height and cells.width]
    wanted = options.sheet
    if wanted is None or (options.known and wanted not in sheets and len(filled) == 1):
        if not filled:
            raise DataError(f"{origin}: is empty")
        others = f'{origin}: read sheet "{filled[0]}" of {len(filled)}; data.sheet names another'
        return filled[0], (others,) if len(filled) > 1 else ()
    names = list(sheets)
    if isinstance(wanted, int):
        if not 0 <= wanted < len(names):
            raise DataError(f"{origin}: data.sheet: {wanted} is not a sheet from 0 to {len(names) - 1}")
        wanted = names[wanted]
    if wanted not in sheets:
        raise DataError(f'{origin}: no sheet "{wanted}"{nearest(wanted, names)}')
    if wanted not in filled:
        raise DataError(f'{origin}: sheet "{wanted}" is empty')
    return wanted, ()


def plain_cells(cells: "pl.DataFrame", numbers: "pl.DataFrame") -> "pl.DataFrame":
    """The cells as a CSV file has them: numbers with all their digits, days and times of day alone."""
    import polars as pl

    columns = []
    for text, number in zip(cells.get_columns(), numbers.get_columns(), strict=True):
        rounded = (text.cast(pl.Float64, strict=False) != number).fill_null(False)
        columns.append(plain_dates(number.cast(pl.String).zip_with(rounded, text).alias(text.name)))
    return pl.DataFrame(columns)


def plain_dates(text: "pl.Series") -> "pl.Series":
    """A column without the day of times, and without the time of days if all moments in it are midnights."""
    text = text.str.replace(TIME_OF_DAY, "$1")
    moments = text.filter(text.str.contains(MOMENT).fill_null(False))
    days = len(moments) > 0 and bool(moments.str.ends_with(MIDNIGHT).all())
    return text.str.strip_suffix(MIDNIGHT) if days else text


def table_of(cells: "pl.DataFrame", origin: str, options: ReadOptions) -> Table:
    """The table in cells of text, which gives rows of the sheet in place of lines."""
    above = rows_above(cells)
    titles = [next((cell for cell in row if cell), "") for row in cells.head(above).rows()]
    text = "".join(f"{quoted(title)}\n" for title in titles)
    text += cells.tail(cells.height - above).write_csv(include_header=False)
    table = parse(text.encode(), origin, replace(options, separator=SEPARATOR))
    lines, empty = table.line_numbers, table.empty_rows
    rows = sheet_rows(cells)
    return replace(
        table,
        line_numbers=lines and (lambda: [rows[line] for line in lines()]),
        empty_rows=empty and (lambda: [(before, rows[line]) for before, line in empty()]),
    )


def rows_above(cells: "pl.DataFrame") -> int:
    """How many rows at the top have one cell at most, titles for instance, where others have more."""
    import polars as pl

    filled = cells.select(pl.sum_horizontal(pl.all().is_not_null())).to_series()
    several = (filled > 1).arg_true()
    return int(several[0]) if len(several) else 0


def quoted(title: str) -> str:
    """A cell as CSV spells it."""
    return '"' + title.replace('"', '""') + '"' if any(c in title for c in ',"\n') else title


def sheet_rows(cells: "pl.DataFrame") -> list[int]:
    """The row of the sheet for each line of its text, both from 1, as cells may hold line ends."""
    import polars as pl

    ends = cells.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True))).to_series()
    lines = np.repeat(np.arange(1, cells.height + 1), ends.fill_null(0).to_numpy() + 1)
    return [0, *lines.tolist()]
