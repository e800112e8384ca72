"""Schedules that lead from a first rate to a last one over a time τ."""

from typing import ClassVar, Literal

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules.base import Lasting, Schedule, schedules
from nettrain.catalogue.settings import Number, number, option


def eased(first: Number, last: Number, done: Floats) -> Floats:
    """From first to last along half a cosine, as `done` goes from 0 to 1."""
    return last + 0.5 * (first - last) * (1 + np.cos(np.pi * done))


@schedules.register("linear", source="Goodfellow et al. 2016, eq. 8.14")
class LinearSchedule(Lasting):
    """(1-j/τ)·α₀ + (j/τ)·end in step j, then end.

    With a warmup, the usual schedule for transformers. As torch.optim.lr_scheduler.LinearLR.
    """

    end: float = number(0.0, "the last rate", ge=0)
    clock: ClassVar[str] = "step"

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        done = self.progress(clock, length)
        return (1 - done) * base + done * self.end


@schedules.register("polynomial", source="Liu, Rabinovich & Berg 2015, ParseNet")
class Polynomial(Lasting):
    """α₀·(1-j/τ)^power in epoch j, then 0.

    A larger power falls earlier. As torch.optim.lr_scheduler.PolynomialLR.
    """

    power: float = number(2.0, "how it falls: 1 is a straight line", gt=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        with np.errstate(divide="ignore"):
            return base * np.exp(self.power * np.log1p(-self.progress(clock, length)))


@schedules.register("cosine", source="Loshchilov & Hutter 2017, eq. 5, without restarts")
class Cosine(Lasting):
    """minimum + ½(α₀ - minimum)(1 + cos(πj/τ)) in step j, then minimum; τ is the run's length after warmup.

    A good default when the number of epochs is fixed: it stays high for long and ends gently. As
    torch.optim.lr_scheduler.CosineAnnealingLR.
    """

    minimum: float = number(0.0, "the last rate", ge=0)
    clock: ClassVar[str] = "step"

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return eased(base, self.minimum, self.progress(clock, length))


@schedules.register("flat_cos", source="Holzmüller, Grinsztajn & Steinwart 2024, Better by default")
class FlatCosine(Lasting):
    """α₀ until j = flat·τ, then → 0 along half a cosine, and 0 from step τ on.

    Large steps for as long as they help, and a gentle end. RealMLP multiplies dropout and decay by it.
    """

    flat: float = number(0.5, "share of τ at the first rate", ge=0, lt=1)
    clock: ClassVar[str] = "step"

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        fall = (self.progress(clock, length) - self.flat) / (1 - self.flat)
        return eased(base, 0.0, np.maximum(fall, 0.0))


@schedules.register("coslog4", source="Holzmüller, Grinsztajn & Steinwart 2024, Better by default")
class CosLog4(Lasting):
    """½α₀(1 - cos(2π log₂(1 + 15j/τ))) in step j: four waves, each twice as long as the one before; then 0.

    The rate begins and ends each wave at 0, so that a good network is found early and a better one later.
    Made for RealMLP, whose best epoch is kept.
    """

    clock: ClassVar[str] = "step"

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        waves = np.log2(1 + 15 * self.progress(clock, length))
        waving: Floats = 1 - np.cos(2 * np.pi * waves)
        return 0.5 * base * waving


@schedules.register("cosine_restarts", source="Loshchilov & Hutter 2017, eq. 5")
class CosineRestarts(Schedule):
    """Half cosines from α₀ to the minimum, one after another, each `multiplier` times as long.

    Each end is a good place to stop, or to take a snapshot for an ensemble. As
    torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.
    """

    period: float = number(10, "epochs of the first half cosine", gt=0)
    multiplier: float = number(2.0, "each is so many times as long as the one before", ge=1)
    minimum: float = number(0.0, "the rate at the end of each", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        # equal periods are found by a division, growing ones by counting, as there are few
        equal = np.equal(self.multiplier, 1)
        start = np.where(equal, np.floor(clock / self.period) * self.period, 0.0)
        width = self.period + np.zeros_like(start)
        while (later := ~equal & (clock >= start + width)).any():
            start, width = (
                np.where(later, start + width, start),
                np.where(later, width * self.multiplier, width),
            )
        return eased(base, self.minimum, (clock - start) / width)


@schedules.register("one_cycle", source="Smith 2018; the numbers are PyTorch's")
class OneCycle(Lasting):
    """α₀/divisor → α₀ in the first `rise` of τ, then → α₀/(divisor·final_divisor), both along a half cosine.

    For few epochs with a high α₀, see the learning-rate test. The rule's momentum, or β₁, goes the other way:
    high → low → high, unless `momentum: fixed`. As torch.optim.lr_scheduler.OneCycleLR.
    """

    rise: float = number(0.3, "share of τ in which the rate rises", gt=0, lt=1)
    divisor: float = number(25.0, "the rate begins at α₀ over this", ge=1)
    final_divisor: float = number(1e4, "and ends at its beginning over this", ge=1)
    momentum_low: float = number(0.85, "momentum or β₁ at the highest rate", ge=0, lt=1)
    momentum_high: float = number(0.95, "momentum or β₁ at both ends", ge=0, lt=1)
    momentum: Literal["cycle", "fixed"] = option("cycle", "fixed leaves the rule's momentum or β₁ alone")
    clock: ClassVar[str] = "step"

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        first = base / self.divisor
        return self._there_and_back(first, base, first / self.final_divisor, self.progress(clock, length))

    def moved(self, clock: Floats, length: float) -> Floats | None:
        if self.momentum == "fixed":
            return None
        done = self.progress(clock, length)
        return self._there_and_back(self.momentum_high, self.momentum_low, self.momentum_high, done)

    def _there_and_back(self, first: Number, middle: Number, last: Number, done: Floats) -> Floats:
        fall = (done - self.rise) / (1 - self.rise)
        return np.where(done < self.rise, eased(first, middle, done / self.rise), eased(middle, last, fall))
