"""Who is timed. A side is one entry of SIDES and the module that it names, which has a class Trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from peers.problem import Array

from cases.case import Case


class Trains(Protocol):
    """Trains a case, turn after turn; made of the case and the rows x (N, D) float32 and y (N,)."""

    def begin(self) -> None:
        """Go back to a network that has not been trained; this is not timed."""

    def train(self) -> float:
        """Train for the epochs of a turn, each in a new order; returns the seconds that its steps took."""

    def loss(self) -> float:
        """The mean loss of the training rows, without dropout; NaN when nothing is learned."""


Trainer = Callable[[Case, Array, Array], Trains]


@dataclass(frozen=True)
class Side:
    """A library or another way to spend a step."""

    label: str
    module: str
    package: str  # whose version is shown
    vectorized: bool = True  # takes cases of several members

    def takes(self, case: Case) -> bool:
        """Whether it can train the case."""
        return case.members == 1 or self.vectorized


OURS, PRODUCTS = "nettrain", "products"
SIDES = {
    OURS: Side("nettrain", "cases.with_nettrain", "nettrain"),
    "jax": Side("JAX", "cases.with_jax", "jax"),
    "torch": Side("PyTorch", "cases.with_torch", "torch", vectorized=False),
    PRODUCTS: Side("products", "cases.products", "numpy"),
}
