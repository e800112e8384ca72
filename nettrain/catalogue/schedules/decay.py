"""Schedules without an end: the rate stays, or falls by a law."""

from typing import Annotated

import numpy as np
from pydantic import Field

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules.base import Schedule, schedules
from nettrain.catalogue.settings import number, option


@schedules.register("constant")
class ConstantSchedule(Schedule):
    """α₀ throughout."""

    timeless = True

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base + np.zeros_like(clock)


@schedules.register("step")
class StepDecay(Schedule):
    """α₀·factor^⌊e/every⌋."""

    factor: float = number(0.5, "multiplies the rate", gt=0)
    every: float = number(10, "epochs between two cuts", gt=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        factor: Floats = np.exp(np.floor(clock / self.every) * np.log(self.factor))
        return base * factor


@schedules.register("multi_step")
class MultiStep(Schedule):
    """α₀·factor^k after k of the milestones; one that is reached counts."""

    factor: float = number(0.1, "multiplies the rate", gt=0)
    milestones: list[Annotated[float, Field(ge=0)]] = option([30.0, 60.0, 90.0], "epochs of the cuts")

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        passed = sum((clock >= milestone).astype(float) for milestone in self.milestones)
        factor: Floats = np.exp((passed + np.zeros_like(clock)) * np.log(self.factor))
        return base * factor


@schedules.register("exponential")
class Exponential(Schedule):
    """α₀·e^{-kt}."""

    decay: float = number(0.1, "k, per epoch", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base * np.exp(-self.decay * clock)


@schedules.register("inverse_time", source="Robbins & Monro 1951 ask for rates of this order")
class InverseTime(Schedule):
    """α₀/(1+kt)."""

    decay: float = number(0.1, "k, per epoch", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base / (1 + self.decay * clock)


@schedules.register("inverse_scaling")
class InverseScaling(Schedule):
    """α₀/(t+1)^power."""

    power: float = number(0.5, "how fast it falls", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base * np.exp(-self.power * np.log1p(clock))
