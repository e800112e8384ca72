"""The parts of the data: which rows train, which watch, which are kept for the final figures."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from nettrain.data.reading.source import Source
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.cut import TEST, VALIDATION, Indices, Strata, cut
from nettrain.data.splitting.groups import read_groups, refuse_shared
from nettrain.data.splitting.split_tables import Tables
from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Target, listed
from nettrain.errors import DataError


class Split(NamedTuple):
    """Rows of a table that belong to one split."""

    table: Table
    rows: Indices


def split(
    tables: Tables, target: Target, group: str | None, settings: DataSettings, seed: int
) -> dict[str, Split]:
    """Training, validation and test rows: test is cut first, validation from what is left."""
    strata = Strata(target.labels(tables.main), target.classes) if settings.stratify else None
    groups = None if group is None else read_groups(tables.main, group)
    left = np.arange(tables.main.height)
    parts: dict[str, Split] = {}
    for key, size, own, purpose in (
        ("test", settings.test, tables.test, TEST),
        ("validation", settings.validation, tables.validation, VALIDATION),
    ):
        if own is not None:
            parts[key] = whole(own)
        elif isinstance(size, int | float):
            left, taken = cut(
                left,
                size,
                seed=seed,
                purpose=purpose,
                key=f"data.{key}",
                strata=strata,
                groups=groups,
                last=settings.order == "time",
            )
            parts |= {key: Split(tables.main, taken)} if len(taken) else {}
    refuse_shared_groups(tables, group)
    return {"training": Split(tables.main, left), **parts}


def whole(table: Table) -> Split:
    """All rows of a table."""
    return Split(table, np.arange(table.height))


def refuse_shared_groups(tables: Tables, group: str | None) -> None:
    """Raise DataError when rows of one group are in two sources, and so in two splits."""
    if group is None:
        return
    sources = {"data.source": tables.main, "data.test": tables.test, "data.validation": tables.validation}
    there = [(key, table) for key, table in sources.items() if table is not None]
    for (_, first), (key, second) in combinations(there, 2):
        refuse_shared(first, second, group, key)


def refuse_lost_classes(target: Target, train: Split) -> None:
    """Raise DataError when there is one class only, or classes have no training row."""
    if target.kind != "classes":
        return
    name = target.names[0]
    if len(target.classes) < 2:
        raise DataError(f'target "{name}": one class only ("{target.classes[0]}"), nothing to tell apart')
    counts = np.bincount(target.labels(train.table)[train.rows], minlength=len(target.classes))
    if not counts.all():
        lost = [target.classes[k] for k in np.flatnonzero(counts == 0)]
        have = f"class {listed(lost)} has" if len(lost) == 1 else f"classes {listed(lost)} have"
        whose = "its" if len(lost) == 1 else "their"
        raise DataError(
            f'target "{name}": {have} no training row; '
            f"make data.test or data.validation smaller, or remove {whose} rows"
        )


def split_notes(source: Source, settings: DataSettings, parts: dict[str, Split]) -> list[str]:
    """What is said about the splits."""
    notes, group = [], settings.columns.group
    if source.test is not None and settings.test is None:
        notes.append(f"test: the {source.test.height} test rows that {settings.source} brings")
    elif source.test is not None:
        notes.append(f"the {source.test.height} test rows that {settings.source} brings are not used")
    if "validation" not in parts and settings.validation:
        notes.append(f"data.validation: {settings.validation} of so few rows is none")
    if group is not None:
        rows = ", ".join(f"{len(part.rows)} {name}" for name, part in parts.items())
        notes.append(f'split by whole groups of "{group}": {rows} rows')
    return notes
