"""Folds: which rows each network of a cross-validation is measured on, and which it trains on.

A function of (seed, repeat) and the rows alone. Conventions: rows (M,) are indices into a table of N rows;
folds and repeats are counted from 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heapreplace

import numpy as np

from nettrain.data.splitting.cut import Strata
from nettrain.data.splitting.fold_settings import Folds
from nettrain.data.tables.arrays import AnyArray, Indices
from nettrain.data.tables.table import counted
from nettrain.data.targets.target import classes_have
from nettrain.errors import DataError

FOLDS = 0x666F6C64_00000000  # purpose of the draws of a repeat: "fold" in ASCII, then its number
KEY = "data.folds"
NEVER = -1  # the part of rows that are not held out
MOST_DRAWS = 10  # of whole groups, of which the most even one counts


@dataclass(frozen=True, eq=False)
class FoldRows:
    """The rows of one fold, ascending: those that train its network, and those it is measured on."""

    training: Indices
    held_out: Indices


def fold_rows(
    rows: Indices,
    folds: Folds,
    number: int,
    *,
    seed: int,
    strata: Strata | None = None,
    groups: Indices | None = None,
    values: AnyArray | None = None,
) -> FoldRows:
    """The rows of fold `number`; without any of these arrays each part is drawn from all `rows`.

    At most one of them says otherwise, as in `cut`: with strata each part has its share of every class, and
    single rows of a class train all networks, with groups (N,) whole groups, as evenly as these allow. With
    values (N,) the rows are in their order, and a fold is measured on a block of them, which follows those
    that train it or lies among them. Raises DataError when there are too few rows or groups.
    """
    if values is not None:
        ordered = rows[np.argsort(values[rows], kind="stable")]
        cut_out = _following_rows if folds.train_on == "earlier" else _block_among_others
        return cut_out(ordered, folds.count, number)
    repeat, position = divmod(number - 1, folds.count)
    generator = np.random.Generator(np.random.Philox(key=[seed, FOLDS + repeat + 1]))
    if groups is not None:
        parts = deal_groups(groups[rows], folds.count, generator)
    else:
        parts = _deal_strata(
            None if strata is None else strata.labels[rows], len(rows), folds.count, generator
        )
    return FoldRows(rows[parts != position], rows[parts == position])


def deal_rows(labels: AnyArray | None, count: int, parts: int, generator: np.random.Generator) -> Indices:
    """The part, from 0, of each of `count` rows, which are dealt out like cards.

    Sizes differ by at most one row, and so do those of each class where rows have labels (M,). Raises
    DataError when there are fewer rows than parts.
    """
    _refuse_fewer_rows(count, parts)
    order = generator.permutation(count)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    dealt = np.empty(count, dtype=np.int64)
    dealt[order] = np.arange(count) % parts
    return dealt


def _refuse_fewer_rows(count: int, parts: int) -> None:
    if count < parts:
        raise DataError(f"{KEY}: {counted(count, 'row')} cannot be {parts} folds")


def _deal_strata(labels: AnyArray | None, count: int, parts: int, generator: np.random.Generator) -> Indices:
    """`deal_rows`, but rows that are the only ones of their class have the part NEVER.

    Nothing could be learned of the class from one that is held out.
    """
    if labels is None:
        return deal_rows(None, count, parts, generator)
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    several = sizes[inverse] > 1
    if several.sum() < parts <= count:
        rows = counted(int(several.sum()), "row")
        raise DataError(f"{KEY}: {rows} of classes that have several cannot be {parts} folds")
    dealt = np.full(count, NEVER, dtype=np.int64)
    dealt[several] = deal_rows(labels[several], int(several.sum()), parts, generator)
    return dealt


def deal_groups(groups: Indices, parts: int, generator: np.random.Generator) -> Indices:
    """The part, from 0, of each row, of groups (M,): whole groups, of about as many rows in each part.

    Groups are taken in a random order, those of at least twice the size first, and each goes to the part with
    the fewest rows; then the largest and the smallest part exchange groups while that brings them nearer.
    The most even of some such draws counts. Raises DataError when there are fewer groups than parts.
    """
    codes, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(codes) < parts:
        raise DataError(f"{KEY}: {counted(len(codes), 'group')} cannot be {parts} folds of whole groups")
    dealt, spread = _dealt_groups(sizes, parts, generator)
    for _ in range(MOST_DRAWS - 1):
        if spread <= 1:
            break
        other = _dealt_groups(sizes, parts, generator)
        dealt, spread = other if other[1] < spread else (dealt, spread)
    return dealt[inverse]


def _dealt_groups(sizes: Indices, parts: int, generator: np.random.Generator) -> tuple[Indices, int]:
    """A part for each group of these sizes (G,), and how much larger the largest part is than the least."""
    order = generator.permutation(len(sizes))
    magnitudes = np.frexp(sizes[order].astype(np.float64))[1]
    chosen = _to_the_lightest(sizes, order[np.argsort(-magnitudes, kind="stable")], parts)
    dealt = _levelled(sizes, chosen, parts)
    return dealt, int(np.ptp(np.bincount(dealt, sizes, minlength=parts)))


def _to_the_lightest(sizes: Indices, order: Indices, parts: int) -> Indices:
    """The part of each group of these sizes (G,), taken in this order (G,)."""
    lightest = [(0, part) for part in range(parts)]
    heapify(lightest)
    chosen = np.empty(len(sizes), dtype=np.int64)
    for group in order.tolist():
        total, part = lightest[0]
        chosen[group] = part
        heapreplace(lightest, (total + int(sizes[group]), part))
    return chosen


def _levelled(sizes: Indices, chosen: Indices, parts: int) -> Indices:
    """The part (G,) of each group after exchanges between the largest and the smallest part."""
    chosen = chosen.copy()
    while True:
        totals = np.bincount(chosen, sizes, minlength=parts).astype(np.int64)
        large, small = int(totals.argmax()), int(totals.argmin())
        gap = int(totals[large] - totals[small])
        given, taken = _best_exchange(
            sizes, np.flatnonzero(chosen == large), np.flatnonzero(chosen == small), gap
        )
        if given is None:
            return chosen
        chosen[given] = small
        if taken is not None:
            chosen[taken] = large


def _best_exchange(sizes: Indices, large: Indices, small: Indices, gap: int) -> tuple[int | None, int | None]:
    """The group of the larger part to give, and that of the smaller to take for it, or none.

    None is given where no exchange brings the parts nearer than the gap between them.
    """
    ascending = small[np.argsort(sizes[small], kind="stable")]
    smaller = np.concatenate([[0], sizes[ascending]])  # the first: nothing is taken
    wanted = sizes[large] - gap / 2
    after = np.clip(np.searchsorted(smaller, wanted), 1, len(smaller) - 1)
    taken = np.where(wanted - smaller[after - 1] <= smaller[after] - wanted, after - 1, after)
    gaps = np.abs(gap - 2 * (sizes[large] - smaller[taken]))
    best = int(gaps.argmin())
    if gaps[best] >= gap:
        return None, None
    return int(large[best]), None if taken[best] == 0 else int(ascending[taken[best] - 1])


def _following_rows(rows: Indices, count: int, number: int) -> FoldRows:
    """Rows (M,) in the order of time, cut into count + 1 blocks: a block after all rows before it.

    The blocks that are held out have one size, the first has what remains. Source: scikit-learn's
    TimeSeriesSplit.
    """
    size = len(rows) // (count + 1)
    if size == 0:
        raise DataError(
            f"{KEY}: {counted(len(rows), 'row')} in the order of time cannot be {count} folds, each after "
            "rows to train on"
        )
    start = len(rows) - (count - number + 1) * size
    return FoldRows(np.sort(rows[:start]), np.sort(rows[start : start + size]))


def _block_among_others(rows: Indices, count: int, number: int) -> FoldRows:
    """Rows (M,) in the order of time, cut into blocks, one of which is held out.

    Sizes differ by at most a row. Source: scikit-learn's KFold without shuffling.
    """
    _refuse_fewer_rows(len(rows), count)
    blocks = np.array_split(rows, count)
    held_out = blocks.pop(number - 1)
    return FoldRows(np.sort(np.concatenate(blocks)), np.sort(held_out))


def fold_notes(rows: Indices, folds: Folds, strata: Strata | None) -> list[str]:
    """Notes on classes with fewer rows than there are folds, so that some folds are measured on none."""
    if strata is None:
        return []
    sizes = strata.sizes(rows)
    few = {name: size for name, size in sizes.items() if 1 < size < folds.count}
    return [*single_row_notes(sizes, "which trains all networks"), *_few_rows_notes(few, folds.count)]


def _few_rows_notes(sizes: Mapping[str, int], folds: int) -> list[str]:
    """A note on classes of these sizes, if there are any, which are fewer than the folds."""
    if not sizes:
        return []
    low, high = min(sizes.values()), max(sizes.values())
    rows = f"{low} to {high} rows" if high > low else f"{low} rows"
    return [f"{KEY}: {classes_have(sizes)} {rows}, so some of the {folds} folds are measured on none of them"]


def single_row_notes(sizes: Mapping[str, int], what: str) -> list[str]:
    """A note on the classes of these sizes that have a single row, if there are any, and what that does."""
    single = [name for name, size in sizes.items() if size == 1]
    return [f"{classes_have(single)} a single row, {what}"] if single else []
