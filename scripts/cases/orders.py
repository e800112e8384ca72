"""What sides have in common: the initial weights, the orders of the rows, and the clock."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from peers.problem import Array

from cases.case import Case


class Orders:
    """New orders of all rows, one for each member."""

    def __init__(self, case: Case) -> None:
        self.case, self.generator = case, np.random.default_rng(1)

    def epoch(self) -> Array:
        """The rows of each step of an epoch (T, R, B)."""
        case = self.case
        orders = [self.generator.permutation(case.rows) for _ in range(case.members)]
        return np.stack([order.reshape(case.steps, case.batch) for order in orders], axis=1)

    def timed(self, epoch: Callable[[Array], object], finish: Callable[[], object]) -> float:
        """The seconds that the epochs of a turn take, their orders included."""
        started = perf_counter()
        for _ in range(self.case.epochs):
            epoch(self.epoch())
        finish()
        return perf_counter() - started


def initial_weights(case: Case) -> list[Array]:
    """A matrix (R, m, n) float32 per layer, of variance 2/m for relu (He et al. 2015) and else 1/m."""
    generator, gain = np.random.default_rng(0), 2 if case.activation == "relu" else 1
    return [
        generator.normal(0, (gain / m) ** 0.5, (case.members, m, n)).astype(np.float32)
        for m, n in case.products
    ]
