"""A forest as boxes: each leaf is a constant on a box of the search space.

Shapes: L leaves of all trees, P factors, G cells of a factor, K columns by which the trees see a factor. A
factor is cut into cells so fine that no threshold goes through one; a leaf is a product of sets of cells.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LEAF = -1  # in place of a child


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one factor: what the trees see of each (G, K), and its probability (G,)."""

    codes: Floats
    masses: Floats

    @property
    def columns(self) -> int:
        return int(self.codes.shape[1])


@dataclass(frozen=True, eq=False)
class TreeArrays:
    """A regression tree in the arrays of scikit-learn; `values` are the means of its nodes."""

    left: Integers
    right: Integers
    columns: Integers
    thresholds: Floats
    values: Floats


@dataclass(frozen=True, eq=False)
class LeafBoxes:
    """The leaves of several trees, whose mean is the function.

    `values` (L,) are theirs, `inside` says for each factor which cells (L, G) a leaf has, as 0 or 1.
    """

    values: Floats
    inside: Sequence[Floats]
    factors: Sequence[Cells]
    trees: int

    @classmethod
    def of(cls, trees: Sequence[TreeArrays], factors: Sequence[Cells]) -> "LeafBoxes":
        """The leaves of trees whose columns are those of the factors, one factor after the other."""
        joined = _joined(trees)
        lower, upper = _bounds(joined, trees, sum(one.columns for one in factors))
        leaves = joined.left == LEAF
        lower, upper = lower[leaves], upper[leaves]
        starts = np.cumsum([0, *(one.columns for one in factors)])
        inside = [
            _within(one, lower[:, start : start + one.columns], upper[:, start : start + one.columns])
            for one, start in zip(factors, starts, strict=False)
        ]
        possible = np.all([x @ one.masses > 0 for x, one in zip(inside, factors, strict=True)], axis=0)
        return cls(joined.values[leaves][possible], [x[possible] for x in inside], factors, len(trees))

    @cached_property
    def shares(self) -> Floats:
        """The probability of each leaf's cells, (L, P)."""
        return np.stack([x @ one.masses for x, one in zip(self.inside, self.factors, strict=True)], axis=1)

    @cached_property
    def weighted(self) -> Floats:
        """What each leaf adds to the mean, (L,)."""
        weighted: Floats = self.values * self.shares.prod(axis=1) / self.trees
        return weighted


def _joined(trees: Iterable[TreeArrays]) -> TreeArrays:
    """All trees as one set of nodes."""
    parts, first = [], 0
    for tree in trees:
        left = np.where(tree.left == LEAF, LEAF, tree.left + first)
        right = np.where(tree.right == LEAF, LEAF, tree.right + first)
        parts.append((left, right, tree.columns, tree.thresholds, tree.values))
        first += len(tree.left)
    return TreeArrays(*(np.concatenate(some) for some in zip(*parts, strict=True)))


def _bounds(joined: TreeArrays, trees: Sequence[TreeArrays], columns: int) -> tuple[Floats, Floats]:
    """What every node has in each column, above `lower` and up to `upper`, level by level from the roots."""
    nodes = len(joined.left)
    lower, upper = np.full((nodes, columns), -np.inf), np.full((nodes, columns), np.inf)
    level = np.cumsum([0, *(len(tree.left) for tree in trees)])[:-1]
    while len(level := level[joined.left[level] != LEAF]):
        left, right, column = joined.left[level], joined.right[level], joined.columns[level]
        for child in (left, right):
            lower[child], upper[child] = lower[level], upper[level]
        thresholds = joined.thresholds[level]
        upper[left, column] = np.minimum(upper[left, column], thresholds)
        lower[right, column] = np.maximum(lower[right, column], thresholds)
        level = np.concatenate([left, right])
    return lower, upper


def _within(factor: Cells, lower: Floats, upper: Floats) -> Floats:
    """Which cells are between the bounds in all columns of a factor."""
    inside = np.ones((len(lower), len(factor.codes)), dtype=bool)
    for k in range(factor.columns):
        codes = factor.codes[:, k]
        inside &= (lower[:, k, None] < codes) & (codes <= upper[:, k, None])
    return inside.astype(np.float64)
