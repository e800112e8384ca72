"""Pareto fronts: which trials no other one beats in all that counts.

A trial beats another if it is nowhere worse and somewhere better. Those that nobody beats are front 1, the
Pareto front; those that are left without these front 2, and so on. Equal trials share their front. Source:
Zhang et al. 2015, "An efficient approach to nondominated sorting", whose search for the front is used.
"""

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def front_of(scores: Floats) -> Places:
    """The front (N,) of each row of scores (N, goals), from 1; 0 for rows that are not finite.

    Of scores the smaller is the better.
    """
    fronts = np.zeros(len(scores), np.int64)
    known = np.isfinite(scores).all(axis=1)
    if known.any():
        distinct, where = np.unique(scores[known], axis=0, return_inverse=True)
        fronts[known] = _sorted_fronts(distinct)[where.ravel()]
    return fronts


def _sorted_fronts(rows: Floats) -> Places:
    """The front of each of these rows, which differ and are in the order of their columns.

    In this order no row beats an earlier one, and whoever is beaten by somebody of a front is beaten by
    somebody of each front before it. So the first front that does not beat a row is found by bisection.
    """
    fronts: list[list[Floats]] = []
    places = np.empty(len(rows), np.int64)
    for k, row in enumerate(rows):
        place = bisect_left(fronts, True, key=lambda front: not _beats(front, row))
        if place == len(fronts):
            fronts.append([])
        fronts[place].append(row)
        places[k] = place + 1
    return places


def _beats(front: list[Floats], row: Floats) -> bool:
    """Whether one of a front beats a later row; of two goals it is the last one, if any."""
    if len(row) == 2:
        return bool(front[-1][1] <= row[1])
    return bool((np.array(front) <= row).all(axis=1).any())
