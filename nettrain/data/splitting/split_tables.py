"""The tables of an experiment: its source, and those that are a split of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from nettrain.data.reading.layout import InputLayout
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.data.tables.table import Table
from nettrain.data.targets.renames import rename_cells, unused
from nettrain.data.targets.unlabelled import drop_missing


@dataclass(frozen=True)
class Tables:
    """The rows to split, and the test and validation rows of other sources, with targets under new names."""

    main: Table
    test: Table | None
    validation: Table | None
    notes: tuple[str, ...]


def read_tables(
    source: Source,
    names: Sequence[str],
    layout: InputLayout,
    settings: DataSettings,
    seed: int,
    memory: MemoryTables | None,
) -> Tables:
    """All tables, their targets in the columns `names`. Raises DataError when one cannot be read or used."""
    test = second_source(settings.test, "test", names, layout, settings.separator, seed, memory)
    own = source.test if settings.test is None else None
    validation = second_source(
        settings.validation, "validation", names, layout, settings.separator, seed, memory
    )
    given = [source.table, own if test is None else test, validation]
    there = [table for table in given if table is not None]
    notes = [note for table in there for note in table.notes]
    notes += unused(there, names, settings.labels)
    done: list[Table | None] = []
    for table in given:
        ready, note = (None, "") if table is None else usable(table, names, settings)
        done.append(ready)
        notes += [note] if note else []
    main, test, validation = done
    assert main is not None
    return Tables(main, test, validation, tuple(notes))


def second_source(
    size: object,
    key: str,
    names: Sequence[str],
    layout: InputLayout,
    separator: str,
    seed: int,
    memory: MemoryTables | None,
) -> Table | None:
    """Another source in the form of the first, target included, when `size` names one."""
    if not isinstance(size, str):
        return None
    source = read_source(size, layout.options(separator), seed=seed, key=f"data.{key}", memory=memory)
    return layout.align_source(source, names)


def usable(table: Table, names: Sequence[str], settings: DataSettings) -> tuple[Table, str]:
    """The table with its target's cells renamed, without rows that have none where that is wanted; a note."""
    for name in names:
        table.refuse_unknown(name, "target column")
    table = rename_cells(table, names, settings.labels)
    return drop_missing(table, names) if settings.missing_target == "drop" else (table, "")
