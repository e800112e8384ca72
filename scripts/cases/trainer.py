"""What the module of a side has: a class Trainer."""

from collections.abc import Callable
from typing import Protocol

from peers.problem import Array

from cases.case import Case


class Trains(Protocol):
    """Trains a case, turn after turn."""

    def begin(self) -> None:
        """Go back to a network that has not been trained; this is not timed."""

    def train(self) -> float:
        """Train for the epochs of a turn, each in a new order; returns the seconds that its steps took."""

    def loss(self) -> float:
        """The mean loss of the training rows, without dropout; NaN when nothing is learned."""


Trainer = Callable[[Case, Array, Array], Trains]  # of the rows x (N, D) float32 and their classes y (N,)
