"""What is timed: networks, and how they train. A case is one entry of CASES; every side reads it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

FASTER = ("jax", "torch")


@dataclass(frozen=True)
class Ask:
    """At most this share of the time of a library, or of the fastest of several."""

    share: float
    of: tuple[str, ...] = FASTER


@dataclass(frozen=True)
class Case:
    """Networks of these widths, trained by Adam in float32 on so many full batches per epoch.

    Hidden layers are dense, then normalized over the batch if `norm`, then activated, then dropped out.
    """

    widths: tuple[int, ...]
    batch: int
    table: str  # where its rows are from, a name in `tables.TABLES`
    steps: int  # in an epoch
    epochs: int  # in a turn
    ask: Ask
    activation: str = "relu"
    dropout: float = 0.0
    norm: bool = False
    rate: float = 1e-3
    members: int = 1  # networks that train side by side, each with an order of the rows of its own
    busy: int = 0  # other processes that compute meanwhile

    @property
    def rows(self) -> int:
        """Training rows, each of them once in an epoch."""
        return self.steps * self.batch

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """Inputs and outputs of each layer."""
        return tuple(pairwise(self.widths))

    @property
    def title(self) -> str:
        """What tables call it."""
        what = f"{'-'.join(map(str, self.widths))}, batch {self.batch}, {self.table}"
        if self.members > 1:
            what = f"{self.members} × {what}"
        if self.dropout:
            what += f", dropout {self.dropout}"
        if self.norm:
            what += ", batch norm"
        return what + (", beside a busy process" if self.busy else "")

    def experiment(self, data: Mapping[str, Any], epochs: int) -> dict[str, Any]:
        """The experiment file of nettrain, with this `data` block."""
        model: dict[str, Any] = {"hidden": list(self.widths[1:-1]), "activation": self.activation}
        if self.norm:
            model["norm"] = "batch"
        if self.dropout:
            model["dropout"] = self.dropout
        training = {"epochs": epochs, "batch_size": self.batch}
        if self.members > 1:
            training["ensemble"] = self.members
        optimizer = {"name": "adam", "learning_rate": self.rate}
        blocks = {"data": dict(data), "model": model, "optimizer": optimizer, "training": training}
        return {"experiment": "case", **blocks}


CASES = {
    "A": Case((784, 512, 512, 10), 128, "mnist", 429, 1, Ask(0.85)),
    "B": Case((784, 100, 10), 200, "mnist", 275, 3, Ask(0.5, ("jax",))),
    "C": Case((784, 256, 256, 10), 64, "mnist", 859, 1, Ask(0.85)),
    "D": Case((14, 64, 64, 2), 64, "adult", 500, 3, Ask(0.5, ("jax",))),
    "E": Case((4, 16, 3), 16, "iris", 7, 100, Ask(0.35, ("jax",)), activation="tanh", rate=1e-2),
    "F": Case((784, 512, 512, 10), 128, "mnist", 429, 1, Ask(0.85), dropout=0.5, norm=True),
    "G": Case((784, 1024, 1024, 1024, 10), 256, "mnist", 60, 1, Ask(0.85)),
    "H": Case((64, 64, 32, 10), 64, "digits", 51, 20, Ask(0.5, ("jax",))),
    "eight": Case((784, 512, 512, 10), 128, "mnist", 80, 1, Ask(0.85, ("jax",)), members=8),
    "busy": Case((784, 512, 512, 10), 128, "mnist", 100, 1, Ask(1.0, ("jax",)), busy=1),
}


@dataclass(frozen=True)
class Command:
    """A training from the start of a process to a model on disk."""

    case: str  # whose network is trained
    table: str  # a file that is built in
    epochs: int


COMMANDS = {
    "iris": Command("E", "iris/iris.data", 100),
    "digits": Command("H", "optdigits/optdigits.tra.gz", 60),
}
