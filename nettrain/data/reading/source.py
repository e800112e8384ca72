"""What reading a source gives: its table, and what the source itself knows about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nettrain.data.reading.image_shape import ImageShape
from nettrain.data.tables.table import Table, check_names, counted
from nettrain.errors import DataError


@dataclass(frozen=True)
class Source:
    """A table, its target where the source knows it, and the test rows it brings.

    `header`, `separator` and `comment` say how other files in the form of this source are written; `classes`
    that the target holds classes, however many there are; `apart` that the target was passed beside the
    inputs, as (X, y); `image` that the columns but the target are the pixels of an image.
    """

    table: Table
    target: str | list[str] | None = None
    test: Table | None = None
    header: bool = False
    separator: str = ","
    comment: str = ""
    classes: bool = False
    apart: bool = False
    image: ImageShape | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target's columns, none where the source does not know them."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)

    def with_targets(self, names: Sequence[str]) -> "Source":
        """The source with other names for the target's columns. Raises DataError when two are equal."""
        new = dict(zip(self.targets, names, strict=True))
        columns = [new.get(name, name) for name in self.table.columns]
        check_names(columns, self.table.origin)
        return replace(
            self, table=self.table.renamed(columns), target=[*names] if len(names) > 1 else names[0]
        )

    def named(self, names: Sequence[str]) -> "Source":
        """The source with these names for all columns, if any. Raises DataError when they do not fit."""
        columns = self.table.columns
        if not names or list(names) == columns:
            return self
        if len(names) != len(columns):
            raise DataError(
                f"data.names: {counted(len(names), 'name')}, but {self.table.origin} has "
                f"{counted(len(columns), 'column')}"
            )
        new = dict(zip(columns, names, strict=True))
        target = [new[name] for name in self.targets]
        test = self.test and self.test.renamed([new.get(name, name) for name in self.test.columns])
        return replace(
            self,
            table=self.table.renamed(names),
            target=target if len(target) > 1 else target[0] if target else None,
            test=test,
        )
