"""Cells that mean no value: the words and numbers in `data.missing`, alike in every format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nettrain.backend.scratch_file import drop_pages, scratch_array
from nettrain.data.cell_formats.formats import AnyFormat
from nettrain.data.reading.source import Source
from nettrain.data.tables.arrays import Numbers
from nettrain.data.tables.cell_format import FormattedNumbers
from nettrain.data.tables.disk_columns import DiskColumns
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.spelling import decimal, spelled
from nettrain.data.tables.table import ColumnsOfNumbers, Table, is_text

if TYPE_CHECKING:
    import polars as pl

MINUS = "\N{MINUS SIGN}"  # that some programs write instead of a hyphen


@dataclass(frozen=True)
class GapMarks:
    """Spellings of a gap; those that read as a number are every cell of this value: -999 is -999.00 too."""

    words: tuple[str, ...]

    @cached_property
    def values(self) -> set[Decimal]:
        """The numbers among the words, exactly."""
        plain = (word.strip().replace(MINUS, "-") for word in self.words)
        return {value for word in plain if (value := decimal(word)) is not None}

    def clear_source(self, source: Source) -> Source:
        """The source with null or NaN in place of such cells, in its table and its test rows."""
        test = source.test and self.clear_table(source.test)
        return replace(source, table=self.clear_table(source.table), test=test)

    def clear_table(self, table: Table) -> Table:
        """The table with null in such cells, and NaN among `table.numbers`."""
        import polars as pl

        cells = pl.DataFrame([self.clear_column(column) for column in table.cells.get_columns()])
        return replace(table, cells=cells, numbers=table.numbers and self.clear_numbers(table.numbers))

    def clear_column(self, column: "pl.Series") -> "pl.Series":
        """A column of text or numbers with null in such cells."""
        if is_text(column):
            column = column.set(column.is_in(list(self.words)), None)
        elif column.dtype.is_float() and np.isnan(column.to_numpy()).any():
            column = column.fill_nan(None)
        equal = self.equal_cells(column) if self.values else []
        return column.set(column.is_in(equal), None) if equal else column

    def equal_cells(self, column: "pl.Series") -> list[object]:
        """The distinct cells of a column that equal one of `values`; float64 rules out nearly all others."""
        import polars as pl

        if not (is_text(column) or column.dtype.is_numeric()):
            return []
        near = column.cast(pl.Float64, strict=False).is_in([float(value) for value in self.values])
        if not near.any():
            return []
        cells = column.filter(near).unique()
        return [
            cell for cell, text in zip(cells, spelled(cells), strict=True) if decimal(text) in self.values
        ]

    def clear_numbers(self, numbers: ColumnsOfNumbers) -> ColumnsOfNumbers:
        """Columns of numbers with NaN in such cells."""
        if not self.values:
            return numbers
        if isinstance(numbers, DiskColumns):
            return replace(numbers, arrays=[self.clear_array(array) for array in numbers.arrays])
        return RowChunks(numbers.names, [self.clear_chunk(chunk) for chunk in numbers.chunks])

    def clear_array(self, array: Numbers) -> Numbers:
        """A column (N,) of a scratch file, which has another one afterwards where there are such cells."""
        cleared = self.clear_chunk(array)
        drop_pages(array)
        if cleared is array:
            return array
        if cleared.dtype == array.dtype:
            array[:] = cleared
            drop_pages(array)
            return array
        stored: Numbers = scratch_array(cleared.shape, cleared.dtype)
        stored[:] = cleared
        drop_pages(stored)
        return stored

    def clear_chunk(self, chunk: Numbers) -> Numbers:
        """A chunk (M, C) with NaN in such cells, in a type that holds NaN where there are some."""
        gaps = np.isin(chunk, [float(value) for value in self.values])
        if not gaps.any():
            return chunk
        cleared = chunk.astype(np.result_type(chunk.dtype, np.float32))
        cleared[gaps] = np.nan
        return cleared


def with_formats(table: Table, formats: Mapping[str, AnyFormat], words: Sequence[str]) -> Table:
    """The table with the formats of its columns, and null in cells that equal a number among these words."""
    here = {name: one for name, one in formats.items() if name in table.known_names}
    table = replace(table, formats=here)
    marks = [float(value) for value in GapMarks(tuple(words)).values]
    cleared: list[pl.Series] = []
    formatted: dict[str, FormattedNumbers] = {}
    for name, one in here.items():
        series = table.column(name)
        if one.kind == "dates" or not is_text(series):
            continue
        values, wrong = one.numbers(series)
        gaps = np.isin(values, marks)
        if gaps.any():
            cleared.append(series.scatter(np.flatnonzero(gaps), None))
            values[gaps] = np.nan
        formatted[name] = FormattedNumbers(values, wrong)
    cells = table.cells.with_columns(cleared) if cleared else table.cells
    return replace(table, cells=cells, formatted=formatted)


def clear_gaps(source: Source, words: Sequence[str]) -> Source:
    """The source with null or NaN in place of cells that are one of these words, or equal one as a number."""
    return GapMarks(tuple(words)).clear_source(source)
