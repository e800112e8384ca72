"""The splits of the data: which rows train, which validate, and which test."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from nettrain.data.reading.source import Source
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.cut import TEST, VALIDATION, Strata, cut
from nettrain.data.splitting.groups import read_groups, refuse_shared
from nettrain.data.splitting.order import OrderBy, read_order
from nettrain.data.splitting.split_tables import SplitTables
from nettrain.data.tables.arrays import Indices
from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Target, quoted_names
from nettrain.errors import DataError


class Split(NamedTuple):
    """Rows of a table that belong to one split."""

    table: Table
    rows: Indices


def split(
    tables: SplitTables, target: Target, group: str | None, settings: DataSettings, seed: int
) -> dict[str, Split]:
    """Training, validation and test rows: test is cut first, validation from what remains."""
    strata = Strata(target.class_indices(tables.main), target.classes) if settings.stratify else None
    groups = None if group is None else read_groups(tables.main, group)
    values = read_order(tables.main, settings.order)
    remaining = np.arange(tables.main.height)
    splits: dict[str, Split] = {}
    for key, size, table, purpose in (
        ("test", settings.test, tables.test, TEST),
        ("validation", settings.validation, tables.validation, VALIDATION),
    ):
        if table is not None:
            splits[key] = all_rows(table)
        elif isinstance(size, int | float):
            remaining, held_out = cut(
                remaining,
                size,
                seed=seed,
                purpose=purpose,
                key=f"data.{key}",
                strata=strata,
                groups=groups,
                values=values,
            )
            splits |= {key: Split(tables.main, held_out)} if len(held_out) else {}
    refuse_shared_groups(tables, group)
    return {"training": Split(tables.main, remaining), **splits}


def all_rows(table: Table) -> Split:
    """All rows of a table."""
    return Split(table, np.arange(table.height))


def refuse_shared_groups(tables: SplitTables, group: str | None) -> None:
    """Raise DataError when rows of one group are in two sources, and so in two splits."""
    if group is None:
        return
    sources = {"data.source": tables.main, "data.test": tables.test, "data.validation": tables.validation}
    present = [(key, table) for key, table in sources.items() if table is not None]
    for (_, first), (key, second) in combinations(present, 2):
        refuse_shared(first, second, group, key)


def refuse_lost_classes(target: Target, train: Split) -> None:
    """Raise DataError when there is only one class, or classes have no training row."""
    if target.kind != "classes":
        return
    name = target.names[0]
    if len(target.classes) < 2:
        raise DataError(f'target "{name}": one class only ("{target.classes[0]}"), nothing to tell apart')
    counts = np.bincount(target.class_indices(train.table)[train.rows], minlength=len(target.classes))
    if not counts.all():
        lost = [target.classes[k] for k in np.flatnonzero(counts == 0)]
        have = f"class {quoted_names(lost)} has" if len(lost) == 1 else f"classes {quoted_names(lost)} have"
        whose = "its" if len(lost) == 1 else "their"
        raise DataError(
            f'target "{name}": {have} no training row; '
            f"make data.test or data.validation smaller, or remove {whose} rows"
        )


def rows_in_order(splits: dict[str, Split]) -> str:
    """`60 training, then 20 validation, then 20 test`: the splits of the first source, in time."""
    table = splits["training"].table
    names = ("training", "validation", "test")
    present = {name: splits[name] for name in names if name in splits and splits[name].table is table}
    return ", then ".join(f"{len(split.rows)} {name}" for name, split in present.items())


def split_notes(source: Source, settings: DataSettings, splits: dict[str, Split]) -> list[str]:
    """Notes on the splits a person should read."""
    notes, group = [], settings.columns.group
    if source.test is not None and settings.test is None:
        notes.append(f"test: the {source.test.height} test rows that {settings.source} brings")
    elif source.test is not None:
        notes.append(f"the {source.test.height} test rows that {settings.source} brings are not used")
    if "validation" not in splits and settings.validation:
        notes.append(f"data.validation: {settings.validation} of so few rows is none")
    if group is not None:
        rows = ", ".join(f"{len(split.rows)} {name}" for name, split in splits.items())
        notes.append(f'split by whole groups of "{group}": {rows} rows')
    if isinstance(settings.order, OrderBy):
        notes.append(f'split in the order of "{settings.order.by}": {rows_in_order(splits)} rows')
    return notes
