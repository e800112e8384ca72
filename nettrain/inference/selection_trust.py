"""How far the figure of something that was chosen by it can be trusted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.inference.ensemble_selection import ChoosingRows, mean_of

LEVEL = 0.95
WORK = 20_000_000  # rows that are measured for an interval, about
FEWEST, MOST = 100, 1000  # resamples for an interval
LEAST = 4  # resamples for a correction
Choose = Callable[[Sequence[Floats], ChoosingRows], list[int]]


@dataclass(frozen=True)
class TrustedFigure:
    """A metric on some rows, with the ends of the interval in which 95 % of its resamples lie.

    `corrected` is None where the rows have chosen nothing.
    """

    value: float
    low: float
    high: float
    rows: int
    corrected: "CorrectedValue | None" = None


@dataclass(frozen=True)
class CorrectedValue:
    """A metric corrected for the bias of being chosen by its rows, estimated by so many resamples."""

    value: float
    resamples: int


def trusted(
    rows: ChoosingRows, predictions: Floats, *, seed: int, corrected: CorrectedValue | None = None
) -> TrustedFigure:
    """The metric of predictions (N, K), with its interval over resampled rows (percentile bootstrap)."""
    count = min(max(WORK // len(rows), FEWEST), MOST)
    draws = _generator(seed, 0)
    values = []
    for _ in range(count):
        drawn = draws.integers(0, len(rows), len(rows))
        values.append(rows.take(drawn).value(predictions[drawn]))
    defined = np.array(values)[~np.isnan(values)]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail]) if len(defined) else (np.nan, np.nan)
    return TrustedFigure(rows.value(predictions), float(low), float(high), len(rows), corrected)


def corrected_value(
    predictions: Sequence[Floats],
    rows: ChoosingRows,
    choose: Choose,
    *,
    most: int,
    seed: int,
    enough: Callable[[], bool] = lambda: False,
) -> CorrectedValue:
    """The metric of what `choose` takes of the candidates, corrected for the bias of choosing by these rows.

    In each resample the choice is made anew by the rows that were drawn, and measured on the others, beside
    the choice by all rows. By as much as it is worse there on average, the figure of the latter is biased.
    There are `most` resamples, or at least four when there are `enough`.
    Source: Tsamardinos, Greasidou & Borboudakis 2018, "Bootstrapping the out-of-sample predictions for
    efficient and accurate cross-validation"; with differences on the same rows, which vary less.
    """
    chosen = choose(predictions, rows)
    whole, draws, differences = mean_of(predictions, chosen), _generator(seed, 1), []
    for number in range(most):
        if number >= LEAST and enough():
            break
        drawn = draws.integers(0, len(rows), len(rows))
        left = np.setdiff1d(np.arange(len(rows)), drawn)
        if not len(left):
            continue
        inside, outside = [one[drawn] for one in predictions], rows.take(left)
        again = choose(inside, rows.take(drawn))
        measured = outside.value(mean_of([one[left] for one in predictions], again))
        differences.append(measured - outside.value(whole[left]))
    defined = [one for one in differences if not np.isnan(one)]
    bias = float(np.mean(defined)) if defined else 0.0
    return CorrectedValue(rows.value(whole) + bias, len(differences))


def _generator(seed: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, purpose))))
