"""Whether the first row of a text file names its columns, and how.

Each column votes: between 1, its first cell is no value such as those below it, and -1, it is one. So a
single odd cell, a gap or a name that happens to be a value too, decides nothing on its own.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nettrain.data.reading.cell_kind import NUMBER, CellKind, cell_kind, pattern
from nettrain.data.tables.arrays import Floats
from nettrain.data.tables.table import check_names
from nettrain.errors import DataError

MOST_COLUMNS = 100  # vote, half of them the first and half the last
MOST_ROWS = 1000  # below the first are looked at
STRAYS = 0.1  # of a column of numbers may be text
SEQUENCE = 3  # numbers that count on are names, from so many on
EVEN = 5  # numbers in even steps are names, from so many on, also fractions
ORDERED = 8  # numbers that rise or fall are names, from so many on
WHOLE = re.compile(r"0|[1-9]\d*")
SHOWN = 4  # cells in a note
YEARS = (1900, 2100)
VALUES = (CellKind.NUMBER, CellKind.CODE, CellKind.WORD)


@dataclass(frozen=True)
class HeaderEvidence:
    """How much speaks for a first row of names, and how much for one of values, in columns.

    `words` says whether no cell of the first row is a number, `numbers` whether all are, `rising` whether
    they could count something, and `wordy` whether no column below holds numbers either.
    """

    names: float
    values: float
    words: bool
    numbers: bool
    rising: bool
    wordy: bool

    @property
    def header(self) -> bool:
        """Whether the first row names the columns; text over text does if nothing speaks against it."""
        return self.names > self.values or (self.names == self.values and self.wordy)

    @property
    def certain(self) -> bool:
        """Whether the first row can be nothing but names."""
        return self.words and self.names >= 1 and not self.values

    @property
    def undecided(self) -> bool:
        """Whether a person may see it otherwise."""
        if self.header:
            return self.numbers or self.names < 1 or self.names <= 2 * self.values
        return self.rising or 0 < self.values <= 2 * self.names


def header_evidence(rows: Sequence[Sequence[str]], missing: Sequence[str] = ("",)) -> HeaderEvidence:
    """What the first rows of a file, all of the same width, say about the first of them."""
    voters = [
        Voter(i, rows[0][i], [row[i] for row in rows[1 : MOST_ROWS + 1]], tuple(missing))
        for i in voting_columns(len(rows[0]))
    ]
    numeric = [voter for voter in voters if voter.is_number_over_numbers]
    votes = [voter.vote for voter in voters if not voter.is_number_over_numbers]
    votes += number_votes(numeric, sum(votes) > 0)
    kinds = {voter.cell_kind for voter in voters} - {CellKind.GAP}
    counting = len(voters) >= SEQUENCE and all(WHOLE.fullmatch(voter.cell) for voter in voters)
    return HeaderEvidence(
        sum(vote for vote in votes if vote > 0),
        -sum(vote for vote in votes if vote < 0),
        words=CellKind.NUMBER not in kinds,
        wordy=CellKind.NUMBER not in kinds | {voter.kind for voter in voters},
        numbers=kinds == {CellKind.NUMBER},
        rising=counting and is_ordered(numbers_of([voter.cell for voter in voters])),
    )


def voting_columns(width: int) -> list[int]:
    """The columns that are looked at."""
    half = MOST_COLUMNS // 2
    return [i for i in range(width) if width <= MOST_COLUMNS or i < half or i >= width - half]


@dataclass(frozen=True)
class Voter:
    """A column: its position, its first cell, the `cells` below it, and which of them are gaps."""

    position: int
    cell: str
    cells: Sequence[str]
    missing: tuple[str, ...]

    @cached_property
    def cell_kind(self) -> CellKind:
        """What the first cell looks like."""
        return cell_kind(self.cell, self.missing)

    @cached_property
    def kinds(self) -> list[CellKind]:
        """What the cells below it look like."""
        return [cell_kind(one, self.missing) for one in self.cells]

    @cached_property
    def below(self) -> list[str]:
        """The cells below it but gaps."""
        return [one for one, kind in zip(self.cells, self.kinds, strict=True) if kind is not CellKind.GAP]

    @cached_property
    def shares(self) -> dict[CellKind, float]:
        """The share of each kind of cells below but gaps."""
        return {kind: self.kinds.count(kind) / max(1, len(self.below)) for kind in VALUES}

    @cached_property
    def kind(self) -> CellKind:
        """The kind of most cells below; of two as frequent, the one that tells more from a name."""
        return max(VALUES, key=self.shares.__getitem__) if self.below else CellKind.GAP

    @property
    def is_number_over_numbers(self) -> bool:
        """Whether the other first cells have to say whether this number is a name."""
        return self.cell_kind is CellKind.NUMBER and self.kind is CellKind.NUMBER

    @property
    def vote(self) -> float:
        """The vote of a column whose first cell is not a number over numbers."""
        if CellKind.GAP in (self.cell_kind, self.kind):
            return 0.0
        if self.cell_kind is CellKind.NUMBER:
            return 1.0 if len(self.below) > 1 and not self.shares[CellKind.NUMBER] else 0.0
        if self.kind is CellKind.NUMBER:
            return 1.0 if self.shares[CellKind.NUMBER] >= 1 - STRAYS else 0.5
        return self._vote_of_codes() if self.kind is CellKind.CODE else self._vote_by_repetition()

    def _vote_of_codes(self) -> float:
        patterns = {pattern(one) for one in self.below}
        if pattern(self.cell) in patterns:
            return -1.0
        return 1.0 if self.cell_kind is CellKind.WORD else self._vote_by_repetition()

    def _vote_by_repetition(self) -> float:
        """A value that recurs is no name; one alone among values that recur is no value.

        The chance that a further value is a new one is the share of values that occur once (Good 1953).
        """
        if self.cell in self.below:
            return -1.0
        once = sum(count == 1 for count in Counter(self.below).values())
        return max(0.0, 1 - 2 * (once + 1) / (len(self.below) + 1))


def number_votes(columns: Sequence[Voter], other_names: bool) -> list[float]:
    """The votes of columns of numbers whose first cell is a number too: together, or each for itself."""
    if are_names_together(columns, other_names):
        return [1.0] * len(columns)
    cells = {column.cell for column in columns}
    return [number_vote(column) if len(cells) == len(columns) else -1.0 for column in columns]


def are_names_together(columns: Sequence[Voter], other_names: bool) -> bool:
    """Whether the first cells count on (0, 1, 2 or 2019, 2020), or are in order, and rows below do not."""
    cells = [column.cell for column in columns]
    positions = [column.position for column in columns]
    values = numbers_of(cells)
    plain = len(values) == len(cells)

    def counts_on(values: Floats) -> bool:
        return has_even_steps(values) or has_even_steps(values, positions)

    counting = could_count(cells, 2 if other_names else SEQUENCE) or (plain and len(cells) >= EVEN)
    if counting and counts_on(values):
        return not often(columns, counts_on)
    return plain and len(cells) >= ORDERED and is_ordered(values) and not often(columns, is_ordered)


def number_vote(column: Voter) -> float:
    """The vote of one number over numbers: whether it is written, or as large, as no number below."""
    if not WHOLE.fullmatch(column.cell):
        return -1.0
    fractions = sum("." in one or "," in one for one in column.below) / len(column.below)
    values = numbers_of(column.below)
    span = float(np.ptp(values)) if len(values) else 0.0
    value = float(column.cell)
    far = span > 0 and (value < values.min() - span or value > values.max() + span)
    odd = int(fractions > 1 - STRAYS and len(column.below) > SEQUENCE) + int(far)
    return (-0.5, 0.5, 1.0)[odd]


def could_count(cells: Sequence[str], least: int) -> bool:
    """Whether cells are at least so many whole numbers, as names are: from 0 or 1, or years, or many."""
    if len(cells) < least or not all(map(WHOLE.fullmatch, cells)):
        return False
    values = numbers_of(cells)
    return (
        values[0] in (0, 1) or (YEARS[0] <= values.min() <= values.max() <= YEARS[1]) or len(cells) > SEQUENCE
    )


def has_even_steps(values: Floats, positions: Sequence[int] = ()) -> bool:
    """Whether values rise or fall evenly, from each to the next or with their positions."""
    differences = np.diff(values) / (np.diff(positions) if len(positions) else 1)
    return len(np.unique(differences.round(9))) == 1 and bool(differences[0])


def is_ordered(values: Floats) -> bool:
    """Whether numbers rise, or fall, from each to the next."""
    differences = np.diff(values)
    return bool((differences > 0).all() or (differences < 0).all())


def often(columns: Sequence[Voter], test: Callable[[Floats], bool]) -> bool:
    """Whether the test holds for more than a few rows of these columns, or there are too few rows to tell."""
    rows = list(zip(*(column.cells for column in columns), strict=True))
    plain = [numbers_of(row) for row in rows if all(map(NUMBER.fullmatch, row))]
    return len(rows) < 2 or sum(map(test, plain)) > STRAYS * len(rows)


def numbers_of(cells: Sequence[str]) -> Floats:
    """The cells that are plain numbers."""
    return np.array([float(cell) for cell in cells if NUMBER.fullmatch(cell)])


def are_default_names(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2, ... as pandas names the columns of an array."""
    return list(cells) == [str(i) for i in range(len(cells))]


def shown(cells: Sequence[str]) -> str:
    """`(0, 1, 2, 3, ...)`: the first cells of a row."""
    more = ", ..." if len(cells) > SHOWN else ""
    return f"({', '.join(cells[:SHOWN])}{more})"


def column_names(cells: Sequence[str | None], origin: str) -> tuple[str, ...]:
    """The names in a header; an empty one becomes its position. Raises DataError when two are equal."""
    names = tuple(cell or f"column_{i}" for i, cell in enumerate(cells))
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f'{origin}: two columns are named "{repeated[0]}"; rename one, or name all columns in data.names'
        )
    check_names(names, origin)
    return names
