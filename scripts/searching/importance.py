"""How often what a sweep says of importance is right: searches whose shares of variance are known.

The truth is that of the ranks which a forest is told of, on all of the search space: Sobol's first-order
indices by pairs of points that share one coordinate (Sobol 1993; Saltelli 2002).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.searches import Values
from nettrain.sweep.anova.analysed import AnalysedTrial
from nettrain.sweep.anova.analysis import Anova, what_mattered
from nettrain.sweep.ranking import Goal
from searching.surfaces import SURFACES, Surface, uniform

Floats = npt.NDArray[np.float64]
POINTS = 20_000  # of which the truth is made
LARGE, SMALL = 0.1, 0.01  # shares that should be found, and that should not
LOSS = Goal("val_loss", maximize=False)


def _of(function: Callable[..., float]) -> Callable[[Values], float]:
    return lambda values: function(*(float(values[key]) for key in sorted(values)))  # type: ignore[arg-type]


def _ishigami(*x: float) -> float:
    a, b, c = ((2 * one - 1) * math.pi for one in x[:3])
    return math.sin(a) + 7 * math.sin(b) ** 2 + 0.1 * c**4 * math.sin(a)


EIGHT = [uniform(f"x{k}", 0, 1) for k in range(8)]
KNOWN = (
    Surface("sum", EIGHT, _of(lambda *x: 3 * x[0] + 2 * x[1] + x[2]), 0.0),
    Surface("sum, noisy", EIGHT, _of(lambda *x: 3 * x[0] + 2 * x[1] + x[2]), 0.0, noise=1.08),
    Surface("product", EIGHT, _of(lambda *x: (2 * x[0] - 1) * (2 * x[1] - 1)), 0.0),
    Surface("Ishigami", EIGHT, _of(_ishigami), 0.0),
    *(one for one in SURFACES if one.name in ("Hartmann 6", "network-like")),
    Surface("noise", EIGHT, lambda values: 0.0, 0.0, noise=1.0),
)


@dataclass(frozen=True)
class Truth:
    """The share of the variance of ranks that each parameter of a surface has alone."""

    surface: Surface

    @cached_property
    def shares(self) -> dict[str, float]:
        """By key; 0 on a flat surface."""
        keys = [one.key for one in self.surface.parameters]
        draw = np.random.default_rng(0)
        one, other = draw.random((2, POINTS, len(keys)))
        values = self._values(one)
        ranks = np.searchsorted(np.sort(values), values, side="right") / POINTS
        if np.ptp(ranks) == 0:
            return dict.fromkeys(keys, 0.0)
        order = np.sort(values)
        found = {}
        for k, key in enumerate(keys):
            mixed = other.copy()
            mixed[:, k] = one[:, k]
            again = np.searchsorted(order, self._values(mixed), side="right") / POINTS
            found[key] = float(np.corrcoef(ranks, again)[0, 1])
        return found

    def _values(self, points: Floats) -> Floats:
        space, keys = self.surface.space(0), [one.key for one in self.surface.parameters]
        drawn = (space.draw(dict(zip(keys, row, strict=True)).__getitem__) for row in points.tolist())
        return np.array([self.surface.value(one) for one in drawn])


def said(surface: Surface, trials: int, seed: int) -> Anova:
    """What is said of a random search of so many trials."""
    space = surface.space(seed)
    drawn = [(trial, space.random(trial)) for trial in range(1, trials + 1)]
    results = [
        AnalysedTrial(trial, values, "finished", 1, surface.seen(values, seed, trial))
        for trial, values in drawn
    ]
    found = what_mattered(surface.parameters, results, LOSS)
    assert isinstance(found, Anova), found
    return found


def judged(surface: Surface, trials: int, seeds: int) -> dict[str, float]:
    """How often what is said is right, over so many searches."""
    truth = Truth(surface).shares
    most = max(truth, key=truth.__getitem__)
    rows = [dict(_judge(said(surface, trials, seed), truth, most)) for seed in range(seeds)]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}


def _judge(anova: Anova, truth: Mapping[str, float], most: str) -> Iterator[tuple[str, float]]:
    """One search, in numbers; where the forest explains nothing, no parameter is named."""
    named = {one.key for one in anova.effects if one.is_told} if anova.is_told else set()
    large = [key for key, share in truth.items() if share >= LARGE]
    small = [key for key, share in truth.items() if share < SMALL]
    yield "explained", anova.explained.value
    yield "told", float(anova.is_told)
    if large:
        yield "large found", float(np.mean([key in named for key in large]))
        yield "first said", float(anova.is_first_told)
        yield "first wrong", float(anova.is_first_told and anova.effects[0].key != most)
        errors = [abs(one.share.value - truth[one.key]) for one in anova.effects if one.key in large]
        yield "error", float(np.mean(errors))
        known = [(one.share, truth[one.key]) for one in anova.effects if one.key in large]
        inside = [share.low <= right <= share.high for share, right in known]
        yield "covered", float(np.mean(inside))
    if small:
        yield "small named", float(np.mean([key in named for key in small]))
