"""Schedules without an end: the rate stays, or falls by a law."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from nettrain.catalogue.schedules.base import Schedule, Times, schedules
from nettrain.catalogue.settings import number, option


@schedules.register("constant")
class ConstantSchedule(Schedule):
    """α₀ throughout."""

    timeless = True

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base + np.zeros_like(clock)


@schedules.register("step")
class StepDecay(Schedule):
    """α₀·factor^⌊e/every⌋."""

    factor: float = number(0.5, "multiplies the rate", gt=0)
    every: float = number(10, "epochs between two cuts", gt=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base * np.exp(np.floor(clock / s.every) * np.log(s.factor))


@schedules.register("multi_step")
class MultiStep(Schedule):
    """α₀·factor^k after k of the milestones; one that is reached counts."""

    factor: float = number(0.1, "multiplies the rate", gt=0)
    milestones: list[Annotated[float, Field(ge=0)]] = option([30.0, 60.0, 90.0], "epochs of the cuts")

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        passed = sum((clock >= milestone).astype(float) for milestone in s.milestones)
        return base * np.exp((passed + np.zeros_like(clock)) * np.log(s.factor))


@schedules.register("exponential")
class Exponential(Schedule):
    """α₀·e^{-kt}."""

    decay: float = number(0.1, "k, per epoch", ge=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base * np.exp(-s.decay * clock)


@schedules.register("inverse_time", source="Robbins & Monro 1951 ask for rates of this order")
class InverseTime(Schedule):
    """α₀/(1+kt)."""

    decay: float = number(0.1, "k, per epoch", ge=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base / (1 + s.decay * clock)


@schedules.register("inverse_scaling")
class InverseScaling(Schedule):
    """α₀/(t+1)^power."""

    power: float = number(0.5, "how fast it falls", ge=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base * np.exp(-s.power * np.log1p(clock))
