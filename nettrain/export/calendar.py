"""The parts of a date in arithmetic: year, month, day of week and hour of seconds since 1970.

Source of the conversion of days to dates: Hinnant 2013, chrono-compatible low-level date algorithms. Every
number is whole and below 2^53, so that float64 computes it exactly.
"""

from collections.abc import Callable, Mapping

import numpy as np

from nettrain.backend.base import Array
from nettrain.export.traced import Traced, named

DAY, HOUR = 86_400.0, 3_600.0  # seconds
ERA = 146_097.0  # days of 400 years


def component(name: str, seconds: Array, first: float) -> Array:
    """One number of each date (N,): a component of `data.columns.dates`; `first` is the first date."""
    if name == "days":
        return (seconds - first) / DAY
    return COMPONENTS[name](seconds)


def _called(name: str, array: Array) -> Array:
    """The array, whose node has this name where it is symbolic."""
    return named(array, name) if isinstance(array, Traced) else array


def _day(seconds: Array) -> Array:
    """Days since 1970-01-01."""
    return _called("day", np.floor(seconds / DAY))


def _hour(seconds: Array) -> Array:
    return np.floor((seconds - _day(seconds) * DAY) / HOUR)


def _weekday(seconds: Array) -> Array:
    """1 is Monday; the first day was a Thursday."""
    day = _called("day from monday", _day(seconds) + 3.0)
    return day - 7.0 * np.floor(day / 7.0) + 1.0


def _year_from_march(seconds: Array) -> tuple[Array, Array]:
    """The year that begins in March, and the day of it, from 0."""
    day = _called("day from march 0", _day(seconds) + 719_468.0)  # since 0000-03-01
    era = _called("era", np.floor(day / ERA))
    of_era = _called("day of era", day - era * ERA)
    leap = np.floor(of_era / 1_460.0) - np.floor(of_era / 36_524.0) + np.floor(of_era / 146_096.0)
    year = _called("year of era", np.floor((of_era - _called("leap days", leap)) / 365.0))
    of_year = of_era - (365.0 * year + np.floor(year / 4.0) - np.floor(year / 100.0))
    return year + era * 400.0, of_year


def _month_from_march(seconds: Array) -> Array:
    """0 is March."""
    _, day = _year_from_march(seconds)
    return _called("month from march", np.floor((5.0 * day + 2.0) / 153.0))


def _month(seconds: Array) -> Array:
    month = _month_from_march(seconds)
    return month + np.where(month < 10.0, 3.0, -9.0)


def _year(seconds: Array) -> Array:
    year, _ = _year_from_march(seconds)
    return year + np.where(_month_from_march(seconds) < 10.0, 0.0, 1.0)


COMPONENTS: Mapping[str, Callable[[Array], Array]] = {
    "year": _year,
    "month": _month,
    "day of week": _weekday,
    "hour": _hour,
}
