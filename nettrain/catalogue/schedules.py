"""Schedules: the learning rate as a function of time, for every member at once.

Conventions: α₀ `base` (R, 1); `clock` (T,) counts steps or epochs from 0 since warmup ended; `length` is the
run's length in the same unit. `rate(s, base, clock, length)` -> (R, T), host float64, `s` holds (R, 1).
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import expects, number, option

Times = Any  # float64 on the host

Warmup = Annotated[
    Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, lt=1)],
    expects("a whole number of epochs, or a share below 1"),
]

schedules: Registry["Schedule"] = Registry("schedule")


@dataclass(frozen=True)
class Calendar:
    """How steps and epochs relate in one run."""

    steps_per_epoch: int
    epochs: int

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs


class Schedule(Variant):
    """A rate over time; `warmup` raises it linearly before the schedule's own clock starts."""

    warmup: Warmup = number(0, "epochs, or a share of all steps when below 1", varies=False)
    per: Literal["auto", "step", "epoch"] = option("auto", "unit of the schedule's clock")
    clock: ClassVar[str] = "epoch"

    def warmup_steps(self, calendar: Calendar) -> int:
        """Steps of warmup: a share of all steps below 1, otherwise epochs."""
        if self.warmup < 1:
            return round(self.warmup * calendar.steps)
        return round(self.warmup * calendar.steps_per_epoch)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        """The rate (R, T) at these times."""
        raise NotImplementedError


@schedules.register("constant")
class Constant(Schedule):
    """α₀ throughout."""

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base + np.zeros_like(clock)


@schedules.register("step")
class Step(Schedule):
    """α₀·factor^⌊e/every⌋."""

    factor: float = number(0.5, "multiplies the rate", gt=0)
    every: float = number(10, "epochs between two cuts", gt=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return base * np.exp(np.floor(clock / s.every) * np.log(s.factor))


@schedules.register("cosine", source="Loshchilov & Hutter 2017, eq. 5, without restarts")
class Cosine(Schedule):
    """minimum + ½(α₀ - minimum)(1 + cos(πj/τ)), then minimum; τ is the run's length after warmup."""

    minimum: float = number(0.0, "the last rate", ge=0)
    clock = "step"

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        share = np.minimum(clock / max(length, 1), 1.0)
        return s.minimum + 0.5 * (base - s.minimum) * (1 + np.cos(np.pi * share))


def rates(schedule: Schedule, s: Any, base: Times, steps: Times, calendar: Calendar) -> Times:
    """The rate of each member (R,) at each step (T,) of a run, warmup included: (R, T)."""
    warmup = schedule.warmup_steps(calendar)
    unit = schedule.clock if schedule.per == "auto" else schedule.per
    clock = np.maximum(steps - warmup, 0)
    length: float = calendar.steps - warmup
    if unit == "epoch":
        clock = np.floor(clock / calendar.steps_per_epoch)
        length /= calendar.steps_per_epoch
    after = type(schedule).rate(s, base, clock, length)
    if warmup == 0:
        return after
    return np.where(steps < warmup, base * (steps + 1) / warmup, after)
