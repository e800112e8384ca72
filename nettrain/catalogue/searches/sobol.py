"""Quasi-random points, which leave smaller gaps than random ones."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.searches.base import (
    Sampler,
    SearchMethod,
    Space,
    ToldTrial,
    Values,
    generator,
    search_methods,
)

BITS = 30  # of a coordinate, as many as the direction numbers have
FEWEST = 6  # the first 2^6 points are computed at once

Whole = npt.NDArray[np.uint64]


class SobolSampler:
    """The points of a scrambled Sobol sequence, a coordinate for each parameter that can change.

    The scrambling is a linear matrix scramble with a digital shift (Matoušek 1998). Those of a coordinate
    depend on the seed and its key.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        free = {one.key for one in space.parameters if one.distribution.count() != 1}
        self._keys = sorted(free)  # so that the order in the file does not matter
        self._points: npt.NDArray[np.float64] = np.empty((0, len(free)))

    def values(self, trial: int, told: Mapping[int, ToldTrial]) -> Values:
        """The point of this number, whatever the results."""
        if trial > len(self._points):
            self._points = self._scrambled(max(FEWEST, (trial - 1).bit_length()))
        point = dict(zip(self._keys, self._points[trial - 1].tolist(), strict=True))
        return self._space.draw(lambda key: point.get(key, 0.5))

    def _scrambled(self, power: int) -> npt.NDArray[np.float64]:
        """The first 2^power points (n, keys), within (0, 1)."""
        from scipy.stats import qmc

        if not self._keys:
            return np.empty((2**power, 0))
        plain = qmc.Sobol(len(self._keys), scramble=False, bits=BITS).random_base2(power)
        whole = (plain * 2.0**BITS).astype(np.uint64)
        columns = [self._scrambles[k](whole[:, k]) for k in range(len(self._keys))]
        return (np.stack(columns, axis=1).astype(np.float64) + 0.5) * 2.0**-BITS

    @cached_property
    def _scrambles(self) -> "list[LinearScramble]":
        return [LinearScramble(generator(self._space.seed, 0, key)) for key in self._keys]


class LinearScramble:
    """x ↦ L·x ⊕ shift on the bits of numbers, where L is lower triangular with ones on its diagonal.

    Each bit is changed by more significant ones alone, so that as many points as before lie in every interval
    between neighbouring multiples of a power of 1/2.
    """

    def __init__(self, numbers: np.random.Generator) -> None:
        draws = numbers.integers(0, 2, (BITS + 1, BITS), dtype=np.uint64)
        self._matrix: Whole = np.tril(draws[:BITS], -1) + np.eye(BITS, dtype=np.uint64)
        self._shift: Whole = draws[BITS]

    def __call__(self, whole: Whole) -> Whole:
        """The numbers (n,) that these become, all below 2^30."""
        places = np.arange(BITS, dtype=np.uint64)[::-1]  # the most significant first
        bits = (whole[:, None] >> places) & np.uint64(1)
        scrambled = (bits @ self._matrix.T + self._shift) & np.uint64(1)
        numbers: Whole = (scrambled << places).sum(axis=1, dtype=np.uint64)
        return numbers


@search_methods.register("sobol", source="Sobol 1967; Matoušek 1998")
class SobolSearch(SearchMethod):
    """Quasi-random draws: a scrambled Sobol sequence, which fills the space more evenly than random draws.

    As random, but no two trials are alike and no region is left out, which shows most with few parameters and
    few trials. Powers of 2 of trials, such as 64, are the most even.
    """

    def sampler(self, space: Space) -> Sampler:
        return SobolSampler(space)
