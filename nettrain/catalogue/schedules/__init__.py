"""Schedules: the learning rate, and the momentum, as functions of time, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.schedules.base import Calendar, Reactive, Schedule, schedules
from nettrain.catalogue.schedules.factors import FactorSchedule, FactorScheduleChoice, NoSchedule
from nettrain.catalogue.schedules.momentum import MomentumSchedule, momentum_schedules

__all__ = [
    "Calendar",
    "FactorSchedule",
    "FactorScheduleChoice",
    "MomentumSchedule",
    "NoSchedule",
    "Reactive",
    "Schedule",
    "momentum_schedules",
    "schedules",
]

import_families(__name__, __path__)
