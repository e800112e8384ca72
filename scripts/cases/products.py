"""The matrix products of a step and nothing else, by NumPy's BLAS into arrays that exist already."""

from collections.abc import Callable
from functools import partial

import numpy as np
from peers.problem import Array

from cases.case import Case
from cases.orders import initial_weights


class Trainer:
    """The products of a step on one batch of rows: it learns nothing."""

    def __init__(self, case: Case, x: Array, y: Array) -> None:
        self.case = case
        self.calls = step_products(np.stack([x[: case.batch]] * case.members), initial_weights(case))

    def begin(self) -> None:
        """Nothing changes."""

    def train(self) -> float:
        from time import perf_counter

        started = perf_counter()
        for _ in range(self.case.steps * self.case.epochs):
            for call in self.calls:
                call()
        return perf_counter() - started

    def loss(self) -> float:
        return float("nan")


def step_products(x: Array, weights: list[Array]) -> list[Callable[[], object]]:
    """Forward a = x·w; back the gradient xᵀ·δ of each weight, and δ·wᵀ for all layers but the first."""
    calls: list[Callable[[], object]] = []
    generator = np.random.default_rng(0)
    for index, w in enumerate(weights):
        outputs = np.zeros((*x.shape[:2], w.shape[2]), np.float32)
        delta = generator.normal(0, 1e-2, outputs.shape).astype(np.float32)
        calls.append(partial(np.matmul, x, w, out=outputs))
        calls.append(partial(np.matmul, x.swapaxes(1, 2), delta, out=np.zeros_like(w)))
        if index:
            calls.append(partial(np.matmul, delta, w.swapaxes(1, 2), out=np.zeros_like(x)))
        x = generator.normal(0, 1, outputs.shape).astype(np.float32)
    return calls
