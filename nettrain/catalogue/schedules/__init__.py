"""Schedules: the learning rate, and the momentum, as functions of time for every member at once."""

from nettrain.catalogue.schedules import annealing, decay, reactive
from nettrain.catalogue.schedules.base import Calendar, Schedule, schedules
from nettrain.catalogue.schedules.momentum import MomentumSchedule, momentum_schedules
from nettrain.catalogue.schedules.reactive import Reactive

__all__ = [
    "Calendar",
    "MomentumSchedule",
    "Reactive",
    "Schedule",
    "momentum_schedules",
    "schedules",
]

_ = annealing, decay, reactive
