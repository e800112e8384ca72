"""What a cell of text looks like, which tells names from values: a gap, number, code with digits, or word."""

import re
from enum import Enum
from functools import lru_cache

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
RUNS = re.compile(r"\d+|[^\W\d_]+")


class CellKind(Enum):
    """What a cell looks like. Numbers are all digits without letters: also dates, amounts, decimal commas."""

    GAP = "gap"
    NUMBER = "number"
    CODE = "code"
    WORD = "word"


@lru_cache(maxsize=1 << 14)  # cells of a column repeat
def cell_kind(cell: str, missing: tuple[str, ...] = ("",)) -> CellKind:
    """The kind of a cell; one of `missing` is a gap."""
    if not cell or cell in missing:
        return CellKind.GAP
    if NUMBER.fullmatch(cell):
        return CellKind.NUMBER
    if not any(map(str.isdigit, cell)):
        return CellKind.WORD
    return CellKind.CODE if any(map(str.isalpha, cell)) else CellKind.NUMBER


def pattern(cell: str) -> str:
    """A cell with 9 for each run of digits and a for each of letters: `a-9` for AB-123."""
    return RUNS.sub(lambda run: "9" if run[0][0].isdigit() else "a", cell.lstrip("+-"))
