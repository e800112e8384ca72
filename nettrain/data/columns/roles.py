"""Roles: which columns are inputs, and which are ignored, weigh rows, or group them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from nettrain.catalogue.settings import Settings, expects, option
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, nearest

Column = Annotated[str | int, expects("a column's name or position")]
OneColumn = Annotated[str | int | None, expects("a column's name or position")]


class Columns(Settings):
    """What columns are for, each by name or position; all others but the target are inputs."""

    ignore: list[Column] = option([], "columns that are not used")
    categorical: list[Column] = option([], "inputs of which each value is a category, also of numbers")
    numeric: list[Column] = option([], "inputs that hold numbers, also false and true as 0 and 1")
    words: list[Column] = option([], "columns of text, of which frequent words are inputs (data.words_from)")
    weight: OneColumn = option(None, "how much a row counts, in the loss and in every figure")
    group: OneColumn = option(None, "rows of one value stay together: never in two splits")

    def resolve(self, table: Table, targets: Sequence[str]) -> "Roles":
        """The names of the columns that have these roles.

        Raises DataError for a column that is not there, named twice, in two roles, or the target.
        """
        roles = dict.fromkeys(targets, "data.target")
        names: dict[str, tuple[str, ...]] = {}
        for key, value in self:
            columns = value if isinstance(value, list) else [] if value is None else [value]
            names[key] = column_names(table, f"data.columns.{key}", columns)
            _claim(roles, f"data.columns.{key}", names[key])
        weight, group = (next(iter(names.pop(key)), None) for key in ("weight", "group"))
        return Roles(**names, weight=weight, group=group)


@dataclass(frozen=True)
class Roles:
    """The columns that have a role, by name."""

    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    weight: str | None = None
    group: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """Those whose cells are text as they stand, whatever they look like."""
        return (*self.categorical, *self.words)

    def inputs(self, table: Table, targets: Sequence[str]) -> list[str]:
        """The columns that become inputs, in the table's order."""
        others = {*targets, *self.ignore, self.weight, self.group}
        return [name for name in table.columns if name not in others]

    def columns(self) -> Columns:
        """The settings with these names."""
        return Columns(
            ignore=list(self.ignore),
            categorical=list(self.categorical),
            numeric=list(self.numeric),
            words=list(self.words),
            weight=self.weight,
            group=self.group,
        )


def column_names(table: Table, key: str, columns: Sequence[str | int]) -> tuple[str, ...]:
    """The names of columns by name or position. Raises DataError that begins with `key` for others."""
    return tuple(_column_name(table, key, one) for one in columns)


def _column_name(table: Table, key: str, setting: str | int) -> str:
    name = table.find(setting)
    if name is not None:
        return name
    if isinstance(setting, int):
        raise DataError(
            f"{key}: {setting} is not a position in {table.origin}, of {len(table.columns)} columns"
        )
    raise DataError(f'{key}: {table.origin}: no column "{setting}"{nearest(setting, table.columns)}')


def _claim(roles: dict[str, str], role: str, names: Sequence[str]) -> None:
    """Record the role of these columns. Raises DataError when one has a role already."""
    for name in names:
        if name in roles:
            other = roles[name]
            raise DataError(f'{role}: "{name}" is {"named twice" if other == role else f"in {other} too"}')
        roles[name] = role
