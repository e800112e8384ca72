"""The functional ANOVA of a forest, exactly: means and variances over the search space, in closed form.

The mean over a factor that is not looked at is a sum over leaves, each with the probability of its box
(Hutter, Hoos and Leyton-Brown 2014). Here the function is the mean of all trees, not one tree after the
other: what trees differ in by chance is averaged away before anything is squared.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nettrain.sweep.anova.boxes import Floats, LeafBoxes

Singles = npt.NDArray[np.float32]
BLOCK = 256  # leaves that are compared with all others at a time


class Decomposition:
    """Mean, variance and effects of the mean of several trees, over independent factors."""

    def __init__(self, boxes: LeafBoxes) -> None:
        self._boxes = boxes
        self.mean = float(boxes.weighted.sum())

    @cached_property
    def variance(self) -> float:
        """Of the whole function: the sum over all pairs of leaves of how far their boxes overlap."""
        boxes, total = self._boxes, 0.0
        values = ((boxes.values - self.mean) / boxes.trees).astype(np.float32)
        inside = [one.astype(np.float32) for one in boxes.inside]
        weighted = [
            (one * cells.masses).astype(np.float32).T
            for one, cells in zip(boxes.inside, boxes.factors, strict=True)
        ]
        for start in range(0, len(values), BLOCK):
            some, others = slice(start, start + BLOCK), slice(start + BLOCK, None)
            total += _sum_over(values, inside, weighted, some, some)
            total += 2 * _sum_over(values, inside, weighted, some, others)
        return max(total, 0.0)

    def marginal(self, factor: int) -> Floats:
        """The mean in each cell of a factor (G,), over all others."""
        boxes = self._boxes
        marginal: Floats = (boxes.weighted / boxes.shares[:, factor]) @ boxes.inside[factor]
        return marginal

    def joint_marginal(self, one: int, other: int) -> Floats:
        """The mean in each pair of cells of two factors, over all others."""
        boxes = self._boxes
        weights = boxes.weighted / (boxes.shares[:, one] * boxes.shares[:, other])
        joint: Floats = (boxes.inside[one] * weights[:, None]).T @ boxes.inside[other]
        return joint

    @cached_property
    def mains(self) -> Floats:
        """The variance of each factor's main effect, (P,)."""
        factors = self._boxes.factors
        squares = [cells.masses @ self.marginal(k) ** 2 for k, cells in enumerate(factors)]
        return np.maximum(np.array(squares) - self.mean**2, 0.0)

    def interaction(self, one: int, other: int) -> float:
        """The variance that two factors have together, beyond their main effects."""
        factors = self._boxes.factors
        square = factors[one].masses @ self.joint_marginal(one, other) ** 2 @ factors[other].masses
        return max(float(square) - self.mean**2 - float(self.mains[one] + self.mains[other]), 0.0)


def _sum_over(
    values: Singles, inside: Sequence[Singles], weighted: Sequence[Singles], some: slice, others: slice
) -> float:
    """The sum of products of values over pairs of leaves, by the probability of what their boxes share."""
    overlap = inside[0][some] @ weighted[0][:, others]
    for one, weights in zip(inside[1:], weighted[1:], strict=True):
        overlap *= one[some] @ weights[:, others]
    return float(values[some] @ overlap @ values[others])
