"""The columns of a table as the inputs of a network know them.

Every column of the data has one or several inputs, side by side. Layers that treat numbers, indicators and
categories differently are told here which is which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

InputKind = Literal["number", "indicator", "category"]


@dataclass(frozen=True)
class SourceColumn:
    """The kinds of a column's inputs, in order.

    A number is scaled, an indicator is 0 or 1 (or what scaling makes of it), and a category is a whole number
    from 0 to `categories` - 1, of which 0 stands for missing and unseen values.
    """

    kinds: tuple[InputKind, ...]
    categories: int = 0


def numbers(inputs: int) -> tuple[SourceColumn, ...]:
    """So many columns with one number each."""
    return (SourceColumn(("number",)),) * inputs


def kinds_of(columns: Sequence[SourceColumn]) -> tuple[InputKind, ...]:
    """The kind of every input (D,)."""
    return tuple(kind for column in columns for kind in column.kinds)


@dataclass(frozen=True)
class EmbeddedColumns:
    """The columns of the data behind some embeddings: an input of a kind in `widths` has become several."""

    columns: tuple[SourceColumn, ...]
    widths: Mapping[InputKind, int] = field(default_factory=dict)

    def embedded(self, kind: InputKind, width: int) -> "EmbeddedColumns":
        """The same behind an embedding that makes `width` columns of each input of a kind."""
        return replace(self, widths={**self.widths, kind: width})

    def positions(self, kind: InputKind) -> tuple[int, ...]:
        """Where the inputs of a kind are now: the first column of each."""
        found, start = [], 0
        for one in kinds_of(self.columns):
            found += [start] if one == kind else []
            start += self._width(one)
        return tuple(found)

    @property
    def per_column(self) -> tuple[int, ...]:
        """How many columns come from each column of the data, in order."""
        return tuple(sum(map(self._width, column.kinds)) for column in self.columns)

    def _width(self, kind: InputKind) -> int:
        return self.widths.get(kind, 1)
