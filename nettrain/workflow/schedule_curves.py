"""Schedules of the learning rate and of momentum as curves over a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules import Reactive, Schedule, momentum_schedules, schedules
from nettrain.catalogue.schedules.base import Calendar

RUN = Calendar(steps_per_epoch=10, epochs=100)
RATE, MOMENTUM = 0.1, 0.9  # what an optimizer would be given
STANDSTILL = 30  # the epoch from which on the figure that a reactive schedule watches stays the same


@dataclass(frozen=True, eq=False)
class ScheduleCurve:
    """A schedule with its default settings: values (T,) after so many epochs (T,), and what was assumed."""

    name: str
    epochs: Floats
    values: Floats
    assumed: str = ""


def schedule_curves(names: Sequence[str] | None = None) -> list[ScheduleCurve]:
    """The learning rate from RATE on, over 100 epochs of 10 steps."""
    return [_rate_curve(schedules[name]()) for name in names or schedules]


def momentum_curves(names: Sequence[str] | None = None) -> list[ScheduleCurve]:
    """The momentum of a rule whose own is MOMENTUM, over the same run."""
    steps = np.arange(RUN.steps, dtype=np.float64)
    base = np.array([[MOMENTUM]])
    return [
        ScheduleCurve(
            name, steps / RUN.steps_per_epoch, momentum_schedules[name]().value(base, steps, RUN.steps)[0]
        )
        for name in names or momentum_schedules
    ]


def _rate_curve(schedule: Schedule) -> ScheduleCurve:
    steps, base = np.arange(RUN.steps, dtype=np.float64), np.array([[RATE]])
    epochs, assumed = steps / RUN.steps_per_epoch, ""
    if isinstance(schedule, Reactive):
        waits = np.maximum(np.floor(epochs) - STANDSTILL, 0) // schedule.patience
        schedule = schedule.with_cut(np.power(schedule.factor, waits)[None])
        assumed = f"no improvement from epoch {STANDSTILL} on"
    return ScheduleCurve(schedule.name, epochs, schedule.rates(base, steps, RUN)[0], assumed)
