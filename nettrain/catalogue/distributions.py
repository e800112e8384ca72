"""Distributions of a random search, with the names and meanings of Weights & Biases.

Conventions: `draw(u)` is the value at u, drawn uniformly from (0, 1), so that a value costs one number and is
a function of it; `steps()` are all possible values where they can be counted (a grid goes through them);
`ends()` are the extreme ones, which are tried on an experiment before the first trial; `position(value)` is
where a value lies in its range, from 0 to 1 on the distribution's own scale. Values are whatever the
experiment file takes at that key: numbers, text, lists or blocks.
Source of the names: docs.wandb.ai, "Sweep configuration options".
"""

import math
from collections.abc import Collection
from statistics import NormalDist
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import expects, option

distributions: Registry["Distribution"] = Registry("distribution")

ROUNDING = 1e-9  # how far a quotient of binary fractions may be from a whole number


class Distribution(Variant):
    """How the values of one parameter are drawn; `log` says that its scale is one of ratios."""

    log: ClassVar[bool] = False

    def draw(self, u: float) -> object:
        """The value at u, 0 < u < 1."""
        raise NotImplementedError

    def steps(self) -> list[object] | None:
        """All values in order, or None where they cannot be counted."""
        return None

    def ends(self) -> list[object]:
        """Extreme values: an experiment that takes these takes all."""
        return self.steps() or []

    def position(self, value: object) -> float | None:
        """Where a value lies between the least (0) and the greatest (1); None where there is no order."""
        return None


def refuse(message: str) -> PydanticCustomError:
    """An error of one sentence; braces in it are text."""
    return PydanticCustomError("elsewhere", "{message}", {"message": message})


class Choices(Distribution):
    """One of a list of values."""

    values: list[object] = Field(description="what is chosen from", min_length=1)
    probabilities: list[float] | None = option(None, "of each value; default: all the same")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.probabilities is None:
            return self
        if len(self.probabilities) != len(self.values):
            raise refuse(f"{len(self.values)} values but {len(self.probabilities)} probabilities")
        if min(self.probabilities) < 0 or abs(sum(self.probabilities) - 1) > 1e-6:
            raise refuse("probabilities must be at least 0 and add up to 1")
        return self

    def draw(self, u: float) -> object:
        if self.probabilities is None:
            return self.values[int(u * len(self.values))]
        possible = [k for k, probability in enumerate(self.probabilities) if probability > 0]
        cumulative = 0.0
        for k in possible:
            cumulative += self.probabilities[k]
            if u < cumulative:
                return self.values[k]
        return self.values[possible[-1]]  # rounding may leave the sum just below 1

    def steps(self) -> list[object]:
        return list(self.values)


@distributions.register("categorical")
class Categorical(Choices):
    """One of `values`, with equal probability unless `probabilities` are given.

    For options, such as activations or optimizers, and for numbers that should be tried as they are. A grid
    takes them all.
    """


@distributions.register("categorical_w_probabilities")
class CategoricalByProbability(Choices):
    """The same as categorical, under the name that W&B uses with probabilities."""


@distributions.register("constant")
class ConstantDistribution(Distribution):
    """Always the same value.

    Fixes a key for the whole search.
    """

    value: object = Field(description="what it always is")

    def draw(self, u: float) -> object:
        return self.value

    def steps(self) -> list[object]:
        return [self.value]


class Range(Distribution):
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
class UniformDistribution(Range):
    """A number from min to max, all equally likely.

    For shares and the like, such as dropout or momentum.
    """

    def draw(self, u: float) -> object:
        return self.min + u * (self.max - self.min)


class LogRange(Range):
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
class IntUniform(Range):
    """A whole number from min to max, both included, all equally likely.

    For counts, such as units of a layer.
    """

    min: int = Field(description="the least")
    max: int = Field(description="the greatest")

    def draw(self, u: float) -> object:
        return min(self.min + int(u * (self.max - self.min + 1)), self.max)

    def steps(self) -> list[object]:
        return list(range(self.min, self.max + 1))

    def ends(self) -> list[object]:
        """Both borders."""
        return [self.min, self.max]


Step = Annotated[Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0)], expects("a number above 0")]


def multiple(q: float, k: int) -> float:
    """k·q: a whole number when q is written as one, else without the last digits' rounding error."""
    return k * q if isinstance(q, int) else float(f"{k * q:.12g}")


def nearest(q: float, value: float) -> int:
    """The k for which k·q is nearest to a value; halves go up."""
    return math.floor(value / q + 0.5)


class Stepped(Range):
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

    def steps(self) -> list[object]:
        """All multiples in the range."""
        return [multiple(self.q, k) for k in self.multiples()]

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


class Bell(Distribution):
    """A normal distribution, or one whose logarithm is normal; it has no bounds, so any value may come."""

    mu: float = option(0.0, "the mean")
    sigma: float = option(1.0, "the standard deviation", gt=0)

    def ends(self) -> list[object]:
        """The values two standard deviations from the mean."""
        return [self.draw(NormalDist().cdf(-2)), self.draw(NormalDist().cdf(2))]

    def quantile(self, u: float) -> float:
        """The value at u under a normal distribution of mean mu and standard deviation sigma."""
        return NormalDist(self.mu, self.sigma).inv_cdf(u)


@distributions.register("normal")
class NormalDistribution(Bell):
    """A normal number with mean mu and standard deviation sigma.

    For values that are nearly known already.
    """

    def draw(self, u: float) -> object:
        return self.quantile(u)


@distributions.register("q_normal")
class QNormal(Bell):
    """round(x/q)·q of a normal x."""

    q: Step = option(1, "the step")

    def draw(self, u: float) -> object:
        return multiple(self.q, nearest(self.q, self.quantile(u)))


@distributions.register("log_normal")
class LogNormal(Bell):
    """A number whose natural logarithm is normal, with mean mu and standard deviation sigma.

    For positive numbers that are nearly known; mu and sigma are those of the logarithm.
    """

    log = True

    def draw(self, u: float) -> object:
        return math.exp(self.quantile(u))


@distributions.register("q_log_normal")
class QLogNormal(Bell):
    """round(x/q)·q of an x whose natural logarithm is normal."""

    q: Step = option(1, "the step")
    log = True

    def draw(self, u: float) -> object:
        return multiple(self.q, nearest(self.q, math.exp(self.quantile(u))))


def implied(keys: Collection[str], least: object, most: object) -> str | None:
    """The distribution that the keys of a block mean without a name; `least` and `most` are its min and
    max.
    """
    if "values" in keys:
        return "categorical"
    if "value" in keys:
        return "constant"
    if "min" in keys or "max" in keys:
        integers = all(isinstance(end, int) and not isinstance(end, bool) for end in (least, most))
        return "int_uniform" if integers else "uniform"
    return None
