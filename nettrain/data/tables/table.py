"""A table as its source has it: cells by column name, and where each row came from."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.tables.arrays import AnyArray, Floats, Indices, Mask, Numbers
from nettrain.data.tables.cell_format import CellFormat, FormattedNumbers
from nettrain.data.tables.disk_columns import DiskColumns
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.errors import DataError, nearest, quoted

if TYPE_CHECKING:
    import polars as pl

STRAY_SHARE = 0.1  # at most so much of a column of numbers is text by mistake,
CODE = r"^[+-]?(0\d{1,39}|\d{17,40})$"  # a cell that loses digits as a number, and is none of a quantity
FEW_TEXTS = 5  # or so many different texts, such as marks that mean no value
ColumnsOfNumbers = RowChunks | DiskColumns
POSITION = re.compile(r"-?(0|[1-9]\d*)")  # 01 is a name
MOST_COLUMNS = 1 << 16  # of a file; each takes a tenth of a millisecond wherever something is done with it


@dataclass(frozen=True)
class Table:
    """Rows of one source: cells of text or numbers, null in gaps.

    A column is in `cells`, or in `numbers` where a reader stores numbers more cheaply; cells hide numbers of
    the same name. `columns` is the order of all. `origin` is what errors call the source; `header` says
    whether the names are the source's own (otherwise columns are known by position).

    `line_numbers` gives the line that each row starts on, and is only called when an error needs one.
    `empty_rows` gives the rows of empty cells that were dropped between others, each as the number of rows
    before it and its line. `source_rows` says which of the source's rows these are, all when None, `notes`
    what a person should read, `typed` whether the source says itself which columns are numbers, and which
    are text, and `comment` what comments in it begin with. `formats` says how the cells of text columns are
    written that are dates, or numbers with more than digits and a point, and `formatted` what the numbers of
    some of them are.
    """

    cells: "pl.DataFrame"
    origin: str
    header: bool = True
    separator: str = "auto"
    line_numbers: Callable[[], Sequence[int]] | None = None
    empty_rows: Callable[[], Sequence[tuple[int, int]]] | None = None
    source_rows: Indices | None = None
    numbers: ColumnsOfNumbers | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    typed: bool = True
    formats: Mapping[str, CellFormat] = field(default_factory=dict)
    formatted: Mapping[str, FormattedNumbers] = field(default_factory=dict)
    comment: str = ""

    @staticmethod
    def of(columns: Mapping[str, Sequence[object] | AnyArray], origin: str = "rows") -> "Table":
        """A table from columns in memory: text, numbers, booleans or None."""
        import polars as pl

        return Table(pl.DataFrame(dict(columns)), origin)

    @cached_property
    def columns(self) -> list[str]:
        """The names of all columns in order, which are not to be changed."""
        numeric = self.numbers.names if self.numbers else ()
        return list(self.names or (*self.cells.columns, *numeric))

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The names of all columns, to look one up among thousands."""
        return frozenset(self.columns)

    @cached_property
    def cell_names(self) -> frozenset[str]:
        """The names of the columns in `cells`."""
        return frozenset(self.cells.columns)

    @property
    def height(self) -> int:
        return self.numbers.starts[-1] if self.numbers else self.cells.height

    @property
    def frame(self) -> "pl.DataFrame":
        """All columns side by side, which takes their memory again."""
        import polars as pl

        return pl.DataFrame([self.column(name) for name in self.columns])

    def at(self, row: int) -> str:
        """Where row (from 0) stands: `file.csv:17`, or `builtin:iris row 17` counted from 1."""
        row = row if self.source_rows is None else int(self.source_rows[row])
        if self.line_numbers is None:
            return f"{self.origin} row {row + 1}"
        return f"{self.origin}:{self.line_numbers()[row]}"

    def output_rows(self) -> Indices:
        """The numbers (N,) of the rows among predictions of all rows of the source, empty ones among them."""
        empty = np.array(self.empty_rows() if self.empty_rows else [], dtype=np.int64).reshape(-1, 2)
        # an empty row shifts all rows after it
        return np.arange(self.height) + np.searchsorted(empty[:, 0], np.arange(self.height), side="right")

    def take(self, rows: Indices) -> "Table":
        """The rows (M,) of the table; errors still find them in their source."""
        rows = np.asarray(rows)
        source_rows = rows if self.source_rows is None else self.source_rows[rows]
        numbers = self.numbers.take(rows) if self.numbers else None
        cells = self.cells[rows] if self.cells.width else self.cells
        formatted = {name: one.take(rows) for name, one in self.formatted.items()}
        return replace(
            self,
            cells=cells,
            source_rows=source_rows,
            numbers=numbers,
            empty_rows=None,
            formatted=formatted,
        )

    def select(self, *names: str) -> "Table":
        """The table with these columns alone. Raises DataError, with the nearest name, for an unknown one."""
        for name in names:
            self.refuse_unknown(name, "column")
        cells = columns_of(self.cells, [name for name in names if name in self.cell_names])
        numeric = tuple(name for name in names if name not in self.cell_names)
        numbers = self.numbers.select(numeric) if self.numbers and numeric else None
        formatted = {name: self.formatted[name] for name in names if name in self.formatted}
        return replace(self, cells=cells, numbers=numbers, names=names, formatted=formatted)

    def has_numbers(self, name: str) -> bool:
        """Whether a column is one of those in `numbers`."""
        return self.numbers is not None and name in self.numbers.positions and name not in self.cell_names

    def numbers_of(self, name: str) -> Numbers:
        """The numbers (N,) of a column that is in `numbers`, NaN in gaps."""
        assert self.numbers is not None, "see has_numbers"
        return self.numbers.column(name)

    @property
    def on_disk(self) -> bool:
        """Whether numbers stay on disk."""
        return isinstance(self.numbers, DiskColumns)

    def release(self, end: int) -> None:
        """Free the memory of numbers in rows before `end`, which must not be read again."""
        if self.numbers:
            self.numbers.release(end)

    def kept_whole(self) -> "Table":
        """The same table, whose release leaves this one as it is."""
        return replace(self, numbers=self.numbers and self.numbers.kept_whole())

    def renamed(self, names: Sequence[str]) -> "Table":
        """The table with its columns, in order, under other names."""
        new = dict(zip(self.columns, names, strict=True))
        cells = self.cells.rename({name: new[name] for name in self.cells.columns})
        numbers = self.numbers and self.numbers.renamed([new[name] for name in self.numbers.names])
        formats = {new[name]: one for name, one in self.formats.items()}
        formatted = {new[name]: one for name, one in self.formatted.items()}
        return replace(
            self, cells=cells, numbers=numbers, names=tuple(names), formats=formats, formatted=formatted
        )

    def refuse_unknown(self, name: str, role: str) -> None:
        """Raise DataError with the nearest name when the table has no such column."""
        if name not in self.known_names:
            raise DataError(f'{self.origin}: no {role} "{name}"{nearest(name, self.columns)}')

    def find(self, setting: str | int) -> str | None:
        """The column that settings name: the one of this name or, where there is none, at this position."""
        name = str(setting)
        return name if name in self.known_names else at_position(self.columns, setting)

    def column(self, name: str, role: str = "column") -> "pl.Series":
        """The cells of a column, booleans as text. Raises DataError with the nearest name."""
        import polars as pl

        self.refuse_unknown(name, role)
        if self.numbers and name not in self.cell_names:
            return as_series(name, self.numbers.column(name))
        series = self.cells.get_column(name)
        return series if is_text(series) or series.dtype.is_numeric() else series.cast(pl.String)


def columns_of(frame: "pl.DataFrame", names: Iterable[str]) -> "pl.DataFrame":
    """The columns of these names alone.

    DataFrame.select would look at all other columns too, and take `*` for a pattern.
    """
    import polars as pl

    return pl.DataFrame([frame.get_column(name) for name in names])


def as_series(name: str, values: AnyArray) -> "pl.Series":
    """A column of numbers (N,), null where they are NaN."""
    import polars as pl

    return pl.Series(name, values, nan_to_null=values.dtype.kind == "f")


def at_position(names: Sequence[str], setting: str | int) -> str | None:
    """The name at a position, also one written as text; from the end where it is negative."""
    if isinstance(setting, str) and not POSITION.fullmatch(setting):
        return None
    position = int(setting)
    return names[position] if -len(names) <= position < len(names) else None


def counted(count: int, thing: str, things: str = "") -> str:
    """`1 gap`, `2 gaps`; `things` where the plural is more than an s."""
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"


def check_names(names: Sequence[str], origin: str, most: int = MOST_COLUMNS) -> None:
    """Raise DataError when there are too many, two are the same, or Polars would take one for a pattern.

    The limit is for files, whose readers handle columns one by one.
    """
    if len(names) > most:
        raise DataError(f"{origin}: has {len(names):,} columns, at most {most:,} are read")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{origin}: two columns are named {quoted(name)}")
        if name.startswith("^") and name.endswith("$"):
            raise DataError(
                f'{origin}: column "{name}": a name must not begin with ^ and end with $, rename it'
            )
        seen.add(name)


def is_text(series: "pl.Series") -> bool:
    """Whether the cells are stored as text."""
    import polars as pl

    return bool(series.dtype == pl.String)


def as_numbers(series: "pl.Series") -> tuple[Floats, Mask]:
    """values (N,), NaN in gaps, and wrong (N,): present cells that are no finite number."""
    import polars as pl

    values = series.cast(pl.Float64, strict=False).to_numpy(writable=True)  # gaps become NaN
    wrong = ~np.isfinite(values)
    # NaN in a column of floats is how arrays spell a gap.
    wrong &= series.is_not_null().to_numpy() if is_text(series) else ~np.isnan(values)
    values[wrong] = np.nan
    return values, wrong


def are_numbers(frame: "pl.DataFrame") -> list[bool]:
    """Whether all present cells of each column of text are numbers, as `as_numbers` says of one."""
    import polars as pl

    def is_number(cells: "pl.Series") -> "pl.Series":
        return cells.cast(pl.Float64, strict=False).is_finite() | cells.is_null()

    return [bool(cells.all()) for cells in matching(frame.get_columns(), is_number)]


def code_columns(frame: "pl.DataFrame") -> set[str]:
    """The columns of text with whole numbers that lose digits as floats: `01067`, those of 20 digits."""
    return {*text_columns_where(frame, lambda cells: cells.str.contains(CODE))}


def text_columns_where(frame: "pl.DataFrame", test: "Callable[[pl.Series], pl.Series]") -> list[str]:
    """The columns of text in which a cell passes a test."""
    texts = [column for column in frame.get_columns() if is_text(column)]
    return [column.name for column, cells in zip(texts, matching(texts, test), strict=True) if cells.any()]


def matching(columns: "Sequence[pl.Series]", test: "Callable[[pl.Series], pl.Series]") -> Mask:
    """Which cells (C, N) of C columns of one kind pass a test.

    All cells are tested at once, since an expression costs something for each of thousands of columns.
    """
    import polars as pl

    if not columns or not len(columns[0]):
        return np.zeros((len(columns), 0), dtype=bool)
    cells = pl.concat([column.alias("") for column in columns])
    return test(cells).fill_null(False).to_numpy().reshape(len(columns), -1)


def column_numbers(table: Table, name: str) -> tuple[Floats, Mask]:
    """What `as_numbers` returns for a column, in the format of its cells.

    Where the table holds numbers they are not copied as cells.
    """
    if name in table.formatted:
        known = table.formatted[name]
        return known.values.copy(), known.wrong.copy()
    if not table.has_numbers(name):
        series, written = table.column(name), table.formats.get(name)
        return written.numbers(series) if written and is_text(series) else as_numbers(series)
    values = table.numbers_of(name).astype(np.float64)
    wrong = np.isinf(values)
    values[wrong] = np.nan
    return values, wrong


def infinite(series: "pl.Series") -> Mask:
    """Which cells (N,) read as a number that is not finite."""
    import polars as pl

    values = series.cast(pl.Float64, strict=False)
    return (~values.is_finite()).fill_null(False).to_numpy()


def is_numeric(table: Table, name: str, advice: str = "") -> bool:
    """Whether a column's present cells are numbers. Raises DataError when they are but for a few strays."""
    _, wrong = column_numbers(table, name)
    if not wrong.any():
        return True
    series = table.column(name)
    text = wrong & ~infinite(series)
    if are_strays(series.filter(text), series.len() - series.null_count()):
        raise not_a_number(table, name, wrong, advice)
    return False


def are_strays(texts: "pl.Series", present: int) -> bool:
    """Whether these texts are mistakes in a column of numbers: less than half, and few or mostly the same.

    A column of codes, such as ticket numbers of which a quarter has letters, is text as a whole.
    """
    few = len(texts) <= STRAY_SHARE * present or texts.n_unique() <= FEW_TEXTS
    return few and 2 * len(texts) < present


def is_infinite(cell: str) -> bool:
    """Whether a cell spells infinity or not-a-number, as programs write them."""
    return cell.lower().lstrip("+-").startswith(("inf", "nan"))


def not_a_number(table: Table, name: str, wrong: Mask, advice: str = "") -> DataError:
    """The error of a column in which the cells marked wrong (N,) are no numbers."""
    row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
    cell = str(table.column(name)[row])
    kind = "a finite number" if is_infinite(cell) else number_phrase(table, name)
    others = f" (and {more} more)" if more else ""
    hint = f"; {advice}" if advice else ""
    return DataError(f"{table.at(row)}: column {quoted(name)}: {quoted(cell)} is not {kind}{others}{hint}")


def number_phrase(table: Table, name: str) -> str:
    """What a cell of a column of numbers should be: `a number`, or `a number such as "$1,200.50"`."""
    written = table.formats.get(name)
    return "a number" if written is None else f"a number such as {quoted(written.example)}"
