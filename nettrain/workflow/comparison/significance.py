"""Whether a difference between two means over seeds is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Floats

NOTHING = 1e-9  # of a difference: a smaller error is rounding
FEWEST = 3  # seeds of a test
LEVEL = 0.05  # probability below which a difference is taken as real


@dataclass(frozen=True)
class SeedTest:
    """A figure of one entry against that of another, over the seeds or folds in which both have it.

    `difference` and its `sd` are those of entry minus other, `better` counts the seeds in which the entry has
    the better figure and `ties` those in which both have the same; `p` is two-sided, and None where there are
    too few seeds, or where it is the same in all of them. Different seeds are not `paired`: then `better` is
    0, and `sd` is the standard error of the difference.
    """

    entry: int
    other: int
    paired: bool
    seeds: int
    better: int
    ties: int
    difference: float
    sd: float | None
    p: float | None

    @property
    def significant(self) -> bool:
        """Whether chance alone would rarely make such a difference."""
        return self.p is not None and self.p < LEVEL


def paired_test(
    entry: int, other: int, values: tuple[Floats, Floats], *, maximize: bool, held_out: float = 0.0
) -> SeedTest:
    """The paired t-test of two figures (n,) over the same seeds; seeds without either are left out.

    Over folds, which share training rows, the variance of the mean is sd²·(1/n + `held_out`), with the rows
    held out for each row that trains. Source: Nadeau & Bengio 2003, "Inference for the generalization error".
    """
    first, second = values
    both = np.isfinite(first) & np.isfinite(second)
    differences = (first - second)[both]
    count = len(differences)
    sd = float(differences.std(ddof=1)) if count > 1 else None
    better = int((differences > 0).sum() if maximize else (differences < 0).sum())
    mean, ties = _mean(differences), int((differences == 0).sum())
    error = None if sd is None else sd * np.sqrt(1 / count + held_out)
    p = None if error is None or count < FEWEST else _two_sided(mean, error, count - 1)
    return SeedTest(entry, other, True, count, better, ties, mean, sd, p)


def unpaired_test(entry: int, other: int, values: tuple[Floats, Floats]) -> SeedTest:
    """Welch's t-test of two figures over different seeds, of which there may be different numbers."""
    finite = [one[np.isfinite(one)] for one in values]
    counts = [len(one) for one in finite]
    difference = _mean(finite[0]) - _mean(finite[1])
    if min(counts) < 2:
        return SeedTest(entry, other, False, min(counts), 0, 0, difference, None, None)
    parts = [float(one.var(ddof=1)) / len(one) for one in finite]
    error = float(np.sqrt(sum(parts)))
    p = None
    if min(counts) >= FEWEST:
        below = sum(part**2 / (n - 1) for part, n in zip(parts, counts, strict=True))
        freedom = sum(parts) ** 2 / below if below else float(sum(counts) - 2)
        p = _two_sided(difference, error, freedom)
    return SeedTest(entry, other, False, min(counts), 0, 0, difference, error, p)


def holm(tests: Sequence[SeedTest]) -> list[SeedTest]:
    """The tests with p adjusted for their number (Holm 1979), so that no one of many is real by chance."""
    known = sorted((test.p, k) for k, test in enumerate(tests) if test.p is not None)
    adjusted, largest = list(tests), 0.0
    for rank, (p, k) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[k] = replace(tests[k], p=largest)
    return adjusted


def _two_sided(difference: float, error: float, freedom: float) -> float | None:
    """The probability of such a mean difference, or a larger one, by chance; None where nothing varies."""
    from scipy.special import stdtr

    if error <= NOTHING * abs(difference):
        return None
    return float(2 * stdtr(freedom, -abs(difference) / error))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
