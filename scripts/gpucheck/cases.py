"""The networks that are timed, and random rows of the right shapes, the same for all sides."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RATE, BETA1, BETA2, EPSILON, NORM_EPSILON, NORM_MOMENTUM = 1e-3, 0.9, 0.999, 1e-8, 1e-5, 0.1


@dataclass(frozen=True)
class Case:
    """A population of networks with these widths, relu and Adam; a turn is `steps` steps of `batch` rows.

    One output means two classes.
    """

    name: str
    widths: tuple[int, ...]
    batch: int
    steps: int = 200
    members: int = 1
    dropout: float = 0.0
    batch_norm: bool = False

    @property
    def rows(self) -> int:
        """Training rows: a turn is one epoch."""
        return self.steps * self.batch

    @property
    def classes(self) -> int:
        return max(self.widths[-1], 2)

    def __str__(self) -> str:
        text = f"{'-'.join(map(str, self.widths))}, batch {self.batch}"
        text += f", dropout {self.dropout}" if self.dropout else ""
        text += ", batch norm" if self.batch_norm else ""
        return text + (f", {self.members} members" if self.members > 1 else "")


MNIST, DIGITS = (784, 512, 512, 10), (64, 64, 32, 10)
POPULATIONS = {size: f"digits x {size}" for size in (1, 64, 512)}
CASES = (
    Case("A", MNIST, 128, 468),  # as many rows as MNIST: its memory is judged
    *(Case(name, DIGITS, 64, 60, members) for members, name in POPULATIONS.items()),
    Case("B", (784, 100, 10), 200),
    Case("C", (784, 256, 256, 10), 64),
    Case("D", (108, 64, 64, 1), 64),
    Case("E", (4, 16, 3), 16),
    Case("F", MNIST, 128, dropout=0.5, batch_norm=True),
    Case("A 1024", MNIST, 1024, 100),
    Case("A 8192", MNIST, 8192, 20),
)


def cases(*, quick: bool) -> list[Case]:
    """All cases; with `quick` fewer steps and members, to try the script itself."""
    if not quick:
        return list(CASES)
    small = [replace(case, steps=4, members=min(case.members, 8)) for case in CASES if case.batch < 1000]
    return [*small, replace(CASES[-2], steps=1)]


def random_rows(case: Case) -> tuple[Array, Array]:
    """Normal rows x (N, D) float32, and labels y (N,) int32 by a random linear map."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((case.rows, case.widths[0]), dtype=np.float32)
    teacher = generator.standard_normal((case.widths[0], case.classes), dtype=np.float32)
    return x, (x @ teacher).argmax(axis=1).astype(np.int32)
