"""The numbers of an experiment, other than the learning rate, that a schedule may change over time.

At each step the schedule's value, with a base of 1, multiplies the number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nettrain.catalogue.schedules import Calendar, FactorSchedule, NoSchedule, Schedule, schedules
from nettrain.experiment.document import KeyPath

if TYPE_CHECKING:
    from nettrain.experiment.settings import Experiment

STEPS, MOST_STEPS = 10, 1000  # of an epoch, and of a run, at which the factors of a schedule are looked at


@dataclass(frozen=True)
class ScheduledNumber:
    """A number, by name and in words, and the key of its schedule in a block of the experiment.

    Layers read the factor of one that is `of_layers`.
    """

    name: str
    words: str
    block: str
    key: str
    of_layers: bool = False

    @property
    def path(self) -> KeyPath:
        """The key of the schedule in an experiment file."""
        return self.block, self.key

    @property
    def dotted_key(self) -> str:
        """The key of the schedule, as users write it."""
        return f"{self.block}.{self.key}"

    @property
    def factor(self) -> str:
        """What the factor on the number is called in histories."""
        return f"{self.name}_factor"

    def setting(self, experiment: "Experiment") -> FactorSchedule:
        """The schedule, or what stands for none."""
        setting: FactorSchedule = getattr(getattr(experiment, self.block), self.key)
        return setting

    def schedule(self, experiment: "Experiment") -> Schedule | None:
        """The schedule of an experiment, or that of all its members; None without one."""
        setting = self.setting(experiment)
        return None if isinstance(setting, NoSchedule) else setting

    def with_setting(self, experiment: "Experiment", setting: FactorSchedule) -> "Experiment":
        """The experiment with this schedule instead."""
        block = getattr(experiment, self.block).model_copy(update={self.key: setting})
        return experiment.model_copy(update={self.block: block})


DROPOUT = ScheduledNumber("dropout", "dropout rates", "model", "dropout_schedule", of_layers=True)
WEIGHT_DECAY = ScheduledNumber("weight_decay", "weight decay", "training", "weight_decay_schedule")
SCHEDULED_NUMBERS = (DROPOUT, WEIGHT_DECAY)


def scheduled_numbers(experiment: "Experiment") -> list[ScheduledNumber]:
    """The numbers that a schedule changes in this experiment."""
    return [number for number in SCHEDULED_NUMBERS if number.schedule(experiment)]


def scheduled_numbers_of_layers(experiment: "Experiment") -> list[ScheduledNumber]:
    """Those among them that layers read, whose factors are on the device in every step."""
    return [number for number in scheduled_numbers(experiment) if number.of_layers]


def largest_factor(schedule: Schedule, epochs: int) -> float:
    """The largest factor of a schedule in a run of so many epochs, to within a few steps of these."""
    calendar = Calendar(STEPS, epochs)
    steps = np.linspace(0, calendar.steps, min(calendar.steps + 1, MOST_STEPS)).round()
    return float(schedule.rates(np.ones((1, 1)), steps, calendar).max())


def all_schedules(experiment: "Experiment") -> Iterator[tuple[KeyPath, Schedule]]:
    """The schedules of an experiment by key, that of the learning rate first."""
    yield ("schedule",), experiment.schedule
    for number in SCHEDULED_NUMBERS:
        schedule = number.schedule(experiment)
        if schedule is not None:
            yield number.path, schedule


def without_schedules(experiment: "Experiment") -> "Experiment":
    """The experiment with a constant learning rate, and all other numbers as they are."""
    experiment = experiment.model_copy(update={"schedule": schedules["constant"]()})
    for number in SCHEDULED_NUMBERS:
        experiment = number.with_setting(experiment, NoSchedule())
    return experiment


def with_schedules_of(experiment: "Experiment", other: "Experiment") -> "Experiment":
    """The experiment with all schedules of another one."""
    experiment = experiment.model_copy(update={"schedule": other.schedule})
    for number in SCHEDULED_NUMBERS:
        experiment = number.with_setting(experiment, number.setting(other))
    return experiment
