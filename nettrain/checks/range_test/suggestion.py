"""From losses by value to a suggestion: the middle of the flat valley around the smallest loss."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Flags, Floats
from nettrain.checks.range_test.json_report import RateVerdict

FLAT = 0.05  # by how much a loss may be above the smallest one, as a share of it
LEARNED = 0.01  # of the loss before training: a smaller decrease is none
MOST_DECIMALS = 9
MANTISSAS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)  # of numbers that people write


@dataclass(frozen=True)
class Valley:
    """The values around the smallest loss whose losses are hardly larger: positions of the ends."""

    first: int
    last: int

    def middle(self, values: Floats, *, logarithmic: bool) -> float:
        """Half-way between the ends, as a number of few digits in the range of the values."""
        low, high = float(values[self.first]), float(values[self.last])
        if not logarithmic:
            return shortest_near(low, high)
        return float(np.clip(rounded(math.sqrt(low * high)), values[0], values[-1]))


def valley(losses: Floats, before: float) -> Valley | None:
    """The valley of losses (V,) by rising value, NaN where training diverged; None where none falls.

    They have to fall below `before`, the loss before training. Losses are smoothed first, each to the median
    of itself and its neighbours, so that one lucky network does not decide.
    """
    smooth = np.where(np.isfinite(losses), smoothed(losses), np.inf)
    best = int(np.argmin(smooth))
    if not np.isfinite(smooth[best]) or (before - smooth[best]) < LEARNED * abs(before):
        return None
    # relative to the decrease where the smallest loss is nearly 0
    limit = smooth[best] + FLAT * max(abs(smooth[best]), LEARNED * (before - smooth[best]))
    flat = smooth <= limit
    first = last = best
    while first > 0 and flat[first - 1]:
        first -= 1
    while last < len(flat) - 1 and flat[last + 1]:
        last += 1
    return Valley(first, last)


def smoothed(losses: Floats) -> Floats:
    """The median of each loss and its two neighbours; those that are not finite count as infinite."""
    finite = np.where(np.isfinite(losses), losses, np.inf)
    padded = np.pad(finite, 1, mode="edge")
    medians: Floats = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return medians


def verdicts(losses: Floats, before: float, found: Valley | None) -> Iterator[RateVerdict]:
    """What the loss of each value (V,) says about it."""
    rises = _rises(losses, before)
    for k, loss in enumerate(losses):
        if not np.isfinite(loss):
            yield "diverged"
        elif rises[k]:
            yield "rises"
        elif found is None or k < found.first:
            yield "too low"
        else:
            yield "good" if k <= found.last else "too high"


def _rises(losses: Floats, before: float) -> Flags:
    """Which losses are clearly above that before training."""
    with np.errstate(invalid="ignore"):
        rises: Flags = losses > before + LEARNED * abs(before)
    return rises


def shortest_near(low: float, high: float) -> float:
    """The number with the fewest decimals near the middle of an interval, and inside."""
    middle = (low + high) / 2
    short = (round(middle, decimals) for decimals in range(MOST_DECIMALS))
    return next((value for value in short if low <= value <= high), middle)


def rounded(value: float) -> float:
    """A number that people would write: 0.003, 0.015, 2."""
    if value <= 0:
        return 0.0
    power = float(np.floor(np.log10(value)))
    logs = np.log10(MANTISSAS) + power
    nearest = MANTISSAS[int(np.argmin(np.abs(logs - np.log10(value))))]
    return float(f"{nearest * 10**power:.3g}")
