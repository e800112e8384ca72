"""What a schedule is, and the clocks that they go by.

Conventions: α₀ `base` (R, 1); `clock` (T,) counts steps or epochs from 0 since warmup ended; `length` is the
run's length in the same unit. `rate(base, clock, length)` -> (R, T), float64 on the host; the numbers of an
entry are floats, or arrays (R, 1) in the settings of R members.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from nettrain.backend.base import Floats
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Number, expects, number, option

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
    timeless: ClassVar[bool] = False  # the rate does not depend on time, so that there is no clock to choose

    @field_validator("per")
    @classmethod
    def _some_clock(cls, per: str) -> str:
        if cls.timeless and per != "auto":
            name = cls.model_fields["name"].default
            text = f"{per} does nothing for {name}, which goes by no clock"
            raise PydanticCustomError("elsewhere", "{text}", {"text": text})
        return per

    def warmup_steps(self, calendar: Calendar) -> int:
        """Steps of warmup: a share of all steps below 1, otherwise epochs."""
        if self.warmup < 1:
            return round(self.warmup * calendar.steps)
        return round(self.warmup * calendar.steps_per_epoch)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        """The rate (R, T) at these times."""
        raise NotImplementedError

    def moved(self, clock: Floats, length: float) -> Floats | None:
        """The momentum (R, T) that goes with these rates, if the schedule moves it."""
        return None

    def rates(self, base: Floats, steps: Floats, calendar: Calendar) -> Floats:
        """The rate of each member, with α₀ (R, 1), at each step (T,) of a run, warmup included: (R, T)."""
        warmup = self.warmup_steps(calendar)
        after = self.rate(base, *self._time(steps, calendar))
        if warmup == 0:
            return after
        return np.where(steps < warmup, base * (steps + 1) / warmup, after)

    def momenta(self, steps: Floats, calendar: Calendar) -> Floats | None:
        """The momentum (R, T) that the schedule gives the rule at each step (T,), if it moves any."""
        return self.moved(*self._time(steps, calendar))

    def length(self, calendar: Calendar) -> float:
        """How long the run is after warmup, in the unit of the schedule's clock."""
        steps = calendar.steps - self.warmup_steps(calendar)
        return steps / calendar.steps_per_epoch if self._unit == "epoch" else steps

    def _time(self, steps: Floats, calendar: Calendar) -> tuple[Floats, float]:
        """The schedule's own time (T,) at these steps, and the run's length in its unit."""
        clock = np.maximum(steps - self.warmup_steps(calendar), 0)
        if self._unit == "epoch":
            clock = np.floor(clock / calendar.steps_per_epoch)
        return clock, self.length(calendar)

    @property
    def _unit(self) -> str:
        return self.clock if self.per == "auto" else self.per


class Lasting(Schedule):
    """A schedule that reaches its last rate after τ."""

    duration: float | None = number(None, "length τ in the clock's unit; default: the run after warmup", gt=0)

    def progress(self, clock: Floats, length: float) -> Floats:
        """The share of τ that has passed, 1 from its end on."""
        duration = max(length, 1) if self.duration is None else self.duration
        return np.minimum(clock / duration, 1.0)


class Reactive(Schedule):
    """α₀·factor^k after k times `patience` evaluations in a row without improvement, never below `floor`.

    An improvement is one by more than min_delta. A rate that begins below the floor stays there.
    training.control.plateau counts the evaluations.
    """

    monitor: str | None = option(
        None,
        "the figure that must improve; default: the one of early stopping, or val_loss, or running_loss"
        " without validation rows",
    )
    factor: float = number(0.1, "multiplies the rate", gt=0, lt=1)
    patience: int = number(10, "evaluations in a row without improvement", ge=1)
    min_delta: float = number(1e-4, "better means by more than this", ge=0)
    floor: float = number(0.0, "no rate is cut below this", ge=0)
    timeless: ClassVar[bool] = True
    cut: ClassVar[Number] = 1.0  # the product of the cuts so far; in a run (R, 1), see `with_cut`

    def with_cut(self, cut: Floats) -> Self:
        """These settings after cuts whose product is `cut` (R, 1)."""
        return self.model_copy(update={"cut": cut})

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return np.maximum(base * self.cut, np.minimum(self.floor, base)) + np.zeros_like(clock)
