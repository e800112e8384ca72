"""What a schedule is, and the clocks that they go by.

Conventions: α₀ `base` (R, 1); `clock` (T,) counts steps or epochs from 0 since warmup ended; `length` is the
run's length in the same unit. `rate(s, base, clock, length)` -> (R, T), host float64, `s` holds (R, 1).
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

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
    timeless: ClassVar[bool] = False  # no time enters the rate, so that there is no clock to choose

    @model_validator(mode="after")
    def _some_clock(self) -> Self:
        if self.timeless and self.per != "auto":
            text = f"{self.per} does nothing for {self.name}, which goes by no clock"
            raise PydanticCustomError("elsewhere", "{text}", {"text": text, "path": ("schedule", "per")})
        return self

    def warmup_steps(self, calendar: Calendar) -> int:
        """Steps of warmup: a share of all steps below 1, otherwise epochs."""
        if self.warmup < 1:
            return round(self.warmup * calendar.steps)
        return round(self.warmup * calendar.steps_per_epoch)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        """The rate (R, T) at these times."""
        raise NotImplementedError

    @staticmethod
    def moved(s: Any, clock: Times, length: float) -> Times | None:
        """The momentum (R, T) that goes with the rate, where the schedule moves it."""
        return None


class Lasting(Schedule):
    """A schedule that gets to its end after τ."""

    duration: float | None = number(None, "length τ in the clock's unit; default: the run after warmup", gt=0)


def share(s: Any, clock: Times, length: float) -> Times:
    """How much of τ has passed, 1 from its end on."""
    duration = max(length, 1) if s.duration is None else s.duration
    return np.minimum(clock / duration, 1.0)


def rates(schedule: Schedule, s: Any, base: Times, steps: Times, calendar: Calendar) -> Times:
    """The rate of each member (R,) at each step (T,) of a run, warmup included: (R, T)."""
    warmup = schedule.warmup_steps(calendar)
    after = type(schedule).rate(s, base, *_clock(schedule, steps, calendar))
    if warmup == 0:
        return after
    return np.where(steps < warmup, base * (steps + 1) / warmup, after)


def momenta(schedule: Schedule, s: Any, steps: Times, calendar: Calendar) -> Times | None:
    """The momentum (R, T) that the schedule gives the rule at each step (T,), if it moves any."""
    return type(schedule).moved(s, *_clock(schedule, steps, calendar))


def length_of(schedule: Schedule, calendar: Calendar) -> float:
    """How long the run is after warmup, in the unit of the schedule's clock."""
    steps = calendar.steps - schedule.warmup_steps(calendar)
    return steps / calendar.steps_per_epoch if _unit(schedule) == "epoch" else steps


def _clock(schedule: Schedule, steps: Times, calendar: Calendar) -> tuple[Times, float]:
    """The schedule's own time (T,) at these steps, and the run's length in its unit."""
    clock = np.maximum(steps - schedule.warmup_steps(calendar), 0)
    if _unit(schedule) == "epoch":
        clock = np.floor(clock / calendar.steps_per_epoch)
    return clock, length_of(schedule, calendar)


def _unit(schedule: Schedule) -> str:
    return schedule.clock if schedule.per == "auto" else schedule.per
