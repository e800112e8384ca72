"""How often networks of a blend count: equally, unless held-out rows clearly prefer some of them.

Few rows say little about which of two networks is better, and a mean that gives both the same weight is hard
to beat. There are three steps: the equal mean, the networks that predict the held-out rows best together, by
greedy selection, and the mean of both. Of these the first is taken whose error is within one standard error
of that of the best, as bootstrapped rows tell it. Source: the one-standard-error rule of Breiman, Friedman,
Olshen & Stone 1984, "Classification and regression trees"; Timmermann 2006, "Forecast combinations", on equal
weights.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Floats
from nettrain.inference.ensemble_selection import ChoosingRows, mean_of, select_ensemble

ROUNDS = 4  # networks that greedy selection takes at most, so that counts stay small
RESAMPLES, FEWEST = 100, 20  # of the rows
WORK = 2_000_000  # rows that are measured in all resamples, about
Counts = npt.NDArray[np.int64]


def select_blend(predictions: Sequence[Floats], rows: ChoosingRows) -> list[int]:
    """The networks whose mean predicts, by position, each as often as it counts.

    `predictions` are (N, K) of each network for the rows, none of which it was trained on.
    """
    steps = [_taken(counts) for counts in _steps(predictions, rows)]
    means = [mean_of(predictions, taken) for taken in steps]
    return steps[_first_as_good_as_the_best(means, rows)]


def _steps(predictions: Sequence[Floats], rows: ChoosingRows) -> list[Counts]:
    """How often each network counts: equally, half way to what greedy selection takes, and as that says."""
    chosen = np.bincount(select_ensemble(predictions, rows, ROUNDS), minlength=len(predictions))
    equal = np.ones_like(chosen)
    return [equal, len(chosen) * chosen + chosen.sum(), chosen]


def _taken(counts: Counts) -> list[int]:
    reduced = counts // np.gcd.reduce(counts)
    return np.repeat(np.arange(len(counts)), reduced).tolist()


def _first_as_good_as_the_best(means: Sequence[Floats], rows: ChoosingRows) -> int:
    """The position of the first prediction that is within one standard error of the best."""
    scores = [rows.score(mean) for mean in means]
    best = int(np.argmin(scores))
    errors = _standard_errors(means, best, rows)
    as_good = (k for k in range(best) if scores[k] - scores[best] <= errors[k])
    return next(as_good, best)


def _standard_errors(means: Sequence[Floats], best: int, rows: ChoosingRows) -> Floats:
    """The standard errors of the differences of each score from the best one, by resampled rows."""
    draws = np.random.Generator(np.random.Philox(0))
    resamples = min(max(WORK // len(rows), FEWEST), RESAMPLES)
    differences = np.empty((resamples, len(means)))
    for one in differences:
        drawn = draws.integers(0, len(rows), len(rows))
        resampled = rows.take(drawn)
        scores = np.array([resampled.score(mean[drawn]) for mean in means])
        one[:] = scores - scores[best]
    defined = differences[np.isfinite(differences).all(axis=1)]
    return defined.std(axis=0, ddof=1) if len(defined) > 1 else np.zeros(len(means))
