"""How a source of rows is read."""

from dataclasses import dataclass
from typing import Literal

SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class ReadOptions:
    """What is known of a source before it is read; formats use of it what concerns them.

    `missing` are the cells that mean no value. Of text files, `known` are names of columns that an earlier
    table has, so that a first row which holds one is a header, and `separators` those that auto tries, the
    likeliest first.
    """

    header: Literal["auto"] | bool = "auto"
    separator: str = "auto"
    missing: tuple[str, ...] = ("", "?", "NA", "NaN")
    known: tuple[str, ...] = ()
    separators: tuple[str, ...] = SEPARATORS
