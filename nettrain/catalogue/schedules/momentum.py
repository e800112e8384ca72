"""Momentum schedules: the rule's momentum μ as a function of the step.

Conventions: μ `base` (R, 1) is the rule's own number; `steps` (T,) count from 0; `length` is the run's length
in steps. `value(base, steps, length)` -> (R, T), float64 on the host; the numbers of an entry are floats, or
arrays (R, 1) in the settings of R members.
"""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import number

momentum_schedules: Registry["MomentumSchedule"] = Registry("momentum schedule")


class MomentumSchedule(Variant):
    """A momentum over time."""

    def value(self, base: Floats, steps: Floats, length: float) -> Floats:
        """The momentum (R, T) at these steps."""
        raise NotImplementedError


@momentum_schedules.register("constant")
class ConstantMomentum(MomentumSchedule):
    """μ throughout."""

    def value(self, base: Floats, steps: Floats, length: float) -> Floats:
        return base + np.zeros_like(steps)


@momentum_schedules.register("linear")
class LinearMomentum(MomentumSchedule):
    """(1-j/τ)·μ + (j/τ)·end in step j, then end.

    Little momentum while the direction still changes, more later.
    """

    end: float = number(0.99, "the last momentum", ge=0, lt=1)
    duration: float | None = number(None, "length τ in steps; default: the whole run", gt=0)

    def value(self, base: Floats, steps: Floats, length: float) -> Floats:
        done = np.minimum(steps / (max(length, 1) if self.duration is None else self.duration), 1.0)
        return (1 - done) * base + done * self.end


@momentum_schedules.register("sutskever", source="Sutskever et al. 2013, eq. 5")
class SutskeverMomentum(MomentumSchedule):
    """min(1 - 2^{-1-log₂(⌊j/every⌋+1)}, μ) in step j: from 0.5 up to the rule's own momentum.

    Made for nesterov with a momentum of 0.99 or more.
    """

    every: float = number(250, "steps after which it rises", gt=0)

    def value(self, base: Floats, steps: Floats, length: float) -> Floats:
        return np.minimum(1 - 0.5 / (np.floor(steps / self.every) + 1), base)
