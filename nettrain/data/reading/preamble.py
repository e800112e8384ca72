"""What stands above the table of a text file, such as titles and comments, and the separator below it."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nettrain.data.reading.cell_kind import CellKind, cell_kind
from nettrain.data.reading.cells import COMMENTS
from nettrain.data.reading.header import header_evidence
from nettrain.data.reading.options import NO_COMMENT, WHITESPACE, ReadOptions, character
from nettrain.data.reading.separator import MOST_ROWS, SampledRow, SampledRows, find_separator, sample_rows
from nettrain.data.reading.textfile import TextFile, is_comment
from nettrain.data.tables.table import POSITION

DECLARED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's line above a table
MOST_TITLES = 50  # rows above a table
LONGEST_TITLE = 40  # characters in a note


@dataclass(frozen=True)
class Preamble:
    """How many lines stand above the table, what comments begin with ("" for none), and the separator.

    `mark` is what comments begin with also where all of them stand above. `header` are the cells of a comment
    that names the columns.
    """

    skip: int
    comment: str
    separator: str
    mark: str = ""
    header: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def table(self, file: TextFile) -> TextFile:
        """The file without what is not its table."""
        return replace(file, skip=self.skip, comment=self.comment, whitespace=self.separator == WHITESPACE)


def find_preamble(text: str, file: TextFile, options: ReadOptions) -> Preamble:
    """What stands above the table of a file whose beginning is `text`, and the separator of its cells."""
    preamble = PreambleSearch(text, file, options).preamble()
    if options.known and options.skip_rows not in ("auto", 0):
        # the training data had lines above its table, but this file may have others, or none
        other = PreambleSearch(text, file, replace(options, skip_rows="auto")).preamble()
        if options.knows(first_row(text, file, other)) > options.knows(first_row(text, file, preamble)):
            return other
    return preamble


def first_row(text: str, file: TextFile, preamble: Preamble) -> tuple[str, ...]:
    """The cells of the row that may name the columns."""
    rows = sample_rows(text, preamble.separator, preamble.table(file), 1).rows
    return preamble.header or (rows[0].cells if rows else ())


@dataclass(frozen=True)
class PreambleSearch:
    """The search for the first line of a table."""

    text: str
    file: TextFile
    options: ReadOptions

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text with their ends."""
        return list(io.StringIO(self.text, newline=""))

    def preamble(self) -> Preamble:
        """What stands above the table."""
        automatic = self.options.skip_rows == "auto"
        skip = 0 if self.options.skip_rows == "auto" else self.options.skip_rows
        declared = next(filter(None, map(DECLARED.fullmatch, self.lines[: skip or 1])), None)
        search = self.separated_by(declared[1]) if declared else self
        preamble = search.with_comments(1 if declared and automatic else skip)
        return search.without_titles(preamble) if automatic and not preamble.header else preamble

    def separated_by(self, separator: str) -> "PreambleSearch":
        """The search with a separator that the file declares, unless the settings name one."""
        if self.options.separator != "auto":
            return self
        return replace(self, options=replace(self.options, separator=separator))

    def with_separator(self, skip: int, comment: str) -> Preamble:
        """A preamble of so many lines, with the separator that suits the rows below them."""
        separator = self.options.separator
        if separator == "auto":
            words = (one for one in self.options.mentioned if not POSITION.fullmatch(one))
            names = (*self.options.known, *words)
            table = replace(self.file, skip=skip, comment=comment)
            separator = find_separator(self.text, self.options.separators, names, table)
        return Preamble(skip, comment, separator)

    def rows(self, preamble: Preamble, most: int = MOST_ROWS) -> SampledRows:
        """The first rows of the table below a preamble."""
        return sample_rows(self.text, preamble.separator, preamble.table(self.file), most)

    def with_comments(self, skip: int) -> Preamble:
        """A preamble with the comments that settings describe, or that lines look like."""
        if self.options.comment == NO_COMMENT:
            return self.with_separator(skip, "")
        if self.options.comment != "auto":
            return self.with_known_mark(skip, self.options.comment)
        mark = comment_mark(self.lines[skip:], self.options.comments)
        preamble = self.with_separator(skip, mark)
        rows = self.rows(preamble) if mark else None
        if rows is None:
            return preamble
        return self.with_mark(preamble, rows) if rows.rows else self.with_separator(skip, "")

    def with_known_mark(self, skip: int, mark: str) -> Preamble:
        """A preamble with the comments that begin with a mark, of which the last may hold known names."""
        preamble = replace(self.with_separator(skip, mark), mark=mark)
        rows = self.rows(preamble)
        above = self.comments_above(preamble, rows) if rows.rows else []
        header = self.commented_header(self.lines[above[-1]], mark, rows) if above else ()
        return replace(preamble, header=header) if self.options.knows(header) else preamble

    def with_mark(self, preamble: Preamble, rows: SampledRows) -> Preamble:
        """The preamble with comments where lines look like them, of which the last above may be a header.

        Where a row of full width begins like a comment, there are none but above the rows.
        """
        mark = preamble.comment
        above = self.comments_above(preamble, rows)
        header = self.commented_header(self.lines[above[-1]], mark, rows) if above else ()
        below = replace(preamble, skip=above[-1] + 1 if above else preamble.skip, comment="")
        marked = [row for row in self.rows(below).rows if row.cells[0].startswith(mark)]
        between = bool(marked) or mark in self.options.comments
        comment = mark if between and all(len(row.cells) != rows.width for row in marked) else ""
        others = len(above) > bool(header)
        if not (others or header or comment):
            return self.with_separator(preamble.skip, "")
        note = (
            f'{self.file.origin}: lines that begin with "{mark}" are left out as comments; '
            f"data.comment: {NO_COMMENT} reads them as rows"
        )
        notes = (note,) if others or (comment and marked) else ()
        return replace(below, comment=comment, mark=mark, header=header, notes=notes)

    def comments_above(self, preamble: Preamble, rows: SampledRows) -> list[int]:
        """Which lines (from 0) between what is skipped and the first row are comments."""
        lines = range(preamble.skip, rows.rows[0].line - 1)
        return [line for line in lines if is_comment(self.lines[line], preamble.comment)]

    def commented_header(self, line: str, prefix: str, rows: SampledRows) -> tuple[str, ...]:
        """The cells of a comment that names the columns below it, as NumPy writes them: `# x, y`."""
        if self.options.header is False or rows.width < 2:
            return ()
        split = [
            row.cells
            for text in (line, line.lstrip().removeprefix(prefix))
            for row in sample_rows(text, rows.separator, TextFile("", io.BytesIO), 1).rows
        ]
        fitting = [cells for cells in split if len(cells) == rows.width]
        if not fitting or any(cell_kind(cell) is CellKind.NUMBER for cell in fitting[0]):
            return ()
        cells = fitting[0]
        if cells[0].startswith(f"{prefix} "):
            cells = (cells[0].removeprefix(prefix).strip(), *cells[1:])
        below = [row.cells for row in rows.rows if len(row.cells) == rows.width]
        evidence = header_evidence(below, self.options.missing)
        if self.options.knows(below[0]) or evidence.names > evidence.values:
            return ()
        return cells

    def without_titles(self, preamble: Preamble) -> Preamble:
        """The preamble with the titles that follow it."""
        rows = self.rows(preamble)
        count = self.count_titles(rows)
        if not count:
            return preamble
        first, line = rows.rows[0].line, rows.rows[count].line
        title = self.lines[first - 1].strip(f" \t\r\n{character(preamble.separator)}")
        text = title if len(title) <= LONGEST_TITLE else f"{title[:LONGEST_TITLE]}..."
        note = (
            f'{self.file.origin}:{first}: "{text}" is read as a title, and line {line} as the '
            "first row; data.skip_rows says how many lines stand above the table"
        )
        return replace(preamble, skip=line - 1, notes=(*preamble.notes, note))

    def count_titles(self, sampled: SampledRows) -> int:
        """How many rows above the others are titles: short ones, or all above the row of known names."""
        rows, width = sampled.rows, sampled.width
        wide = [row for row in rows if len(row.cells) == width]
        filled = max((i + 1 for row in wide for i, cell in enumerate(row.cells) if cell), default=0)
        count = next((i for i, row in enumerate(rows) if not is_title(row, width, filled)), 0)
        named = (i for i, row in enumerate(rows) if self.options.knows(row.cells))
        named_row = next(named, 0)
        if all(len(row.cells) != width or is_title(row, width, filled) for row in rows[:named_row]):
            count = max(count, named_row)
        if width < 2 or count > MOST_TITLES:
            return 0
        widths = [len(row.cells) for row in rows[count : count + 2]]
        return count if len(widths) == 2 and filled <= widths[0] <= width == widths[1] else 0


def comment_mark(lines: Sequence[str], known: Sequence[str]) -> str:
    """What comments may begin with: those above the rows, of an earlier file, or between rows; "" if none."""
    starts = [line.lstrip() for line in lines if line.strip()]
    marks = [mark for mark in COMMENTS if any(start.startswith(mark) for start in starts)]
    leading = [mark for mark in marks if starts[0].startswith(mark)]
    return next(iter([*leading, *known, *marks]), "")


def is_title(row: SampledRow, width: int, filled: int) -> bool:
    """Whether a row above others, of `width` cells of which `filled` are in use, is a short one."""
    if len(row.cells) < width:
        return len(row.cells) < filled and len(row.cells) <= max(1, filled // 2)
    return (
        len(row.cells) == width
        and width > 2
        and row.filled == 1
        and cell_kind(row.cells[0]) in (CellKind.WORD, CellKind.CODE)
    )
