"""The tables of an experiment: its source, and those that are a split of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nettrain.data.reading.layout import InputLayout
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.reading.storage import Storage
from nettrain.data.settings import DataSettings
from nettrain.data.tables.table import Table
from nettrain.data.targets.renames import rename_cells, unused_renames
from nettrain.data.targets.unlabelled import drop_missing


@dataclass(frozen=True)
class SplitTables:
    """The rows to split, and test and validation rows of other sources; cells of targets are renamed."""

    main: Table
    test: Table | None
    validation: Table | None
    notes: tuple[str, ...]

    def kept_whole(self) -> "SplitTables":
        """The same tables, whose release leaves these as they are."""
        test, validation = (one and one.kept_whole() for one in (self.test, self.validation))
        return SplitTables(self.main.kept_whole(), test, validation, self.notes)


@dataclass(frozen=True)
class SecondSources:
    """How other sources are read: in the layout of the first, with the target in the columns `names`."""

    layout: InputLayout
    names: Sequence[str]
    separator: str
    seed: int
    memory: MemoryTables | None
    storage: Storage = "auto"

    def read(self, size: object, key: str) -> Table | None:
        """The table of the source that `size` names, None where it names none."""
        if not isinstance(size, str):
            return None
        options = replace(self.layout.options(self.names, self.separator), storage=self.storage)
        source = read_source(size, options, seed=self.seed, key=f"data.{key}", memory=self.memory)
        return self.layout.align_source(source, self.names)


def read_tables(source: Source, settings: DataSettings, second: SecondSources) -> SplitTables:
    """The tables of a source and of `second` sources. Raises DataError when one cannot be read or used."""
    test = second.read(settings.test, "test")
    if settings.test is None:
        test = source.test
    tables = (source.table, test, second.read(settings.validation, "validation"))
    present = [table for table in tables if table is not None]
    notes = [note for table in present for note in table.notes]
    notes += unused_renames(present, second.names, settings.labels)
    usable: list[Table | None] = []
    for table in tables:
        labelled, note = (None, "") if table is None else with_targets(table, second.names, settings)
        usable.append(labelled)
        notes += [note] if note else []
    main, test, validation = usable
    assert main is not None
    return SplitTables(main, test, validation, tuple(notes))


def with_targets(table: Table, names: Sequence[str], settings: DataSettings) -> tuple[Table, str]:
    """The table with its target's cells renamed, rows without a target dropped if they may be; and a note."""
    for name in names:
        table.refuse_unknown(name, "target column")
    table = rename_cells(table, names, settings.labels)
    return drop_missing(table, names) if settings.missing_target == "drop" else (table, "")
