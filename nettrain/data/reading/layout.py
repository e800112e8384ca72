"""The columns of a run's source and how it was read, by which other sources are read and aligned with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nettrain.data.cell_formats.formats import AnyFormat
from nettrain.data.reading.gaps import clear_gaps, with_formats
from nettrain.data.reading.header import are_default_names, shown
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import SEPARATORS, ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source, rows_of_split
from nettrain.data.reading.streams import StreamCopy
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError


@dataclass(frozen=True)
class InputLayout:
    """The columns of the training data's source in order, target included, and how it was read.

    `header` says whether files of this layout carry their columns' names, `text` which columns keep the
    spelling of their cells, and `formats` how the cells of some of them are written. `skip_rows` and
    `comment` are what the settings say of lines that are no rows, `comments` what comments of the training
    data begin with, `sheet` that of workbooks, and `named` whether settings name the columns.
    """

    columns: tuple[str, ...]
    header: bool
    separator: str
    missing: tuple[str, ...]
    text: tuple[str, ...] = ()
    skip_rows: Literal["auto"] | int = "auto"
    comment: str = "auto"
    comments: tuple[str, ...] = ()
    named: bool = False
    formats: Mapping[str, AnyFormat] = field(default_factory=dict)
    sheet: str | int | None = None

    @staticmethod
    def of(
        source: Source, options: ReadOptions, text: Sequence[str], formats: Mapping[str, AnyFormat]
    ) -> "InputLayout":
        """The layout of a training source: columns that it has as text stay text, and so do those in `text`.

        What a column of another file is, does not depend on that file's rows.
        """
        table = source.table
        stored = {name for name, dtype in table.cells.schema.items() if not dtype.is_numeric()}
        names = tuple(name for name in table.columns if name in stored.union(text))
        return InputLayout(
            tuple(table.columns),
            source.header,
            source.separator,
            options.missing,
            names,
            options.skip_rows,
            options.comment,
            (source.comment,) if source.comment else (),
            named=bool(options.names),
            formats=formats,
            sheet=options.sheet,
        )

    def options(self, target: Sequence[str], separator: str = "auto") -> ReadOptions:
        """How another source of this layout is read; auto tries the training data's separator first."""
        others = tuple(other for other in SEPARATORS if other != self.separator)
        separators = (self.separator, *others)
        return ReadOptions(
            self.header or "auto",
            separator,
            self.missing,
            self.columns,
            separators,
            self.text_columns(target),
            skip_rows=self.skip_rows,
            comment=self.comment,
            comments=self.comments,
            sheet=self.sheet,
        )

    def text_columns(self, target: Sequence[str]) -> tuple[str | int, ...]:
        """The columns in `text`, by name, or by position where a file has no names."""
        if self.header:
            return self.text
        text = set(self.text)
        orders = (self.columns, self.inputs(target))
        positions = {i for names in orders for i, name in enumerate(names) if name in text}
        return (*self.text, *sorted(positions))

    def inputs(self, target: Sequence[str]) -> list[str]:
        """The columns but the target's."""
        targets = frozenset(target)
        return [name for name in self.columns if name not in targets]

    def align(self, table: Table, target: Sequence[str]) -> Table:
        """The table under this layout's names: its own, or by position when it has no header.

        Its cells have this layout's formats. Raises DataError when the columns are neither all of the
        layout's nor all but the target.
        """
        return with_formats(self.with_names(table, target), self.formats, self.missing)

    def with_names(self, table: Table, target: Sequence[str]) -> Table:
        """The table under this layout's names, see `align`."""
        if table.header and not self.is_positional(table):
            return self.check_header(table)
        inputs = self.inputs(target)
        for names in (list(self.columns), inputs):
            if len(table.columns) == len(names):
                return table.renamed(names)
        raise DataError(
            f"{table.origin}: {len(table.columns)} columns without names, expected {len(inputs)} inputs, or "
            f"{len(self.columns)} with the {position_text([self.columns.index(name) for name in target])}"
        )

    def is_positional(self, table: Table) -> bool:
        """Whether columns with names of their own are this layout's by position, as none of its names occurs.

        Settings name the columns, or training rows had no names, and these are 0, 1, ...
        """
        numbered = not self.header and are_default_names(table.columns)
        return (self.named or numbered) and {*self.columns}.isdisjoint(table.columns)

    def align_source(self, source: Source, target: Sequence[str]) -> Table:
        """The table of a source under this layout's names; y of a pair (X, y) gets the names of the target.

        Raises DataError when columns do not fit.
        """
        if not source.apart:
            return self.align(source.table, target)
        if len(source.targets) != len(target):
            raise DataError(
                f"{source.table.origin}: y has {counted(len(source.targets), 'column')}, "
                f"expected {len(target)}"
            )
        table = source.with_targets(target).table
        if source.header:
            return with_formats(self.check_header(table), self.formats, self.missing)
        inputs = self.inputs(target)
        if len(table.columns) != len(self.columns):
            raise DataError(
                f"{table.origin}: X has {counted(len(table.columns) - len(target), 'column')}, "
                f"expected {len(inputs)}"
            )
        return with_formats(table.renamed([*inputs, *target]), self.formats, self.missing)

    def check_header(self, table: Table) -> Table:
        """The table. Raises DataError when its header names no column of this layout."""
        if not set(self.columns) & set(table.columns):
            if not self.header:
                raise DataError(
                    f"{table.origin}: its first row {shown(table.columns)} names columns, but those of the "
                    "training data have no names; remove it, or train with data.names"
                )
            raise DataError(
                f'{table.origin}: its first row should name columns as in training ("{self.columns[0]}", ...)'
                f', but begins "{table.columns[0]}"'
            )
        return table


def read_aligned(
    source: str | MemoryTables | StreamCopy,
    layout: InputLayout,
    target: Sequence[str],
    seed: int,
    split: str | None,
) -> Table:
    """The rows of a source under the names of the training data's columns; `split` as in `rows_of_split`."""
    if isinstance(source, MemoryTables):
        return layout.align_source(clear_gaps(source.read("train"), layout.missing), target)
    read = read_source(source, layout.options(target), seed=seed)
    name = source if isinstance(source, str) else source.origin
    return layout.align(rows_of_split(read, name, split), target)


def position_text(positions: Sequence[int]) -> str:
    """`target at position 4`, or `targets at positions 4, 5`."""
    several = "s" if len(positions) > 1 else ""
    return f"target{several} at position{several} {', '.join(map(str, positions))}"
