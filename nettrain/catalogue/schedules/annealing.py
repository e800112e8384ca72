"""Schedules that lead from a first rate to a last one in a time τ."""

from typing import Any, ClassVar, Literal

import numpy as np

from nettrain.catalogue.schedules.base import Lasting, Schedule, Times, schedules, share
from nettrain.catalogue.settings import number, option


def eased(first: Times, last: Times, done: Times) -> Times:
    """From first to last along half a cosine, as `done` goes from 0 to 1."""
    return last + 0.5 * (first - last) * (1 + np.cos(np.pi * done))


@schedules.register("linear", source="Goodfellow et al. 2016, eq. 8.14")
class LinearSchedule(Lasting):
    """(1-j/τ)·α₀ + (j/τ)·end, then end."""

    end: float = number(0.0, "the last rate", ge=0)
    clock: ClassVar[str] = "step"

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        done = share(s, clock, length)
        return (1 - done) * base + done * s.end


@schedules.register("polynomial")
class Polynomial(Lasting):
    """α₀·(1-j/τ)^power, then 0."""

    power: float = number(2.0, "how it falls: 1 is a straight line", gt=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        with np.errstate(divide="ignore"):
            return base * np.exp(s.power * np.log1p(-share(s, clock, length)))


@schedules.register("cosine", source="Loshchilov & Hutter 2017, eq. 5, without restarts")
class Cosine(Lasting):
    """minimum + ½(α₀ - minimum)(1 + cos(πj/τ)), then minimum; τ is the run's length after warmup."""

    minimum: float = number(0.0, "the last rate", ge=0)
    clock: ClassVar[str] = "step"

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        return eased(base, s.minimum, share(s, clock, length))


@schedules.register("cosine_restarts", source="Loshchilov & Hutter 2017, eq. 5")
class CosineRestarts(Schedule):
    """Half cosines from α₀ to the minimum, one after another, each `multiplier` times as long."""

    period: float = number(10, "epochs of the first half cosine", gt=0)
    multiplier: float = number(2.0, "each is so many times as long as the one before", ge=1)
    minimum: float = number(0.0, "the rate at the end of each", ge=0)

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        # equal periods are told apart by a division, growing ones by counting: there are few
        equal = s.multiplier == 1
        start = np.where(equal, np.floor(clock / s.period) * s.period, 0.0)
        width = s.period + np.zeros_like(start)
        while (later := ~equal & (clock >= start + width)).any():
            start, width = np.where(later, start + width, start), np.where(later, width * s.multiplier, width)
        return eased(base, s.minimum, (clock - start) / width)


@schedules.register("one_cycle", source="Smith 2018; the numbers are PyTorch's")
class OneCycle(Lasting):
    """α₀/divisor → α₀ in the first `rise` of τ, then → α₀/(divisor·final_divisor), both along a half cosine.

    The rule's momentum, or β₁, goes the other way: high → low → high, unless `momentum: fixed`.
    """

    rise: float = number(0.3, "share of τ in which the rate rises", gt=0, lt=1)
    divisor: float = number(25.0, "the rate begins at α₀ over this", ge=1)
    final_divisor: float = number(1e4, "and ends at its beginning over this", ge=1)
    momentum_low: float = number(0.85, "momentum or β₁ at the highest rate", ge=0, lt=1)
    momentum_high: float = number(0.95, "momentum or β₁ at both ends", ge=0, lt=1)
    momentum: Literal["cycle", "fixed"] = option("cycle", "fixed leaves the rule's momentum or β₁ alone")
    clock: ClassVar[str] = "step"

    @staticmethod
    def rate(s: Any, base: Times, clock: Times, length: float) -> Times:
        first = base / s.divisor
        return OneCycle._there_and_back(s, first, base, first / s.final_divisor, share(s, clock, length))

    @staticmethod
    def moved(s: Any, clock: Times, length: float) -> Times | None:
        if s.momentum == "fixed":
            return None
        done = share(s, clock, length)
        return OneCycle._there_and_back(s, s.momentum_high, s.momentum_low, s.momentum_high, done)

    @staticmethod
    def _there_and_back(s: Any, first: Times, middle: Times, last: Times, done: Times) -> Times:
        fall = (done - s.rise) / (1 - s.rise)
        return np.where(done < s.rise, eased(first, middle, done / s.rise), eased(middle, last, fall))
