"""The columns of a table as the inputs of a network know them.

Every column of the data has one or several inputs, side by side. Layers that treat numbers, indicators and
categories differently are told here which is which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
