"""Columns that give the target away: alone they tell it, in a way that chance cannot explain.

Such a column is often a copy of the target, or made from it, and unknown when predictions are wanted. The
cost is linear in the cells of a sample of rows, but for the sorting of each column.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.columns.encoding import Encoder, columns_text
from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.arrays import Floats, Indices, Mask, Numbers

CELLS = 1_000_000  # of inputs that are examined, in rows at even distances
FEW_ROWS = 20  # which chance may explain
CHANCE = 1e-6  # that a column gives the target away, over all columns
SAME = 1e-6  # by how much a correlation may fall short of 1
CLASSES = "alone tells the classes apart"
LABEL = 'alone tells "{name}"'
COPY = 'is "{name}" in another unit'
ORDER = 'has the order of "{name}"'
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
    for found, reason in _reasons(preprocessing, encoders, x, y):
        reasons |= {
            encoders[k].name: reason for k in np.flatnonzero(found) if encoders[k].name not in reasons
        }
    return reasons


def sampled(train: Rows) -> tuple[Numbers, Numbers]:
    """Inputs and targets of all rows or, of large data, of rows at even distances."""
    rows = max(FEW_ROWS, CELLS // train.x.shape[1])
    if rows >= len(train.y):
        return train.x, train.y
    chosen = np.linspace(0, len(train.y) - 1, rows).astype(np.int64)
    return train.x[chosen], train.y[chosen]


def _reasons(
    preprocessing: Preprocessing, encoders: Sequence[Encoder], x: Numbers, y: Numbers
) -> Iterator[tuple[Mask, str]]:
    """Which columns give a target away, for each target and way."""
    columns = one_feature_each(encoders, x)
    if preprocessing.target_kind == "classes":
        yield tells_classes(columns, y.astype(np.int64)), CLASSES
        return
    for k, name in enumerate(preprocessing.target_names):
        if preprocessing.target_kind == "labels":
            yield tells_classes(columns, y[:, k].astype(np.int64)), LABEL.format(name=name)
        else:
            numbers = np.array([not isinstance(one, CategoryColumn) for one in encoders])
            yield numbers & is_linear(columns, y[:, k].astype(np.float64)), COPY.format(name=name)
            yield numbers & is_monotone(columns, y[:, k].astype(np.float64)), ORDER.format(name=name)


def one_feature_each(encoders: Sequence[Encoder], x: Numbers) -> Numbers:
    """The first input of each column (N, C), of categories the number of the category."""
    starts = np.cumsum([0, *(len(one.scaled) for one in encoders)])
    columns = x[:, starts[:-1]]
    for k, encoder in enumerate(encoders):
        if isinstance(encoder, CategoryColumn):
            columns[:, k] = x[:, starts[k] : starts[k + 1]].argmax(axis=1)
    return columns


def tells_classes(columns: Numbers, y: Indices) -> Mask:
    """Which columns (N, C) have but one class y (N,) in each value, or in one range of values for each class.

    Only those of which chance would make none.
    """
    _, y, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return np.zeros(columns.shape[1], dtype=bool)
    order = np.argsort(columns, axis=0, kind="stable")
    values, classes = np.take_along_axis(columns, order, axis=0), y[order]
    steps, changes = values[1:] != values[:-1], classes[1:] != classes[:-1]
    pure = ~(changes & ~steps).any(axis=0)
    limit = np.log(CHANCE / columns.shape[1])
    found = pure & (changes.sum(axis=0) == len(counts) - 1)
    if _log_chance_of_ranges(counts) > limit:
        found[:] = False
    recurring = 2 * steps.sum(axis=0) < len(y)  # values that occur once prove nothing
    for column in np.flatnonzero(pure & recurring & ~found):
        found[column] = _log_chance_of_values(steps[:, column], counts) < limit
    return np.asarray(found)


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


def is_linear(columns: Numbers, y: Floats) -> Mask:
    """Which columns (N, C) are the numbers y (N,) but for their unit and zero."""
    x, y = columns - columns.mean(axis=0, dtype=np.float64), y - y.mean()
    size = np.sqrt((x * x).sum(axis=0) * (y * y).sum())
    return np.asarray((size > 0) & (np.abs((x * y[:, None]).sum(axis=0)) >= (1 - SAME) * size))


def is_monotone(columns: Numbers, y: Floats) -> Mask:
    """Which columns (N, C) rise or fall with the numbers y (N,) everywhere, in at least FEW_ROWS steps."""
    order = np.argsort(columns, axis=0, kind="stable")
    up = np.diff(np.take_along_axis(columns, order, axis=0), axis=0) > 0
    rise = np.diff(y[order], axis=0)
    rises = ((rise > 0) == up).all(axis=0) & (rise >= 0).all(axis=0)
    falls = ((rise < 0) == up).all(axis=0) & (rise <= 0).all(axis=0)
    return np.asarray((rises | falls) & (up.sum(axis=0) >= FEW_ROWS))
