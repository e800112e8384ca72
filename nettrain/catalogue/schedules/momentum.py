"""Momentum schedules: the rule's momentum μ as a function of the step.

Conventions: μ `base` (R, 1) is the rule's own number; `steps` (T,) count from 0; `length` is the run's length
in steps. `value(s, base, steps, length)` -> (R, T), host float64, `s` holds (R, 1).
"""

from typing import Any

import numpy as np

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.schedules.base import Times
from nettrain.catalogue.settings import number

momentum_schedules: Registry["MomentumSchedule"] = Registry("momentum schedule")


class MomentumSchedule(Variant):
    """A momentum over time."""

    @staticmethod
    def value(s: Any, base: Times, steps: Times, length: float) -> Times:
        """The momentum (R, T) at these steps."""
        raise NotImplementedError


@momentum_schedules.register("constant")
class ConstantMomentum(MomentumSchedule):
    """μ throughout."""

    @staticmethod
    def value(s: Any, base: Times, steps: Times, length: float) -> Times:
        return base + np.zeros_like(steps)


@momentum_schedules.register("linear")
class LinearMomentum(MomentumSchedule):
    """(1-j/τ)·μ + (j/τ)·end, then end."""

    end: float = number(0.99, "the last momentum", ge=0, lt=1)
    duration: float | None = number(None, "length τ in steps; default: the whole run", gt=0)

    @staticmethod
    def value(s: Any, base: Times, steps: Times, length: float) -> Times:
        done = np.minimum(steps / (max(length, 1) if s.duration is None else s.duration), 1.0)
        return (1 - done) * base + done * s.end


@momentum_schedules.register("sutskever", source="Sutskever et al. 2013, eq. 5")
class SutskeverMomentum(MomentumSchedule):
    """min(1 - 2^{-1-log₂(⌊j/every⌋+1)}, μ): the rule's own momentum is the largest."""

    every: float = number(250, "steps after which it rises", gt=0)

    @staticmethod
    def value(s: Any, base: Times, steps: Times, length: float) -> Times:
        return np.minimum(1 - 0.5 / (np.floor(steps / s.every) + 1), base)
