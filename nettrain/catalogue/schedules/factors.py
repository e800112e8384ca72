"""What may schedule a number that is not the learning rate: a factor on it, as a function of time.

The factor at a step is the rate that a schedule would give there to a base of 1.
"""

from typing import Annotated

from nettrain.catalogue.registry import Choice, Selection, Variant
from nettrain.catalogue.schedules.base import Reactive, Schedule, schedules

factor_schedules: Selection[Variant] = Selection(
    schedules,
    lambda entry: not issubclass(entry, Reactive),
    "follows a figure, which only the schedule of the learning rate can",
)


@factor_schedules.register("none")
class NoSchedule(Variant):
    """The number stays as it is."""


FactorSchedule = Schedule | NoSchedule
FactorScheduleChoice = Annotated[FactorSchedule, Choice(factor_schedules)]
