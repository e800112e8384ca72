"""The separator of a text file: the one under which rows agree, and which leaves no separators in cells."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nettrain.data.reading.cell_kind import NUMBER, CellKind, cell_kind
from nettrain.data.reading.cells import csv_reader
from nettrain.data.reading.options import SEPARATORS, WHITESPACE, character
from nettrain.data.reading.textfile import TableLines, TextFile

MOST_ROWS = 200  # decide on the separator,
MOST_COLUMNS = 100  # and so many cells of each
NEARLY_ALL = 0.9  # of the rows: titles and a header may differ from them
MOST = 0.7  # of the cells of a column of numbers are numbers
AMOUNT = re.compile(r"[^\w]*\d[\d.,' ]*[^\d]{0,5}")  # a number in any country, such as $1,200.50 or 3,5 kg
THOUSANDS = re.compile(r"[+-]?\d{1,3}( \d{3})+(\.\d+)?")


@dataclass(frozen=True)
class SampledRow:
    """A row that is not blank, and the line it starts on."""

    line: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(cell != "" for cell in self.cells)


@dataclass(frozen=True)
class SampledRows:
    """The first rows of a file, split at one separator."""

    separator: str
    rows: tuple[SampledRow, ...]

    @cached_property
    def width(self) -> int:
        """The number of cells that most rows of several have, 0 without rows."""
        counts = Counter(len(row.cells) for row in self.rows)
        return max(counts, key=lambda width: (width > 1, counts[width], width), default=0)

    @cached_property
    def agreement(self) -> float:
        """The share of the rows that have this number of cells."""
        width = self.width
        return sum(len(row.cells) == width for row in self.rows) / max(1, len(self.rows))

    @cached_property
    def leftovers(self) -> float:
        """How many characters in a row, on average, rather look like separators than like parts of cells."""
        others = [other for other in SEPARATORS if other not in (self.separator, WHITESPACE)]
        cells = [cell for row in self.rows for cell in row.cells[:MOST_COLUMNS]]
        text = "\n".join(cells)
        count = sum(text.count(other) for other in others if other != ",")
        count += sum(map(separating_commas, cells)) if "," in others else 0
        return (count + sum(map(separating_blanks, cells))) / max(1, len(self.rows))

    @property
    def usable(self) -> bool:
        """Whether there are several columns; blanks, which text has too, have to separate numbers alike."""
        if self.separator != WHITESPACE or self.width < 2:
            return self.width > 1
        below = [row.cells[:MOST_COLUMNS] for row in self.rows[1:] if len(row.cells) == self.width]
        numeric = [share_of_numbers(column) for column in zip(*below, strict=True)]
        wide = self.width > 2
        if self.agreement == 1:
            return max(numeric, default=0.0) > MOST and (wide or sum(numeric) >= 1)
        return wide and 2 * sum(numeric) >= len(numeric)

    @property
    def convincing(self) -> bool:
        """Whether rows agree under a character, but for titles, and no cell seems to be several."""
        widths = [len(row.cells) for row in self.rows]
        below = widths[widths.index(self.width) :]
        agree = set(below) == {self.width} and 2 * len(below) >= len(widths)
        return self.separator != WHITESPACE and agree and not self.leftovers

    @property
    def is_text(self) -> bool:
        """Whether this is rather one column of text: the first row has one cell, and others have several."""
        widths = [len(row.cells) for row in self.rows]
        below = widths[widths.index(self.width) :]
        return widths[0] == 1 and any(width != self.width for width in below)

    def known(self, names: Sequence[str]) -> int:
        """How many of these names the row has that has most of them."""
        wanted = {*names}
        return max((len(wanted.intersection(row.cells)) for row in self.rows), default=0)


def share_of_numbers(cells: Sequence[str]) -> float:
    """How many of these cells are numbers, of 1."""
    return sum(cell_kind(cell) is CellKind.NUMBER for cell in cells) / len(cells)


def separating_commas(cell: str) -> int:
    """How many commas of a cell may be separators."""
    return 0 if "," not in cell or AMOUNT.fullmatch(cell) else cell.count(",") - cell.count(", ")


def separating_blanks(cell: str) -> int:
    """How many blanks between the parts of a cell may be separators."""
    parts = cell.split()
    if len(parts) < 2:
        return 0
    numbers = sum(map(bool, map(NUMBER.fullmatch, parts)))
    several = "  " in cell or numbers == len(parts)
    return len(parts) - 1 if several and numbers > 1 and not THOUSANDS.fullmatch(cell) else 0


def sample_rows(text: str, separator: str, file: TextFile, most: int) -> SampledRows:
    """The first rows of a file, whose beginning is `text`."""
    lines = TableLines(replace(file, whitespace=separator == WHITESPACE), io.StringIO(text, newline=""))
    rows = []
    for cells in csv_reader(lines, character(separator)):
        stripped = tuple(cell.strip() for cell in cells)
        if any(stripped):
            rows.append(SampledRow(lines.first, stripped))
        lines.first = 0
        if len(rows) == most:
            break
    return SampledRows(separator, tuple(rows))


def find_separator(
    text: str, separators: Sequence[str] = SEPARATORS, known: Sequence[str] = (), file: TextFile | None = None
) -> str:
    """The separator under which most of the first rows have one and the same number of cells.

    Where several do, it is the one that leaves fewest separators inside cells; of decimal commas, none. Rows
    that hold `known` names go before. `file` says which lines are part of the table.
    """
    file = file or TextFile("", io.BytesIO)
    samples = [sample_rows(text, one, file, MOST_ROWS) for one in separators]
    usable = [one for one in samples if one.usable]
    if any(one.convincing for one in usable):
        usable = [one for one in usable if one.separator != WHITESPACE]

    def score(sample: SampledRows) -> tuple[float, ...]:
        agreement = round(min(sample.agreement, NEARLY_ALL), 1)
        return (sample.known(known), agreement, -sample.leftovers, sample.agreement)

    one_column = next((one for one in samples if one.width == 1 and one.agreement == 1), samples[0]).separator
    if not usable or max(map(score, samples))[0] > max(map(score, usable))[0]:
        return one_column
    best = max(usable, key=score)
    return one_column if best.is_text else best.separator
