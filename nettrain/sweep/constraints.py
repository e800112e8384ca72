"""Constraints on the figures of trials: which a trial breaks, and by how much."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nettrain.experiment.sweep_goals import FigureBounds

DIGITS = 6  # of a figure that is no whole number


@dataclass(frozen=True)
class Constraint:
    """A figure of a trial, and what it must not exceed, or fall below."""

    figure: str
    at_most: float | None = None
    at_least: float | None = None

    def excess(self, value: float) -> float:
        """How far a value lies beyond the limit, as a share of the limit; 0 where it keeps to it."""
        if math.isnan(value):
            return math.inf
        above = 0.0 if self.at_most is None else _share(value - self.at_most, self.at_most)
        below = 0.0 if self.at_least is None else _share(self.at_least - value, self.at_least)
        return max(above, below)

    def broken_by(self, value: float) -> str:
        """How a value breaks it, such as `parameters 4963 > 2000`; "" where it does not."""
        if self.excess(value) <= 0:
            return ""
        if math.isnan(value):
            return f"{self.figure} nan"
        if self.at_most is not None and value > self.at_most:
            return f"{self.figure} {plain(value)} > {plain(self.at_most)}"
        return f"{self.figure} {plain(value)} < {plain(self.at_least or 0.0)}"

    @property
    def limits(self) -> tuple[float, ...]:
        """Its limits, the lower first."""
        return tuple(limit for limit in (self.at_least, self.at_most) if limit is not None)


def constraints_of(bounds: Mapping[str, FigureBounds]) -> tuple[Constraint, ...]:
    """The constraints of a search, by the name of their figure."""
    return tuple(Constraint(name, one.at_most, one.at_least) for name, one in bounds.items())


def broken(constraints: Sequence[Constraint], figures: Mapping[str, float]) -> list[str]:
    """How figures break constraints; what has not been measured breaks none."""
    known = (one.broken_by(figures[one.figure]) for one in constraints if one.figure in figures)
    return [text for text in known if text]


def excesses(
    constraints: Sequence[Constraint], figures: Mapping[str, float], *, untrained: bool
) -> tuple[float, ...]:
    """How far each constraint is broken, as `excess` has it.

    Where a figure is missing infinitely, unless the trial was not trained, since it breaks another one.
    """
    missing = 0.0 if untrained else math.inf
    return tuple(one.excess(figures[one.figure]) if one.figure in figures else missing for one in constraints)


def plain(value: float) -> str:
    """A figure without separators: a whole number in full, others to six digits."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else f"{value:.{DIGITS}g}"


def _share(distance: float, limit: float) -> float:
    """A distance beyond the limit as a share of it, of the limit 0 the distance itself."""
    return max(distance / (abs(limit) or 1.0), 0.0)
