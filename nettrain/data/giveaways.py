"""Columns that give the target away: alone they tell it, in a way that chance cannot explain.

Such a column is often a copy of the target, or made from it, and unknown when predictions are wanted. The
cost is linear in the cells of a sample of rows, but for the sorting of each column.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.data.columns.categories import CategoryColumn, categories_in
from nettrain.data.columns.encoding import Encoder, columns_text
from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.arrays import AnyArray, Floats, Indices, Mask, Numbers
from nettrain.data.tables.spaced import spaced

CELLS = 1_000_000  # of inputs that are examined, in rows at even distances
FEW_ROWS = 20  # which chance may explain
CHANCE = 1e-6  # that a column gives the target away, over all columns
MOST_VALUES = 20  # of a number that a category may tell
SAME = 1e-4  # by how much a correlation may fall short of 1,
EXACT = 1e-6  # and that with a sum of columns
MOST_COLUMNS = 200  # of which some may add up to the target,
MOST_ADDENDS = 4  # but no more than these
CLASSES = "alone tells the classes apart"
ALONE = 'alone tells "{name}"'
GAPS = "{reason}, by its gaps"
COPY = 'is "{name}" in another unit'
ORDER = 'has the order of "{name}"'
SUM = 'one of a few columns that add up to "{name}"'
ADVICE = "is it known before the target is? data.columns.ignore leaves it out"


def giveaway_notes(preprocessing: Preprocessing, train: Rows) -> list[str]:
    """Notes on the columns that give the target away in the training rows, one for each reason."""
    columns: dict[str, list[str]] = {}
    for name, reason in giveaways(preprocessing, train).items():
        columns.setdefault(reason, []).append(name)
    return [f"{columns_text(names)}: {reason}; {ADVICE}" for reason, names in columns.items()]


def giveaways(preprocessing: Preprocessing, train: Rows) -> dict[str, str]:
    """The columns that give the target away, each with a reason; none where there is a single column."""
    encoders = preprocessing.encoders
    if len(encoders) < 2 or len(train.y) < FEW_ROWS:
        return {}
    x, y = sampled(train)
    reasons: dict[str, str] = {}
    for matches, reason in _reasons(preprocessing, encoders, x, y):
        reasons |= {
            encoders[k].name: reason for k in np.flatnonzero(matches) if encoders[k].name not in reasons
        }
    return reasons


def sampled(train: Rows) -> tuple[Numbers, Numbers]:
    """Inputs and targets of all rows or, of large data, of rows at even distances."""
    rows = max(FEW_ROWS, CELLS // train.x.shape[1])
    if rows >= len(train.y):
        return train.x, train.y
    chosen = spaced(len(train.y), rows)
    return train.x[chosen], train.y[chosen]


def _reasons(
    preprocessing: Preprocessing, encoders: Sequence[Encoder], x: Numbers, y: Numbers
) -> Iterator[tuple[Mask, str]]:
    """Which columns give a target away, for each target and way."""
    columns = SortedColumns.of(encoders, x)
    for k, name in enumerate(preprocessing.target_names):
        if preprocessing.target_kind == "numbers":
            numbers = y[:, k].astype(np.float64)
            yield columns.matching(is_linear, numbers), COPY.format(name=name)
            yield columns.matching(is_monotone, numbers), ORDER.format(name=name)
            yield are_addends(columns, numbers), SUM.format(name=name)
            codes = np.unique(numbers, return_inverse=True)[1]
            if codes.max() < MOST_VALUES:
                yield columns.matching(tells_classes, codes), ALONE.format(name=name)
        else:
            classes = (y if y.ndim == 1 else y[:, k]).astype(np.int64)
            reason = CLASSES if y.ndim == 1 else ALONE.format(name=name)
            yield columns.matching(tells_classes, classes), reason
            yield columns.matching_gaps(classes), GAPS.format(reason=reason)


@dataclass(frozen=True, eq=False)
class SortedColumns:
    """The first input of each column (N, C), of categories the number of the category, in sorted order.

    `order` (N, C) sorts each column, `steps` (N-1, C) says where sorted values differ, and `gaps` has the
    rows (N,) without a value by column, of columns of numbers that mark them.
    """

    values: Numbers
    order: Indices
    steps: Mask
    gaps: Mapping[int, Mask]

    @staticmethod
    def of(encoders: Sequence[Encoder], x: Numbers) -> "SortedColumns":
        """The columns of inputs x (N, D)."""
        starts = np.cumsum([0, *(len(one.kinds) for one in encoders)])
        values, gaps = x[:, starts[:-1]], {}
        for k, encoder in enumerate(encoders):
            if isinstance(encoder, CategoryColumn):
                values[:, k] = categories_in(x[:, starts[k] : starts[k + 1]])
            elif encoder.marked:
                gaps[k] = x[:, starts[k + 1] - 1] > 0
        return SortedColumns.sorted(values, gaps)

    @staticmethod
    def sorted(values: Numbers, gaps: Mapping[int, Mask] | None = None) -> "SortedColumns":
        """The columns (N, C) themselves."""
        order = np.argsort(values, axis=0, kind="stable")
        in_order = np.take_along_axis(values, order, axis=0)
        return SortedColumns(values, order, in_order[1:] != in_order[:-1], gaps or {})

    def matching(self, test: Callable[["SortedColumns", AnyArray], Mask], y: AnyArray) -> Mask:
        """Which columns pass a test for targets y (N,), by the rows in which they have a value."""
        matches = test(self, y)
        for column, gap in self.gaps.items():
            if np.count_nonzero(~gap) >= FEW_ROWS:
                alone = SortedColumns.sorted(self.values[~gap, column : column + 1])
                matches[column] = test(alone, y[~gap])[0]
        return matches

    def matching_gaps(self, classes: Indices) -> Mask:
        """Which columns have gaps that tell the classes (N,) apart."""
        matches = np.zeros(self.values.shape[1], dtype=bool)
        if self.gaps:
            gaps = np.stack(list(self.gaps.values()), axis=1).astype(np.float64)
            matches[list(self.gaps)] = tells_classes(SortedColumns.sorted(gaps), classes)
        return matches


def tells_classes(columns: SortedColumns, y: AnyArray) -> Mask:
    """Which columns have but one class y (N,) for each value, or one range of values for each class.

    Only those of which chance would make none.
    """
    _, y, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return np.zeros(columns.values.shape[1], dtype=bool)
    classes, steps = y[columns.order], columns.steps
    changes = classes[1:] != classes[:-1]
    pure = ~(changes & ~steps).any(axis=0)
    limit = np.log(CHANCE / columns.values.shape[1])
    matches = pure & (changes.sum(axis=0) == len(counts) - 1)
    if _log_chance_of_ranges(counts) > limit:
        matches[:] = False
    recurring = 2 * steps.sum(axis=0) < len(y)  # values that occur once prove nothing
    for column in np.flatnonzero(pure & recurring & ~matches):
        matches[column] = _log_chance_of_values(steps[:, column], counts) < limit
    return np.asarray(matches)


def _log_chance_of_ranges(counts: Indices) -> float:
    """The logarithm of how likely rows in random order have all classes in one piece: K!·Πn_k!/N!."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, counts.sum() + 1)))])
    return float(factorials[len(counts)] + factorials[counts].sum() - factorials[counts.sum()])


def _log_chance_of_values(steps: Mask, counts: Indices) -> float:
    """The logarithm of how likely every value has but one class; `steps` says where sorted values differ."""
    sizes = np.diff(np.concatenate([[0], np.flatnonzero(steps) + 1, [len(steps) + 1]]))
    size, times = np.unique(sizes, return_counts=True)
    shares = counts / counts.sum()
    return float((times * np.log((shares[:, None] ** size).sum(axis=0))).sum())


def is_linear(columns: SortedColumns, y: AnyArray) -> Mask:
    """Which columns are the numbers y (N,) but for their unit and zero, in at least FEW_ROWS values."""
    x = columns.values - columns.values.mean(axis=0, dtype=np.float64)
    z = np.asarray(y, dtype=np.float64)
    z = z - z.mean()
    size = np.sqrt((x * x).sum(axis=0) * (z * z).sum())
    near = np.abs((x * z[:, None]).sum(axis=0)) >= (1 - SAME) * size
    return np.asarray((size > 0) & near & (columns.steps.sum(axis=0) >= FEW_ROWS))


def is_monotone(columns: SortedColumns, y: AnyArray) -> Mask:
    """Which columns rise or fall with the numbers y (N,) everywhere, in at least FEW_ROWS steps."""
    rise = np.diff(np.asarray(y, dtype=np.float64)[columns.order], axis=0)
    rises = ((rise > 0) == columns.steps).all(axis=0) & (rise >= 0).all(axis=0)
    falls = ((rise < 0) == columns.steps).all(axis=0) & (rise <= 0).all(axis=0)
    return np.asarray((rises | falls) & (columns.steps.sum(axis=0) >= FEW_ROWS))


def are_addends(columns: SortedColumns, y: AnyArray) -> Mask:
    """Which few columns, each with a factor, add up to the numbers y (N,), while others have no part."""
    rows, width = columns.values.shape
    result, varying = np.zeros(width, dtype=bool), np.flatnonzero(columns.steps.any(axis=0))
    if len(varying) > min(MOST_COLUMNS, rows // 4):
        return result
    x, z = standardized(columns.values[:, varying]), standardized(np.asarray(y, dtype=np.float64)[:, None])
    factors, *_ = np.linalg.lstsq(x, z, rcond=None)
    addends = np.abs(factors[:, 0]) > np.sqrt(EXACT)
    if 2 <= np.count_nonzero(addends) <= min(MOST_ADDENDS, len(varying) - 1):
        rest = z - x[:, addends] @ np.linalg.lstsq(x[:, addends], z, rcond=None)[0]
        result[varying[addends]] = np.square(rest).mean() <= EXACT
    return result


def standardized(x: Numbers) -> Floats:
    """Columns (N, C) with mean 0 and standard deviation 1, of constant ones 0."""
    centered = x - x.mean(axis=0, dtype=np.float64)
    deviation = centered.std(axis=0)
    return np.asarray(centered / np.where(deviation > 0, deviation, 1.0))
