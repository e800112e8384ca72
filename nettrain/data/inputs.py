"""Inputs of all splits as arrays, encoded in one pass over their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from nettrain.backend.coded_rows import VALUES, CodedRows
from nettrain.backend.scratch_file import block_rows, drop_pages, scratch_array
from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.columns.words import WordColumn
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.arrays import Indices, Numbers
from nettrain.data.tables.disk_columns import DiskColumns
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

CHUNK = 1 << 20  # cells that are encoded at once, in float64, before they are rounded to the run's dtype
FEWEST_CODED = 1 << 20  # inputs that are held as bytes, where they are bytes in the source
FEWEST_ROWS = 256  # of a chunk, as each costs something for every column


def encode_splits(
    splits: Mapping[str, tuple[Table, Indices]],
    preprocessing: Preprocessing,
    dtype: str,
    *,
    finite: bool = True,
) -> dict[str, Numbers]:
    """Inputs (N, D) of the rows of each split, as dtype: computed in float64 and rounded once.

    Tables free the memory of their numbers on the way, so that a large one and its inputs are never in memory
    together: afterwards they can only be used to locate rows. Where a table's numbers stay on disk, the
    inputs do too. Raises DataError at a cell that does not fit, and at a value that is too large for dtype
    unless `finite` is False.
    """
    known = {name: coded_inputs(*split, preprocessing, dtype) for name, split in splits.items()}
    coded = {name: rows for name, rows in known.items() if rows is not None}
    splits = {name: split for name, split in splits.items() if name not in coded}
    x = coded | encode_plain(splits, preprocessing, dtype, finite=finite)
    return {name: x[name] for name in known}


def encode_plain(
    splits: Mapping[str, tuple[Table, Indices]], preprocessing: Preprocessing, dtype: str, *, finite: bool
) -> dict[str, Numbers]:
    """`encode_splits` as arrays of numbers."""
    x = {
        name: empty_inputs(table, (len(rows), preprocessing.inputs), dtype)
        for name, (table, rows) in splits.items()
    }
    step = max(FEWEST_ROWS, CHUNK // max(1, preprocessing.inputs))
    for table in {id(table): table for table, _ in splits.values()}.values():
        refuse_invalid_text(table, preprocessing)
        sharing = [(x[name], rows) for name, (other, rows) in splits.items() if other is table]
        encode = encode_from_disk if table.on_disk else encode_in_steps
        encode(table, sharing, preprocessing, step, finite=finite)
    return x


def coded_inputs(table: Table, rows: Indices, preprocessing: Preprocessing, dtype: str) -> Numbers | None:
    """Inputs (N, D) of rows that hold a byte for each of them, as these bytes; None of others, and of few."""
    names, numbers = [encoder.name for encoder in preprocessing.encoders], table.numbers
    plain = all(isinstance(one, NumberColumn) and len(one.kinds) == 1 for one in preprocessing.encoders)
    if not plain or not isinstance(numbers, RowChunks) or len(numbers.chunks) != 1:
        return None
    (chunk,) = numbers.chunks
    few = len(rows) * len(names) < FEWEST_CODED
    if few or chunk.dtype != np.uint8 or not all(map(table.has_numbers, names)):
        return None
    bytes_ = np.repeat(np.arange(VALUES, dtype=np.uint8)[:, None], len(names), axis=1)
    every = replace(
        table, cells=table.cells.clear(), numbers=RowChunks(tuple(names), [bytes_]), names=tuple(names)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        values = preprocessing.encode(every).astype(dtype)
    if not np.isfinite(values).all():
        return None
    positions = [numbers.positions[name] for name in names]
    codes = chunk if positions == list(range(chunk.shape[1])) else chunk[:, positions]
    coded = CodedRows(np.ascontiguousarray(codes), rows.astype(np.intp), np.ascontiguousarray(values.T))
    return coded.as_array_type()


def empty_inputs(table: Table, shape: tuple[int, int], dtype: str) -> Numbers:
    """Where the inputs of a table's rows go: on disk, if the table's numbers stay there."""
    inputs: Numbers = scratch_array(shape, dtype) if table.on_disk else np.empty(shape, dtype)
    return inputs


def encode_in_steps(
    table: Table,
    sharing: Sequence[tuple[Numbers, Indices]],
    preprocessing: Preprocessing,
    step: int,
    *,
    finite: bool,
) -> None:
    """Write the inputs of rows (N,) of a table into each x (N, D), `step` rows of the table at a time."""
    for start in range(0, table.height, step):
        for inputs, rows in sharing:
            here = np.flatnonzero((start <= rows) & (rows < start + step))
            encode_rows(inputs, here, table.take(rows[here]), preprocessing, finite=finite)
        table.release(start + step)


def encode_from_disk(
    table: Table,
    sharing: Sequence[tuple[Numbers, Indices]],
    preprocessing: Preprocessing,
    step: int,
    *,
    finite: bool,
) -> None:
    """`encode_in_steps` of a table whose numbers stay on disk, of which blocks of rows come into memory."""
    assert isinstance(table.numbers, DiskColumns), "see Table.on_disk"
    size = max(1, block_rows(table.numbers.row_bytes) // step) * step
    for start in range(0, table.height, size):
        block = table.take(np.arange(start, min(start + size, table.height)))
        for inputs, rows in sharing:
            here = np.flatnonzero((start <= rows) & (rows < start + size))
            for first in range(0, len(here), step):
                some = here[first : first + step]
                encode_rows(inputs, some, block.take(rows[some] - start), preprocessing, finite=finite)
            drop_pages(inputs)
    table.release(table.height)


def encode_rows(
    x: Numbers, rows: Indices, table: Table, preprocessing: Preprocessing, *, finite: bool
) -> None:
    """Write the inputs of a table's rows (M,) into the rows (M,) of x."""
    if not len(rows):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        encoded = preprocessing.encode(table).astype(x.dtype)
    if finite:
        refuse_infinite(table, encoded, preprocessing)
    x[rows] = encoded


def refuse_invalid_text(table: Table, preprocessing: Preprocessing) -> None:
    """Raise DataError at a cell of text that is not what its column needs, counting all such cells."""
    for encoder in preprocessing.encoders:
        if encoder.name in table.cell_names and not isinstance(encoder, CategoryColumn | WordColumn):
            encoder.encode(table.select(encoder.name))


def refuse_infinite(table: Table, x: Numbers, preprocessing: Preprocessing) -> None:
    """Raise DataError at the first of the table's inputs (N, D) that is not finite."""
    finite = np.isfinite(x)
    if not finite.all():
        row, feature = np.argwhere(~finite)[0].tolist()
        name = preprocessing.feature_names[feature]
        raise DataError(f'{table.at(row)}: column "{name}": the scaled value is too large for {x.dtype}')
