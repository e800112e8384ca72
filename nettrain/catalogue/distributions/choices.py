"""Distributions over values that are listed."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from nettrain.catalogue.distributions.base import Distribution, distributions, refuse
from nettrain.catalogue.settings import option


class Choices(Distribution):
    """One of a list of values."""

    ordered: ClassVar[bool] = False

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

    def count(self) -> int:
        return len(self.values)

    def choices(self) -> list[object]:
        likely = self.probabilities or [1.0] * len(self.values)
        return [value for value, probability in zip(self.values, likely, strict=True) if probability > 0]


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

    ordered: ClassVar[bool] = False

    value: object = Field(description="the value")

    def draw(self, u: float) -> object:
        return self.value

    def steps(self) -> list[object]:
        return [self.value]

    def count(self) -> int:
        return 1
