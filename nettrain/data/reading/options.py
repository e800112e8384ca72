"""How a source of rows is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class ReadOptions:
    """What is known of a source before it is read; formats use of it what concerns them.

    `missing` are the cells that mean no value. Of text files, `known` are names of columns that an earlier
    table has, so that a first row which holds one is a header, and `separators` those that auto tries, the
    likeliest first. Columns in `text`, by name or position, keep the spelling of their cells even where all
    are numbers: categories, classes, groups, and what was text in the training data.
    """

    header: Literal["auto"] | bool = "auto"
    separator: str = "auto"
    missing: tuple[str, ...] = ("", "?", "NA", "NaN")
    known: tuple[str, ...] = ()
    separators: tuple[str, ...] = SEPARATORS
    text: tuple[str | int, ...] = ()

    def text_among(self, names: Sequence[str]) -> set[str]:
        """Those of a source's columns that keep the spelling of their cells."""
        by_position = {i: names[i] for i in self.text if isinstance(i, int) and -len(names) <= i < len(names)}
        return {*map(str, self.text), *by_position.values()} & {*names}
