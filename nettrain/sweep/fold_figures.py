"""The figures of a trial from those of its folds: their means, and how far the folds lie apart."""

from collections.abc import Mapping, Sequence

import numpy as np

SD = "_sd"  # ends the names of standard deviations in tables


def mean(values: Sequence[float]) -> float:
    """The mean of one figure."""
    return float(np.mean(values))


def means(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure over the folds."""
    return {name: mean([fold[name] for fold in folds]) for name in folds[0]}


def deviations(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The sample standard deviation (n - 1) of each figure over the folds; empty for fewer than two."""
    if len(folds) < 2:
        return {}
    with np.errstate(all="ignore"):  # of folds that have diverged
        return {name: float(np.std([fold[name] for fold in folds], ddof=1)) for name in folds[0]}
