"""Schedules: the learning rate, and the momentum, as functions of time, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.schedules.base import Calendar, Reactive, Schedule, schedules
from nettrain.catalogue.schedules.momentum import MomentumSchedule, momentum_schedules

__all__ = ["Calendar", "MomentumSchedule", "Reactive", "Schedule", "momentum_schedules", "schedules"]

import_families(__name__, __path__)
