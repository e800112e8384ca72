"""Distributions of a random search, with the names and meanings of Weights & Biases.

Conventions: `draw(s, u)` is the value at u in (0, 1), uniformly drawn, so a value costs one number and is a
function of it; `steps(s)` are all values that can come, where they can be counted (a grid goes through
them); `ends(s)` are the extreme ones, to be tried on an experiment before the first trial;
`place(s, value)` is where a value lies in its range, from 0 to 1 on the distribution's own scale.
Source of the names: docs.wandb.ai, "Sweep configuration options".
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import expects, option

distributions: Registry["Distribution"] = Registry("distribution")

DUST = 1e-9  # that binary fractions leave behind
Value = Any  # a number, text, a list or a block: whatever the experiment takes there


class Distribution(Variant):
    """How values of one parameter are drawn. `log` says that its scale is one of ratios."""

    log: ClassVar[bool] = False

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        """The value at u, 0 < u < 1."""
        raise NotImplementedError

    @staticmethod
    def steps(s: Any) -> list[Value] | None:
        """All values in order, or None where there is no end of them."""
        return None

    @classmethod
    def ends(cls, s: Any) -> list[Value]:
        """Values that an experiment must take if it takes all of them."""
        return cls.steps(s) or []

    @staticmethod
    def place(s: Any, value: Value) -> float | None:
        """Where the value lies between the least (0) and the greatest (1); None where there is no order."""
        return None


def refuse(message: str) -> PydanticCustomError:
    """An error of one sentence; braces in it are text."""
    return PydanticCustomError("elsewhere", "{message}", {"message": message})


class Choices(Distribution):
    """One of a list of values."""

    values: list[Any] = Field(description="what is chosen from", min_length=1)
    probabilities: list[float] | None = option(None, "of each value; all the same unless given")

    @model_validator(mode="after")
    def _fitting(self) -> "Choices":
        if self.probabilities is None:
            return self
        if len(self.probabilities) != len(self.values):
            raise refuse(f"{len(self.values)} values but {len(self.probabilities)} probabilities")
        if min(self.probabilities) < 0 or abs(sum(self.probabilities) - 1) > 1e-6:
            raise refuse("probabilities must be at least 0 and add up to 1")
        return self

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        if s.probabilities is None:
            return s.values[int(u * len(s.values))]
        possible = [k for k, share in enumerate(s.probabilities) if share > 0]
        reached = 0.0
        for k in possible:
            reached += s.probabilities[k]
            if u < reached:
                return s.values[k]
        return s.values[possible[-1]]  # what rounding left of 1

    @staticmethod
    def steps(s: Any) -> list[Value]:
        return list(s.values)


@distributions.register("categorical")
class Categorical(Choices):
    """One of `values`, by their probabilities where given."""


@distributions.register("categorical_w_probabilities")
class CategoricalByProbability(Choices):
    """The same under the name it has when probabilities are given."""


@distributions.register("constant")
class ConstantDistribution(Distribution):
    """Always the same value."""

    value: Any = Field(description="what it always is")

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return s.value

    @staticmethod
    def steps(s: Any) -> list[Value]:
        return [s.value]


class Range(Distribution):
    """Values from `min` to `max`."""

    min: float = Field(description="the least")
    max: float = Field(description="the greatest")

    @model_validator(mode="after")
    def _not_empty(self) -> "Range":
        if self.min >= self.max:
            raise refuse(f"an empty range, min {self.min:g} is not below max {self.max:g}")
        return self

    @classmethod
    def ends(cls, s: Any) -> list[Value]:
        """The values nearest to both borders."""
        return [cls.draw(s, 0.0), cls.draw(s, 1.0)]

    @classmethod
    def place(cls, s: Any, value: Value) -> float | None:
        least, most, here = cls.scaled(s.min), cls.scaled(s.max), cls.scaled(value)
        return (here - least) / (most - least) if most > least else None

    @classmethod
    def scaled(cls, value: float) -> float:
        """The value on the scale on which it is spread evenly."""
        return math.log(value) if cls.log else value


@distributions.register("uniform")
class UniformDistribution(Range):
    """Every number from min to max is as likely."""

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return s.min + u * (s.max - s.min)


class LogRange(Range):
    """A range on a scale of ratios: from 0.001 to 0.01 is as likely as from 0.01 to 0.1."""

    min: float = Field(description="the least", gt=0)
    log = True


def between(s: Any, u: float) -> float:
    """min·(max/min)^u, at both borders exactly."""
    if u in (0, 1):
        return float(s.max if u else s.min)
    return math.exp(math.log(s.min) + u * (math.log(s.max) - math.log(s.min)))


@distributions.register("log_uniform_values")
class LogUniformValues(LogRange):
    """The value's logarithm is uniform between those of min and max."""

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return between(s, u)


@distributions.register("int_uniform")
class IntUniform(Range):
    """Every whole number from min to max, both included, is as likely."""

    min: int = Field(description="the least")
    max: int = Field(description="the greatest")

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return min(s.min + int(u * (s.max - s.min + 1)), s.max)

    @staticmethod
    def steps(s: Any) -> list[Value]:
        return list(range(s.min, s.max + 1))

    @classmethod
    def ends(cls, s: Any) -> list[Value]:
        """Both borders."""
        return [s.min, s.max]


Step = Annotated[Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0)], expects("a number above 0")]


class Stepped(Range):
    """Whole multiples of q: round(x/q)·q of a value x between min and max."""

    q: Step = option(1, "the step")

    @model_validator(mode="after")
    def _reachable(self) -> "Stepped":
        if not reach(self):
            raise refuse(f"an empty range, no multiple of q {self.q:g} from {self.min:g} to {self.max:g}")
        return self

    @classmethod
    def steps(cls, s: Any) -> list[Value]:
        """All multiples in the range."""
        return [multiple(s, k) for k in reach(s)]

    @classmethod
    def ends(cls, s: Any) -> list[Value]:
        """The least and the greatest multiple."""
        return [multiple(s, reach(s)[0]), multiple(s, reach(s)[-1])]


def reach(s: Any) -> range:
    """Which multiples of q lie in the range; 0.3 is three times 0.1, whatever binary fractions say."""
    return range(math.ceil(s.min / s.q - DUST), math.floor(s.max / s.q + DUST) + 1)


def rounded(s: Any, value: float) -> Value:
    """The multiple of q nearest to a value, inside the range where it has borders."""
    k = math.floor(value / s.q + 0.5)
    if hasattr(s, "min"):
        k = min(max(k, reach(s)[0]), reach(s)[-1])
    return multiple(s, k)


def multiple(s: Any, k: int) -> Value:
    """k·q: a whole number when q is written as one, without the dust of binary fractions otherwise."""
    return k * s.q if isinstance(s.q, int) else float(f"{k * s.q:.12g}")


@distributions.register("q_uniform")
class QUniform(Stepped):
    """round(x/q)·q of a uniform x."""

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return rounded(s, s.min + u * (s.max - s.min))


@distributions.register("q_log_uniform_values")
class QLogUniformValues(LogRange, Stepped):
    """round(x/q)·q of an x whose logarithm is uniform."""

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return rounded(s, between(s, u))


class Bell(Distribution):
    """A normal distribution, or one whose logarithm is; no border, so any value may come."""

    mu: float = option(0.0, "the mean")
    sigma: float = option(1.0, "the standard deviation", gt=0)

    @classmethod
    def ends(cls, s: Any) -> list[Value]:
        """What two standard deviations reach."""
        return [cls.draw(s, NormalDist().cdf(-2)), cls.draw(s, NormalDist().cdf(2))]


def normal(s: Any, u: float) -> float:
    """The quantile of u under mean mu and deviation sigma."""
    return NormalDist(s.mu, s.sigma).inv_cdf(u)


@distributions.register("normal")
class NormalDistribution(Bell):
    """mean mu, standard deviation sigma."""

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return normal(s, u)


@distributions.register("q_normal")
class QNormal(Bell):
    """round(x/q)·q of a normal x."""

    q: Step = option(1, "the step")

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return rounded(s, normal(s, u))


@distributions.register("log_normal")
class LogNormal(Bell):
    """The value's natural logarithm is normal."""

    log = True

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return math.exp(normal(s, u))


@distributions.register("q_log_normal")
class QLogNormal(Bell):
    """round(x/q)·q of an x whose natural logarithm is normal."""

    q: Step = option(1, "the step")
    log = True

    @staticmethod
    def draw(s: Any, u: float) -> Value:
        return rounded(s, math.exp(normal(s, u)))


def implied(given: Sequence[str], least: object, most: object) -> str | None:
    """The distribution that keys without a name mean; `least` and `most` are the values of min and max."""
    if "values" in given:
        return "categorical"
    if "value" in given:
        return "constant"
    if "min" in given or "max" in given:
        whole = all(isinstance(end, int) and not isinstance(end, bool) for end in (least, most))
        return "int_uniform" if whole else "uniform"
    return None
