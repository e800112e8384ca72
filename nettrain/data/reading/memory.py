"""Tables passed from Python instead of being named in the experiment file.

    memory = MemoryTables.of(data)                  # what `data=` takes, see there
    values["data"] |= memory.sources()              # {"source": "memory:train", ...}
    prepare(settings, seed=0, dtype="float64", memory=memory)
    read_and_resolve(experiment, memory)            # the same, one floor up
    read_labelled(MemoryTables.of(rows), preprocessing)      # rows to measure on: a table, or (X, y)
    read_predictable(MemoryTables.of(rows), preprocessing, dtype="float64")     # rows to predict

`memory:train`, `memory:validation` and `memory:test` are what a run's `config.yaml` names as its sources.
Whoever reads such a file without passing the tables again gets a DataError that says so; whether the same
ones are passed again shows the fingerprint in the run's checkpoint, as it does for files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from nettrain.data.reading.conversion import ConvertedTable, convert
from nettrain.data.reading.frames import plain_frame
from nettrain.data.reading.source import Source
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

MEMORY = "memory"  # in front of the colon in the name of such a source
SPLITS = {
    "train": "source",
    "validation": "validation",
    "test": "test",
}  # by split: the key that names its source


@dataclass(frozen=True)
class MemoryTables:
    """Tables by the split they are for: `train` and, where they were passed, `validation` and `test`."""

    tables: Mapping[str, ConvertedTable]
    origins: Mapping[str, str]

    @staticmethod
    def of(data: object, origin: str = "data") -> "MemoryTables":
        """The tables in `data`, which errors call `origin`: `data row 17`, rows counted from 1.

        `data` is one table, or a mapping from train, validation and test to a table each, of which train is
        needed. A table is a NumPy array (N, C), a Polars or pandas DataFrame or any other that offers
        `__arrow_c_stream__`, a mapping from names to columns, or a pair (X, y) of such, where y may be
        one-dimensional. A table becomes the same kinds of columns as when it is read from a file: text,
        numbers, booleans and dates, categories as their values, None, NaN, NaT and pandas.NA as gaps.
        Columns without names are `column_0`, ..., in a pair `x0`, ... and `target` (`target0`, ... for
        several), and then other rows go by position. The index of a pandas DataFrame is not used.
        Raises DataError for anything else.
        """
        splits = data if is_mapping_of_splits(data) else {"train": data}
        if "train" not in splits:
            raise DataError(f'{origin}: has {", ".join(splits)}, but no "train"')
        origins = {name: f'{origin}["{name}"]' if splits is data else origin for name in splits}
        tables = {name: convert(table, origins[name]) for name, table in splits.items()}
        return MemoryTables(tables, origins)

    def sources(self) -> dict[str, str]:
        """What the experiment's `data:` block says of them, e.g. `source: memory:train`."""
        return {SPLITS[name]: f"{MEMORY}:{name}" for name in self.tables}

    def read(self, name: str) -> Source:
        """The table for a split, afresh each time."""
        table = self.tables[name]
        in_cells = frozenset(table.cells.columns)
        numeric = tuple(one for one in table.names if one not in in_cells)
        numbers = None if table.numbers is None else RowChunks(numeric, [table.numbers])
        cells = plain_frame(table.cells, self.origins[name])
        read = Table(cells, self.origins[name], table.header, numbers=numbers, names=table.names)
        target = table.targets[0] if len(table.targets) == 1 else list(table.targets) or None
        apart = bool(table.targets)
        return Source(read, target, header=table.header, apart=apart, image=table.image)


def is_mapping_of_splits(data: object) -> TypeGuard[Mapping[str, object]]:
    """Whether this is a mapping with no other keys than train, validation and test."""
    return isinstance(data, Mapping) and bool(data) and set(data) <= set(SPLITS)


def read_memory(name: str, memory: MemoryTables | None, key: str = "") -> Source:
    """The table that `memory:NAME` stands for. Raises DataError when it was not passed."""
    if memory is None or name not in memory.tables:
        argument = "data=…" if name == "train" else f'data={{"train": …, "{name}": …}}'
        raise DataError(
            f"{key or 'source'}: {MEMORY}:{name} stands for a table that was passed from Python; "
            f"pass it again, {argument} in Python, or name a file"
        )
    return memory.read(name)
