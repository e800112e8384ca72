"""The splits of the data: which rows train, which validate, and which test."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from nettrain.data.reading.source import Source
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.cut import TEST, VALIDATION, Strata, cut
from nettrain.data.splitting.folds import fold_notes, fold_rows, single_row_notes
from nettrain.data.splitting.groups import read_groups, refuse_shared
from nettrain.data.splitting.order import OrderBy, read_order
from nettrain.data.splitting.split_tables import SplitTables
from nettrain.data.tables.arrays import AnyArray, Indices
from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Target, classes_have
from nettrain.errors import DataError


class Split(NamedTuple):
    """Rows of a table that belong to one split."""

    table: Table
    rows: Indices


Splits = Mapping[str, Split]  # training, validation and test


@dataclass(frozen=True, eq=False)
class Splitting:
    """The tables of an experiment, and what their rows are split by: strata, groups or values, or neither."""

    tables: SplitTables
    settings: DataSettings
    seed: int
    strata: Strata | None = None
    groups: Indices | None = None
    values: AnyArray | None = None

    @staticmethod
    def of(
        tables: SplitTables, target: Target, group: str | None, settings: DataSettings, seed: int
    ) -> "Splitting":
        """Read what resolved settings split by. Raises DataError when rows have no group or no order."""
        main = tables.main
        refuse_shared_groups(tables, group)
        return Splitting(
            tables,
            settings,
            seed,
            Strata(target.class_indices(main), target.classes) if settings.stratify else None,
            None if group is None else read_groups(main, group),
            read_order(main, settings.order),
        )

    def splits(self, fold: int | None = None) -> Splits:
        """Training, validation and test rows: test is cut first, validation from what remains.

        Where the settings have folds, one of them validates: `fold`, or that of `take`, or else the first.
        """
        remaining, splits = self._cut(np.arange(self.tables.main.height), "test", TEST)
        folds = self.settings.folds
        if folds is None:
            remaining, validation = self._cut(remaining, "validation", VALIDATION)
            return {"training": Split(self.tables.main, remaining), **splits, **validation}
        rows = fold_rows(
            remaining,
            folds,
            fold or folds.take or 1,
            seed=self.seed,
            strata=self.strata,
            groups=self.groups,
            values=self.values,
        )
        training, validation_rows = (Split(self.tables.main, one) for one in (rows.training, rows.held_out))
        return {"training": training, **splits, "validation": validation_rows}

    def _cut(self, rows: Indices, name: str, purpose: int) -> tuple[Indices, dict[str, Split]]:
        """The rows that remain, and a split, if there is one, of these or of another source."""
        table: Table | None = getattr(self.tables, name)
        if table is not None:
            return rows, {name: all_rows(table)}
        size = getattr(self.settings, name)
        if not isinstance(size, int | float):
            return rows, {}
        remaining, held_out = cut(
            rows,
            size,
            seed=self.seed,
            purpose=purpose,
            key=f"data.{name}",
            strata=self.strata,
            groups=self.groups,
            values=self.values,
        )
        return remaining, {name: Split(self.tables.main, held_out)} if len(held_out) else {}

    def notes(self, source: Source, splits: Splits) -> list[str]:
        """Notes on these splits that a person should read."""
        notes, settings = brought_rows_notes(source, self.settings), self.settings
        held_out = [split for name, split in splits.items() if name != "training"]
        among = settings.folds is not None and settings.folds.train_on == "others"
        if among and self.values is None:
            notes.append(
                "data.folds.train_on: others is for rows in an order (data.order), and these have none"
            )
        if settings.folds is not None:
            cut_up = np.union1d(splits["training"].rows, splits["validation"].rows)
            notes += fold_notes(cut_up, settings.folds, self.strata)
        elif self.strata is not None and any(split.table is self.tables.main for split in held_out):
            whole = np.arange(self.tables.main.height)
            notes += single_row_notes(self.strata.sizes(whole), "which trains and is not held out")
        if "validation" not in splits and settings.validation:
            notes.append(f"data.validation: {settings.validation} of so few rows is none")
        if settings.columns.group is not None:
            rows = ", ".join(f"{len(split.rows)} {name}" for name, split in splits.items())
            notes.append(f'split by whole groups of "{settings.columns.group}": {rows} rows')
        if isinstance(settings.order, OrderBy):
            in_order = rows_in_order(splits, validated_among=among)
            notes.append(f'split in the order of "{settings.order.by}": {in_order} rows')
        return notes


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


def refuse_lost_classes(target: Target, train: Split, *, folds: bool = False) -> None:
    """Raise DataError when there is only one class, or classes have no training row, as in some `folds`."""
    if target.kind != "classes":
        return
    name = target.names[0]
    if len(target.classes) < 2:
        raise DataError(f'target "{name}": one class only ("{target.classes[0]}"), nothing to tell apart')
    counts = np.bincount(target.class_indices(train.table)[train.rows], minlength=len(target.classes))
    if not counts.all():
        lost = [target.classes[k] for k in np.flatnonzero(counts == 0)]
        whose = "its" if len(lost) == 1 else "their"
        way_out = (
            "split otherwise (data.test, data.folds)"
            if folds
            else "make data.test or data.validation smaller"
        )
        raise DataError(
            f'target "{name}": {classes_have(lost)} no training row; {way_out}, or remove {whose} rows'
        )


def rows_in_order(splits: Splits, *, validated_among: bool) -> str:
    """`60 training, then 20 validation, then 20 test`: the splits of the first source, in time.

    Or `60 training and 20 validation, then 20 test`, where validation rows lie among training rows.
    """
    table = splits["training"].table
    names = ("training", "validation", "test")
    present = {name: splits[name] for name in names if name in splits and splits[name].table is table}
    counts = [f"{len(split.rows)} {name}" for name, split in present.items()]
    if validated_among:
        counts[:2] = [" and ".join(counts[:2])]
    return ", then ".join(counts)


def brought_rows_notes(source: Source, settings: DataSettings) -> list[str]:
    """A note on the test rows that the source brings."""
    if source.test is None:
        return []
    if settings.test is None:
        return [f"test: the {source.test.height} test rows that {settings.source} brings"]
    return [f"the {source.test.height} test rows that {settings.source} brings are not used"]
