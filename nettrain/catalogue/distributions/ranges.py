"""Distributions of numbers between two bounds."""

import math
from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator

from nettrain.catalogue.distributions.base import Distribution, Step, distributions, multiple, nearest, refuse
from nettrain.catalogue.settings import option

ROUNDING = 1e-9  # how far a quotient of binary fractions may be from a whole number


class RangeDistribution(Distribution):
    """Values from `min` to `max`."""

    min: float = Field(description="the least")
    max: float = Field(description="the greatest")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.min >= self.max:
            raise refuse(f"an empty range, min {self.min:g} is not below max {self.max:g}")
        return self

    def ends(self) -> list[object]:
        """The values nearest to both borders."""
        return [self.draw(0.0), self.draw(1.0)]

    def position(self, value: object) -> float | None:
        if not isinstance(value, int | float):
            return None
        least, most, here = self.scaled(self.min), self.scaled(self.max), self.scaled(value)
        return (here - least) / (most - least) if most > least else None

    @classmethod
    def scaled(cls, value: float) -> float:
        """The value on the scale on which it is spread evenly."""
        return math.log(value) if cls.log else value


@distributions.register("uniform")
class UniformDistribution(RangeDistribution):
    """A number from min to max, all equally likely.

    For shares and the like, such as dropout or momentum.
    """

    def draw(self, u: float) -> object:
        return self.min + u * (self.max - self.min)


class LogRange(RangeDistribution):
    """A range on a scale of ratios: from 0.001 to 0.01 is as likely as from 0.01 to 0.1."""

    min: float = Field(description="the least", gt=0)
    log = True

    def between(self, u: float) -> float:
        """min·(max/min)^u; min and max themselves at 0 and 1."""
        if u in (0, 1):
            return float(self.max if u else self.min)
        return math.exp(math.log(self.min) + u * (math.log(self.max) - math.log(self.min)))


@distributions.register("log_uniform_values")
class LogUniformValues(LogRange):
    """A number from min to max whose logarithm is uniform.

    For numbers whose size is unknown, such as learning rates and penalties.
    """

    def draw(self, u: float) -> object:
        return self.between(u)


@distributions.register("int_uniform")
class IntUniform(RangeDistribution):
    """A whole number from min to max, both included, all equally likely.

    For counts, such as units of a layer.
    """

    min: int = Field(description="the least")
    max: int = Field(description="the greatest")

    def draw(self, u: float) -> object:
        return min(self.min + int(u * (self.max - self.min + 1)), self.max)

    def steps(self) -> Iterable[object]:
        return range(self.min, self.max + 1)

    def count(self) -> int:
        return self.max - self.min + 1

    def ends(self) -> list[object]:
        """Both borders."""
        return [self.min, self.max]


class Stepped(RangeDistribution):
    """Whole multiples of q: round(x/q)·q of a value x between min and max."""

    q: Step = option(1, "the step")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.multiples():
            raise refuse(f"an empty range, no multiple of q {self.q:g} from {self.min:g} to {self.max:g}")
        return self

    def multiples(self) -> range:
        """The k for which k·q is in the range; 0.3 is three times 0.1, whatever binary fractions say."""
        return range(math.ceil(self.min / self.q - ROUNDING), math.floor(self.max / self.q + ROUNDING) + 1)

    def rounded(self, value: float) -> float:
        """The multiple of q in the range that is nearest to a value."""
        k = self.multiples()
        return multiple(self.q, min(max(nearest(self.q, value), k[0]), k[-1]))

    def steps(self) -> Iterable[object]:
        """All multiples in the range."""
        return (multiple(self.q, k) for k in self.multiples())

    def count(self) -> int:
        multiples = self.multiples()
        return multiples.stop - multiples.start

    def ends(self) -> list[object]:
        """The least and the greatest multiple."""
        return [multiple(self.q, self.multiples()[0]), multiple(self.q, self.multiples()[-1])]


@distributions.register("q_uniform")
class QUniform(Stepped):
    """round(x/q)·q of a uniform x from min to max.

    uniform in steps, so that a grid can take all values.
    """

    def draw(self, u: float) -> object:
        return self.rounded(self.min + u * (self.max - self.min))


@distributions.register("q_log_uniform_values")
class QLogUniformValues(LogRange, Stepped):
    """round(x/q)·q of an x from min to max whose logarithm is uniform.

    For counts over a wide range, such as 16 to 1024 units.
    """

    def draw(self, u: float) -> object:
        return self.rounded(self.between(u))
