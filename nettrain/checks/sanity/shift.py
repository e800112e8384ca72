"""Columns whose distribution differs between training and held-out rows.

Measured by the statistic of Kolmogorov and Smirnov: the largest distance of two cumulative distributions.
"""

from collections.abc import Iterator

import numpy as np

from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import Verdict
from nettrain.data.tables.arrays import Floats, Numbers

SHIFTED, APART = 0.2, 0.8
CHANCE = 1e-6  # of a larger distance between equal distributions, over all columns


@sanity_check("shift", rank=160)
def shift(checked: CheckedExperiment) -> Iterator[Finding]:
    """Held-out rows have the distribution of the training rows, column by column.

    Rows that are held out by time may differ, which is worth a look but not wrong.
    """
    data = checked.data
    by_time = checked.experiment.data.order != "random"
    for name, rows in {"test": data.test, "validation": data.validation}.items():
        if rows is None:
            continue
        distance = np.array([largest_gap(a, b) for a, b in zip(data.train.x.T, rows.x.T, strict=True)])
        limit = max(SHIFTED, chance_gap(len(data.train.x), len(rows.x), len(distance)))
        worst = int(distance.argmax())
        feature = data.preprocessing.feature_names[worst]
        verdict = grade(float(distance[worst]), limit, by_time=by_time)
        yield Finding(
            subject=f"{name} rows",
            value=f"{distance[worst]:.2f} at most",
            expected=f"below {limit:.2f}",
            verdict=verdict,
            advice=""
            if verdict == "ok"
            else f'"{feature}" differs most: {name} figures are of other rows than the network learns from.',
            figures={"distance": float(distance[worst]), "limit": float(limit)},
        )


def grade(distance: float, limit: float, *, by_time: bool) -> Verdict:
    """The verdict on the largest distance of any column."""
    if distance <= limit:
        return "ok"
    return "wrong" if distance > max(APART, limit) and not by_time else "look"


def largest_gap(a: Numbers, b: Numbers) -> float:
    """The largest distance of the cumulative distributions of a (N,) and b (M,)."""
    a, b = np.sort(a), np.sort(b)
    values = np.concatenate([a, b])
    gaps: Floats = np.searchsorted(a, values, side="right") / len(a) - np.searchsorted(
        b, values, side="right"
    ) / len(b)
    return float(np.abs(gaps).max())


def chance_gap(n: int, m: int, columns: int) -> float:
    """The distance that equal distributions exceed in any of the columns with the probability CHANCE.

    Source: N. Smirnov, Table for estimating the goodness of fit of empirical distributions, 1948.
    """
    return float(np.sqrt(-np.log(CHANCE / columns / 2) / 2 * (n + m) / (n * m)))
