"""How a source of rows is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nettrain.data.reading.cell_kind import NUMBER
from nettrain.data.reading.storage import Storage
from nettrain.data.tables.table import POSITION, at_position

WHITESPACE = "whitespace"  # runs of blanks and tabs
SEPARATORS = (",", ";", "\t", "|", WHITESPACE)
NO_COMMENT = "none"


@dataclass(frozen=True)
class ReadOptions:
    """What is known of a source before it is read; formats use of it what concerns them.

    `missing` are the cells that mean no value. Of text files, `known` are names of columns that an earlier
    table has, so that a first row which holds them is a header, and `separators` those that auto tries, the
    likeliest first. Columns in `text`, by name or position, keep the spelling of their cells even where all
    are numbers: categories, classes, groups, and what was text in the training data. `skip_rows` lines above
    the table and lines that begin with `comment` are left out, of which auto expects `comments`. `names` are
    the columns' in place of the file's own, `mentioned` those that other settings use. `sheet` is that of a
    workbook, by name or position. `storage` says where the numbers of large files are held.
    """

    header: Literal["auto"] | bool = "auto"
    separator: str = "auto"
    missing: tuple[str, ...] = ("", "?", "NA", "NaN")
    known: tuple[str, ...] = ()
    separators: tuple[str, ...] = SEPARATORS
    text: tuple[str | int, ...] = ()
    skip_rows: Literal["auto"] | int = "auto"
    comment: str = "auto"
    comments: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    sheet: str | int | None = None
    storage: Storage = "auto"

    def text_among(self, names: Sequence[str]) -> set[str]:
        """Those of a source's columns that keep the spelling of their cells."""
        known = frozenset(names)
        found = (str(one) if str(one) in known else at_position(names, one) for one in self.text)
        return {name for name in found if name is not None}

    def knows(self, cells: Sequence[str]) -> bool:
        """Whether a row holds names that are known: most of its cells, or one that other settings mention.

        Where all known ones are numbers, which may be values too, it has to be all of its cells.
        """
        matches = {*self.known} & {*cells}
        if matches and all(map(NUMBER.fullmatch, matches)):
            return len(matches) == len(cells)
        likely = 2 * len(matches) >= min(len(self.known), len(cells)) > 0
        return likely or any(one in cells and not is_position(one, len(cells)) for one in self.mentioned)


def is_position(setting: str, width: int) -> bool:
    """Whether a setting may be meant as the position of one of so many columns."""
    return POSITION.fullmatch(setting) is not None and -width <= int(setting) < width


def character(separator: str) -> str:
    """The character that separates cells once runs of blanks count as one."""
    return " " if separator == WHITESPACE else separator
