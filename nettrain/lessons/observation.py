"""What a lesson observes: a statement, on how many seeds it holds, and the figures that show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nettrain.backend.base import Flags, Floats


@dataclass(frozen=True)
class Observation:
    """A statement that held on `held` of `seeds` seeds, of which it needs `needed`.

    `figures` are medians over the seeds, by what they measure.
    """

    statement: str
    held: int
    seeds: int
    needed: int
    figures: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Whether it held on as many seeds as it needs."""
        return self.held >= self.needed


def observe(statement: str, held: "Flags", *, share: float = 1.0, **figures: "Floats") -> Observation:
    """An observation of what held on each seed, (S,), and of figures of each seed, (S,).

    `share` of the seeds have to hold. An underscore in the name of a figure is a blank.
    """
    import numpy as np

    medians = {name.replace("_", " "): float(np.median(values)) for name, values in figures.items()}
    needed = int(np.ceil(share * len(held) - 1e-9))
    return Observation(statement, int(np.sum(held)), len(held), needed, medians)
