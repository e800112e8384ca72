"""Split conformal intervals: predictions plus and minus as much as they were off on validation rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.calibrations.base import Calibration, Calibrator, calibrations
from nettrain.catalogue.losses.target_distribution import USUAL, TargetDistribution

MOST = 1000  # residuals that are stored
ROUNDING = 1e-9  # of a product that should be a whole number
Indices = HostArray


class ConformalResiduals(Calibrator):
    """The sizes of the residuals of `rows` validation rows, in rising order.

    Of more than a thousand some are left out, in whose place the next larger one counts; `ranks` has those of
    the others, from 1.
    """

    rows: int = Field(ge=0)
    residuals: list[float]
    ranks: list[int] = Field(default_factory=list)

    def half_width(self, level: float) -> float | None:
        """Half the width of the interval of this level: it holds a new number with this probability, or more.

        That is the residual of rank ⌈(n+1)·level⌉; None where n rows are too few for it.
        """
        rank = ceil((self.rows + 1) * level - ROUNDING)
        if rank > self.rows:
            return None
        return self.residuals[int(np.searchsorted(self.ranks, rank)) if self.ranks else rank - 1]

    def suits(self, classes: int) -> bool:
        """Numbers have no classes."""
        return classes == 0

    @property
    def description(self) -> str:
        half = self.half_width(USUAL)
        return f"{100 * USUAL:.0f} % within ±{half:.4g}" if half is not None else "too few for 90 %"


@calibrations.register("conformal", source="Papadopoulos et al. 2002; Lei et al. 2018")
class SplitConformal(Calibration):
    """Intervals of numbers: the prediction plus and minus the residual of rank ⌈(n+1)p⌉ of n validation rows.

    For any loss that predicts one number of each target. Of new rows like those of validation it holds a
    share p or more, whatever the network and the errors are like; the width is the same for all rows. 0.9
    takes 9 validation rows, 0.99 takes 99.
    """

    fitted: ClassVar[type[Calibrator]] = ConformalResiduals
    few_rows: ClassVar[int] = 100
    targets: ClassVar[tuple[str, ...]] = ("numbers",)

    @classmethod
    def fit(cls, probabilities: Floats, y: HostArray, weight: Floats) -> Calibrator:
        """The residuals of numbers (N,) that are predicted for y (N,); rows without weight do not count."""
        sizes = np.sort(np.abs(np.asarray(y, np.float64) - probabilities)[weight > 0])
        if len(sizes) <= MOST:
            return ConformalResiduals(rows=len(sizes), residuals=sizes.tolist())
        ranks = np.ceil(np.linspace(1, len(sizes), MOST) - ROUNDING).astype(np.int64)
        return ConformalResiduals(rows=len(sizes), residuals=sizes[ranks - 1].tolist(), ranks=ranks.tolist())


RunResiduals = tuple[ConformalResiduals, ...]  # of each target


@dataclass(frozen=True, eq=False)
class ConformalIntervals(TargetDistribution):
    """Numbers (N, T) in own units with intervals around them.

    Row i takes those of `groups[i]`: the mean widths of one or several runs that predict together.
    """

    numbers: Floats
    groups: Indices
    residuals: tuple[tuple[RunResiduals, ...], ...]

    @staticmethod
    def of(numbers: Floats, residuals: RunResiduals) -> "ConformalIntervals":
        """The intervals of one run, with residuals of each target."""
        return ConformalIntervals(numbers, np.zeros(len(numbers), np.int64), ((residuals,),))

    @property
    def arrays(self) -> tuple[Floats, ...]:
        return (self.numbers,)

    @property
    def intervals(self) -> tuple[float, ...]:
        return (USUAL,) if all(self.has(USUAL, k) for k in range(self.numbers.shape[1])) else ()

    @property
    def curve(self) -> tuple[float, ...]:
        return ()

    def has(self, level: float, target: int) -> bool:
        """Whether there are enough validation rows for this interval."""
        return all(run[target].half_width(level) is not None for runs in self.residuals for run in runs)

    def quantiles(self, levels: Sequence[float]) -> Floats:
        """The ends of the intervals that leave out as much above as below."""
        return np.stack([self.numbers + self._distance(level) for level in levels], axis=-1)

    def _distance(self, level: float) -> Floats:
        """How far the quantile lies above the prediction (N, T)."""
        if level == 0.5:
            return np.zeros(())
        halves = np.array([_mean_half_widths(runs, abs(2 * level - 1)) for runs in self.residuals])
        distances: Floats = np.sign(level - 0.5) * halves[self.groups]
        return distances

    def unscaled(self, center: Floats, scale: Floats) -> Self:
        raise NotImplementedError("the numbers are in their own units")

    def above(self, others: Iterable[Self]) -> Self:
        each = (self, *others)
        starts = np.cumsum([0, *(len(one.residuals) for one in each)])
        groups = [one.groups + start for one, start in zip(each, starts, strict=False)]
        residuals = tuple(runs for one in each for runs in one.residuals)
        return type(self)(np.concatenate([one.numbers for one in each]), np.concatenate(groups), residuals)

    def combined(self, others: Iterable[Self]) -> Self:
        """The means of the predictions, and of the widths."""
        each = (self, *others)
        total = sum((one.numbers for one in each[1:]), start=self.numbers)
        residuals = tuple(
            tuple(run for runs in at_once for run in runs)
            for at_once in zip(*(one.residuals for one in each), strict=True)
        )
        return type(self)(total / len(each), self.groups, residuals)


def _mean_half_widths(runs: Sequence[RunResiduals], level: float) -> Floats:
    """The mean of several runs' half widths (T,), NaN where there are too few rows."""
    each = [[one.half_width(level) for one in run] for run in runs]
    mean: Floats = np.array(each, dtype=np.float64).mean(axis=0)
    return mean
