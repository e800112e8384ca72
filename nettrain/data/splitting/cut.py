"""Cuts: which rows are held out, as a function of (seed, purpose) and the rows alone.

Conventions: rows (M,) are indices into a table of N rows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nettrain.data.splitting.groups import choose_groups
from nettrain.data.tables.arrays import AnyArray, Indices
from nettrain.errors import DataError

TEST = 0x64617461_00000001  # purposes of draws: "data" in ASCII, then a number
VALIDATION = 0x64617461_00000002


@dataclass(frozen=True)
class Strata:
    """What a cut is stratified by: labels (N,), the class of each of the table's rows, and the names."""

    labels: npt.NDArray[np.int32]
    classes: Sequence[str]

    def sizes(self, rows: Indices) -> dict[str, int]:
        """How many of the rows (M,) each class has, of the classes that have some."""
        present, sizes = np.unique(self.labels[rows], return_counts=True)
        names = (self.classes[position] for position in present.tolist())
        return dict(zip(names, sizes.tolist(), strict=True))


def cut(
    rows: Indices,
    size: float,
    *,
    seed: int,
    purpose: int,
    key: str,
    strata: Strata | None = None,
    groups: Indices | None = None,
    values: AnyArray | None = None,
) -> tuple[Indices, Indices]:
    """Divide `rows` into (remaining, held out), both ascending; `size` is a share (float) or a count (int).

    A share is rounded to whole rows, halves up. At most one of these says which rows are held out:
    with strata every class gives its share, by largest remainder, so that counts add up exactly, but keeps a
    row if that is possible;
    with groups (N,), numbers of the table's rows, whole groups are held out, and the count is as near as
    they allow; with values (N,), the rows with the largest are held out, of equal ones the last.
    Raises DataError that begins with `key` when nothing would remain, or all rows are one group.
    """
    count = math.floor(size * len(rows) + 0.5) if isinstance(size, float) else size
    if count >= len(rows):
        raise DataError(f"{key}: {size} of {len(rows)} rows leaves none to train on")
    if count == 0:
        return rows, rows[:0]
    generator = np.random.Generator(np.random.Philox(key=[seed, purpose]))
    if values is not None:
        held_out = rows[np.argsort(values[rows], kind="stable")[-count:]]
    elif groups is not None:
        held_out = rows[choose_groups(groups[rows], count, generator, key)]
    elif strata is not None:
        held_out = draw_stratified(rows, strata, count, generator)
    else:
        held_out = generator.permutation(rows)[:count]
    return np.setdiff1d(rows, held_out), np.sort(held_out)


def draw_stratified(rows: Indices, strata: Strata, count: int, generator: np.random.Generator) -> Indices:
    """`count` of the rows (M,), of each class its share, see `kept_shares`."""
    labels = strata.labels[rows]
    classes, sizes = np.unique(labels, return_counts=True)
    drawn = [
        generator.permutation(rows[labels == c])[:share]
        for c, share in zip(classes, kept_shares(sizes, count), strict=True)
    ]
    return np.concatenate(drawn)


def kept_shares(sizes: Indices, count: int) -> Indices:
    """Whole shares of `count` in proportion to sizes (C,), where each class keeps a row if that is possible.

    What it would have given for its last row, the class that keeps the most gives in its place.
    """
    shares, limits = largest_remainder(sizes, count), sizes - 1
    if count > limits.sum():
        return shares
    shares = np.minimum(shares, limits)
    for _ in range(count - int(shares.sum())):
        shares[np.argmax(limits - shares)] += 1
    return shares


def largest_remainder(sizes: Indices, count: int) -> Indices:
    """Whole shares of `count` in proportion to sizes (C,): rounded down, the rest to the largest fractions.

    Of equal fractions the first classes win. Source: Hamilton's method, 1792.
    """
    # In whole numbers: a quotient of floats could round a fraction above its equal.
    shares, fractions = np.divmod(sizes * count, sizes.sum())
    rest = count - int(shares.sum())
    shares[np.argsort(-fractions, kind="stable")[:rest]] += 1
    return shares
