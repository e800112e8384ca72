"""How a text file is written: what is above its table, the separator, the names of the columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nettrain.data.reading.cell_kind import CellKind, cell_kind
from nettrain.data.reading.header import (
    HeaderEvidence,
    are_default_names,
    column_names,
    header_evidence,
    shown,
)
from nettrain.data.reading.options import ReadOptions, character
from nettrain.data.reading.preamble import find_preamble
from nettrain.data.reading.separator import SampledRow, sample_rows
from nettrain.data.reading.textfile import TextFile
from nettrain.data.tables.table import counted
from nettrain.errors import DataError

SAMPLE_SIZE = 1_000_000  # characters, in which header and separator show
SAMPLE_LINES = 16  # or so many lines, where they are longer
SAMPLE_ROWS = 2000
NUMBERED = 3  # rows of different first cells, which then may be their names
UNNAMED = "column_0"  # the first column where it has no name


@dataclass(frozen=True)
class Dialect:
    """How a text file is written.

    `names` are those of its columns, `header` whether the file names them, in `header_rows` of its rows or in
    a comment, and `padding` how many empty cells may follow in a row. `skip` and `comment` say which lines
    are no rows, and `mark` what comments begin with, also above the table.
    """

    separator: str
    header: bool
    header_rows: int
    names: tuple[str, ...]
    padding: int
    skip: int
    comment: str
    mark: str
    notes: tuple[str, ...]

    @property
    def character(self) -> str:
        """The character that separates cells."""
        return character(self.separator)


@dataclass(frozen=True)
class FirstRow:
    """The cells of the first row, one for each column, and how many empty cells may follow in others.

    `row_names` says that the first cell was added, as the name of a column of names of rows.
    """

    cells: tuple[str, ...]
    padding: int = 0
    row_names: bool = False

    def fitting(self, below: Sequence[SampledRow]) -> list[tuple[str, ...]]:
        """The cells of the rows under it that fit."""
        width = len(self.cells)
        return [row.cells[:width] for row in below if len(row.cells) == width + self.padding]


def detect_dialect(file: TextFile, options: ReadOptions) -> Dialect:
    """How a file is written, by its first rows. Raises DataError when it is empty, or names do not fit."""
    text = file.beginning(SAMPLE_SIZE, SAMPLE_LINES)
    preamble = find_preamble(text, file, options)
    sampled = sample_rows(text, preamble.separator, preamble.table(file), SAMPLE_ROWS)
    if not sampled.rows:
        raise DataError(f"{file.origin}: is empty")
    commented = bool(preamble.header)
    below = sampled.rows if commented else sampled.rows[1:]
    cells = preamble.header or sampled.rows[0].cells
    first = fit_first_row(cells, below, options)
    evidence = header_evidence([first.cells, *first.fitting(below)], options.missing)
    header = commented or first.row_names or has_header(first.cells, evidence, options)
    if not header and len(first.cells) < len(cells):
        first = FirstRow(cells)  # only names may have separators too many
    first = without_unused(first, below, header, options)
    return Dialect(
        preamble.separator,
        header,
        int(header and not commented),
        column_names_of(first.cells, header, options, file.origin),
        first.padding,
        preamble.skip,
        preamble.comment,
        preamble.mark,
        (*preamble.notes, *header_notes(file.origin, first, header, evidence, options)),
    )


def fit_first_row(cells: tuple[str, ...], below: Sequence[SampledRow], options: ReadOptions) -> FirstRow:
    """The first row as it fits the rows below; what does not fit at all is left to the reader to refuse.

    Separators at the ends of rows make empty cells, and a name less than cells means that the first column
    holds names of rows, as R writes them.
    """
    widths = {len(row.cells) for row in below}
    if len(widths) != 1:
        return FirstRow(cells)
    width = widths.pop()
    if width < len(cells) and not any(cells[width:]):
        return FirstRow(cells[:width])
    if not any(any(row.cells[len(cells) :]) for row in below):
        return FirstRow(cells, max(0, width - len(cells)))
    keys = [row.cells[0] for row in below]
    unique = len(keys) == len({*keys}) and (len(keys) >= NUMBERED or UNNAMED in options.known)
    if width == len(cells) + 1 and unique and all(cell_kind(cell) is not CellKind.NUMBER for cell in cells):
        return FirstRow(("", *cells), row_names=True)
    return FirstRow(cells)


def without_unused(
    first: FirstRow, below: Sequence[SampledRow], header: bool, options: ReadOptions
) -> FirstRow:
    """The first row without the cells at its end under which no row has a value.

    Those of a header have no names; other rows have one at most, by a separator too many.
    """
    unused = 0
    filled = [any(column) for column in zip(*first.fitting(below), strict=True)]
    for cell, used in zip(reversed(first.cells), reversed(filled), strict=False):
        if used or cell:
            break
        unused += 1
    if not header:
        complete = len(first.cells) <= max(len(options.known), len(options.names))
        unused = 0 if complete else min(unused, 1)
    if not unused or unused == len(first.cells):
        return first
    return replace(first, cells=first.cells[:-unused], padding=first.padding + unused)


def has_header(cells: Sequence[str], evidence: HeaderEvidence, options: ReadOptions) -> bool:
    """Whether the first row names the columns: by the options, by names that are known, or by evidence."""
    if options.header != "auto":
        return options.header
    if options.names:
        return list(cells) == list(options.names)
    if options.known:
        numbered = are_default_names(cells) and evidence.header
        return options.knows(cells) or evidence.certain or numbered
    return options.knows(cells) or evidence.header


def column_names_of(cells: Sequence[str], header: bool, options: ReadOptions, origin: str) -> tuple[str, ...]:
    """The columns' names: those in the options or in the first row, else numbers. Raises DataError."""
    if not options.names:
        return column_names(cells if header else [""] * len(cells), origin)
    if len(options.names) != len(cells):
        raise DataError(
            f"data.names: {counted(len(options.names), 'name')}, but {origin} has "
            f"{counted(len(cells), 'column')}"
        )
    return options.names


def header_notes(
    origin: str, first: FirstRow, header: bool, evidence: HeaderEvidence, options: ReadOptions
) -> list[str]:
    """Notes on what the first row is taken for, where a person may see it otherwise."""
    if first.row_names:
        return [
            f"{origin}: {len(first.cells) - 1} names for {len(first.cells)} columns, so that the first, of "
            f'names of rows, is "{UNNAMED}"; data.columns.ignore leaves it out'
        ]
    row = f"{origin}: the first row {shown(first.cells)}"
    if options.header != "auto" or options.knows(first.cells):
        return []
    if options.known:
        numbered = header and are_default_names(first.cells)
        return [f"{row} is read as names of columns, which are taken by position"] if numbered else []
    if options.names:
        surely = evidence.header and not evidence.undecided
        return [f"{row} is read as values; data.header: true leaves it out"] if surely and not header else []
    if header:
        note = f"{row} is read as names of columns; data.header: false reads it as values"
    else:
        note = f"{row} is read as values; data.header: true reads it as names of columns"
    return [note] if evidence.undecided else []
