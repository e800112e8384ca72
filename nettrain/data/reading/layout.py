"""The form of a run's source, by which other sources of rows are read and their columns found again."""

from collections.abc import Sequence
from dataclasses import dataclass

from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import SEPARATORS, ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import half_of, read_source
from nettrain.data.tables.table import Table, counted
from nettrain.errors import DataError


@dataclass(frozen=True)
class InputLayout:
    """The form of the training data's source: its columns in order, target included, and how it is read.

    `header` says whether files of this form carry their columns' names.
    """

    columns: tuple[str, ...]
    header: bool
    separator: str
    missing: tuple[str, ...]

    def options(self, separator: str = "auto") -> ReadOptions:
        """How another file of this form is read; auto tries the training file's separator first."""
        others = tuple(other for other in SEPARATORS if other != self.separator)
        return ReadOptions(
            self.header or "auto", separator, self.missing, self.columns, (self.separator, *others)
        )

    def align(self, table: Table, target: Sequence[str]) -> Table:
        """The table under this layout's names: its own, or by position when it has no header.

        Raises DataError when the columns are neither all of the layout's nor all but the target.
        """
        if table.header:
            return self.recognise(table)
        inputs = [name for name in self.columns if name not in target]
        for names in (list(self.columns), inputs):
            if len(table.columns) == len(names):
                return table.renamed(names)
        raise DataError(
            f"{table.place}: {len(table.columns)} columns without names, expected {len(inputs)} inputs, or "
            f"{len(self.columns)} with the {counted_places([self.columns.index(name) for name in target])}"
        )

    def align_source(self, source: Source, target: Sequence[str]) -> Table:
        """The table of a source under this layout's names; y of a pair (X, y) gets the names of the target.

        Raises DataError when columns do not fit.
        """
        if not source.apart:
            return self.align(source.table, target)
        if len(source.targets) != len(target):
            raise DataError(
                f"{source.table.place}: y has {counted(len(source.targets), 'column')}, "
                f"expected {len(target)}"
            )
        table = source.with_targets(target).table
        if source.header:
            return self.recognise(table)
        inputs = [name for name in self.columns if name not in target]
        if len(table.columns) != len(self.columns):
            raise DataError(
                f"{table.place}: X has {counted(len(table.columns) - len(target), 'column')}, "
                f"expected {len(inputs)}"
            )
        return table.renamed([*inputs, *target])

    def recognise(self, table: Table) -> Table:
        """The table. Raises DataError when its header names no column of this layout."""
        if not set(self.columns) & set(table.columns):
            raise DataError(
                f'{table.place}: its first row should name columns as in training ("{self.columns[0]}", ...)'
                f', but begins "{table.columns[0]}"'
            )
        return table


def read_aligned(
    source: str | MemoryTables, layout: InputLayout, target: Sequence[str], seed: int, half: str | None
) -> Table:
    """The rows of a source under the names of the training data's columns; see `half_of`."""
    if isinstance(source, MemoryTables):
        return layout.align_source(source.read("train", layout.missing), target)
    return layout.align(half_of(read_source(source, layout.options(), seed=seed), source, half), target)


def counted_places(places: Sequence[int]) -> str:
    """`target at position 4`, or `targets at positions 4, 5`."""
    several = "s" if len(places) > 1 else ""
    return f"target{several} at position{several} {', '.join(map(str, places))}"
