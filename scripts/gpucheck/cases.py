"""The networks that are timed, and their rows: random numbers of the right shapes, equal for all sides."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RATE, BETA1, BETA2, EPSILON, NORM_EPSILON, NORM_MOMENTUM = 1e-3, 0.9, 0.999, 1e-8, 1e-5, 0.1


@dataclass(frozen=True)
class Case:
    """Members of a network with these widths, relu and Adam; a turn takes `steps` steps of `batch` rows.

    One output stands for two classes.
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
    Case("A", MNIST, 128, 468),  # all the rows of MNIST: memory is judged by it
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
    """All cases; quick ones take few steps and have few members, to try the script itself."""
    if not quick:
        return list(CASES)
    small = [replace(one, steps=4, members=min(one.members, 8)) for one in CASES if one.batch < 1000]
    return [*small, replace(CASES[-2], steps=1)]


def drawn(case: Case) -> tuple[Array, Array]:
    """Rows x (N, D) float32, normal, and labels y (N,) int32 that a random linear map gives them."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((case.rows, case.widths[0]), dtype=np.float32)
    teacher = generator.standard_normal((case.widths[0], case.classes), dtype=np.float32)
    return x, (x @ teacher).argmax(axis=1).astype(np.int32)
