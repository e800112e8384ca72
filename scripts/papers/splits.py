"""Which rows scikit-learn's `train_test_split` takes, without needing it, and which are the latest.

What is drawn comes from NumPy's legacy generator, whose numbers do not change, in the order in which
scikit-learn draws.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Cut:
    """Indices of the rows that are kept, and of those held out, in scikit-learn's order."""

    kept: Indices
    held_out: Indices


def cut(rows: int, share: float, seed: int) -> Cut:
    """What `train_test_split(range(rows), test_size=share, random_state=seed)` returns."""
    held_out = ceil(share * rows)
    order = np.random.RandomState(seed).permutation(rows)
    return Cut(order[held_out:], order[:held_out])


def latest_cut(rows: int, share: float) -> Cut:
    """Of rows in the order of time the latest are held out; of those that are kept the latest come first."""
    held_out = ceil(share * rows)
    return Cut(np.arange(rows - held_out)[::-1], np.arange(rows - held_out, rows))


def stratified_cut(classes: npt.NDArray[Any], share: float, seed: int) -> Cut:
    """The same with `stratify=classes` (N,): each part has its share of every class."""
    generator = np.random.RandomState(seed)
    codes = np.unique(classes, return_inverse=True)[1]
    held_out = ceil(share * len(classes))
    counts = np.bincount(codes)
    kept_counts = shares_of(counts, len(classes) - held_out, generator)
    held_counts = shares_of(counts - kept_counts, held_out, generator)
    kept, held = [], []
    for code, (keep, hold) in enumerate(zip(kept_counts, held_counts, strict=True)):
        members = np.flatnonzero(codes == code)[generator.permutation(counts[code])]
        kept.append(members[:keep])
        held.append(members[keep : keep + hold])
    return Cut(*(generator.permutation(np.concatenate(parts)) for parts in (kept, held)))


def shares_of(counts: Indices, rows: int, generator: np.random.RandomState) -> Indices:
    """How many of `rows` go to classes of these `counts` (K,), in proportion to them.

    What is left after rounding down goes to the largest fractions; among equal ones it is drawn.
    """
    exact = counts / counts.sum() * rows  # in this order: fractions that are equal must also round alike
    given = np.floor(exact).astype(np.intp)
    fractions = exact - given
    for fraction in np.unique(fractions)[::-1]:
        left = rows - given.sum()
        if left == 0:
            break
        equal = np.flatnonzero(fractions == fraction)
        given[generator.choice(equal, size=min(left, len(equal)), replace=False)] += 1
    return given
