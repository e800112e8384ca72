"""Distributions of a random search, with the names and meanings of Weights & Biases.

Conventions: `draw(u)` is the value at u, drawn uniformly from (0, 1), so that a value costs one number and is
a function of it; `steps()` are all possible values where they can be counted (a grid goes through them),
one after another, as their `count()` may be more than memory holds; `ends()` are the extreme ones, which are
tried on an experiment before the first trial; `position(value)` is where a value lies in its range, from 0 to
1 on the distribution's own scale; `share(value)` is the u at which a value is drawn, in the middle where
several u draw it. Values are whatever the experiment file takes at that key: numbers, text, lists or blocks.
Source of the names: docs.wandb.ai, "Sweep configuration options".
"""

import math
from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, cast

from pydantic import Field
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import expects

BISECTIONS = 48  # of u, to a few times its rounding error

distributions: Registry["Distribution"] = Registry("distribution")

Step = Annotated[Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0)], expects("a number above 0")]


class Distribution(Variant):
    """How the values of one parameter are drawn.

    `log` says that its scale is one of ratios, `ordered` that its values are numbers along a scale, which
    `share` finds again; others are `choices`.
    """

    log: ClassVar[bool] = False
    ordered: ClassVar[bool] = True

    def draw(self, u: float) -> object:
        """The value at u, 0 < u < 1."""
        raise NotImplementedError

    def steps(self) -> Iterable[object] | None:
        """All values in order, or None where they cannot be counted."""
        return None

    def count(self) -> int | None:
        """How many values there are, or None where they cannot be counted."""
        return None

    def ends(self) -> list[object]:
        """Extreme values: an experiment that takes these takes all."""
        return [*(self.steps() or ())]

    def position(self, value: object) -> float | None:
        """Where a value lies between the least (0) and the greatest (1); None where there is no order."""
        return None

    def share(self, value: object) -> float | None:
        """The u in the middle of those at which a number is drawn, or 0 or 1 beyond the range.

        None of what is no number. Found by bisection, as values rise with u.
        """
        if not isinstance(value, int | float) or not self.ordered:
            return None
        return (self._first(lambda drawn: drawn >= value) + self._first(lambda drawn: drawn > value)) / 2

    def _first(self, reached: Callable[[float], bool]) -> float:
        """The least u whose value has reached something, 1 where none has."""
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            if reached(cast("float", self.draw(middle))):
                high = middle
            else:
                low = middle
        return low if low == 0 else high

    def choices(self) -> list[object]:
        """The values that can be drawn, where they have no order."""
        return [*(self.steps() or ())]


def refuse(message: str) -> PydanticCustomError:
    """An error of one sentence; braces in it are text."""
    return PydanticCustomError("elsewhere", "{message}", {"message": message})


def multiple(q: float, k: int) -> float:
    """k·q: a whole number when q is written as one, else without the last digits' rounding error."""
    return k * q if isinstance(q, int) else float(f"{k * q:.12g}")


def nearest(q: float, value: float) -> int:
    """The k for which k·q is nearest to a value; halves go up."""
    return math.floor(value / q + 0.5)
