"""Groups: rows that belong together, and are held out together or not at all."""

import numpy as np

from nettrain.data.tables.arrays import Indices, Mask
from nettrain.data.tables.spelling import as_text, column_form, normalized
from nettrain.data.tables.table import Table
from nettrain.data.targets.unlabelled import refuse_missing
from nettrain.errors import DataError

MOST_COMBINED = 256  # groups of which every combination is considered


def read_groups(table: Table, name: str) -> Indices:
    """The number of each row's group (N,). Raises DataError when rows have none."""
    refuse_missing(table, name, role="group", otherwise="")
    groups = normalized(as_text(table, name), column_form(table, name))
    return np.unique(groups.to_list(), return_inverse=True)[1]


def refuse_shared(first: Table, second: Table, name: str, key: str) -> None:
    """Raise DataError when two tables have rows of one group; a table without the column has no groups."""
    if name not in second.columns:
        return
    form = column_form(first, name)
    known = set(normalized(as_text(first, name), form))
    groups = normalized(as_text(second, name), form)
    shared = next((row for row, group in enumerate(groups) if group in known), None)
    if shared is not None:
        raise DataError(
            f'{key}: {second.at(shared)}: group "{groups[shared]}" has rows in {first.origin} too'
        )


def choose_groups(groups: Indices, count: int, generator: np.random.Generator, key: str) -> Mask:
    """Which of the rows, of groups (M,), are held out: whole groups, as near to `count` rows as they allow.

    At least one group is held out and one remains. Which ones is drawn; of two equally near sizes the smaller
    wins. The nearest size is exact for up to MOST_COMBINED groups; of more, the first drawn are taken while
    they fit. Raises DataError that begins with `key` when there is only one group.
    """
    codes, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(codes) < 2:
        raise DataError(f"{key}: one group only, which cannot be split")
    order = generator.permutation(len(codes))
    chosen = np.zeros(len(codes), dtype=bool)
    left = count
    for group in order[:-MOST_COMBINED]:
        if sizes[group] <= left:
            chosen[group] = True
            left -= int(sizes[group])
    last = order[-MOST_COMBINED:]
    proper = len(last) == len(codes)  # otherwise a group is chosen and one remains already
    chosen[last] = fill_up([int(size) for size in sizes[last]], left, proper=proper)
    return chosen[inverse]


def fill_up(sizes: list[int], count: int, *, proper: bool) -> list[bool]:
    """Which sizes (G,) to add up to come nearest to count, the first ones where there is a choice.

    With `proper`, neither none nor all. Bit n of reach[i] says whether some of sizes[i:] add up to n.
    """
    reach = [1]
    for size in reversed(sizes):
        reach.append(reach[-1] | reach[-1] << size)
    reach.reverse()
    total = nearest_sum(reach[0], count, range(int(proper), sum(sizes) + 1 - int(proper)))
    chosen = []
    for size, after in zip(sizes, reach[1:], strict=True):
        fits = total >= size and bool(after >> (total - size) & 1)
        chosen.append(fits)
        total -= size * fits
    return chosen


def nearest_sum(reach: int, count: int, allowed: range) -> int:
    """The reachable sum within `allowed` that is nearest to count, of two the smaller."""
    packed = np.frombuffer(reach.to_bytes(reach.bit_length() // 8 + 1, "little"), dtype=np.uint8)
    sums = np.flatnonzero(np.unpackbits(packed, bitorder="little")[: allowed.stop])
    sums = sums[sums >= allowed.start]
    return int(sums[np.argmin(np.abs(sums - count))])
