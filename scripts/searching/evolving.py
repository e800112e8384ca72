"""A training with weights to take over: gradient descent on a quadratic with noise, where a rate should fall.

A large rate comes down fast and stays far away because of the noise; a small one would come near, but not in
time. Which schedule is best is known to none of the methods: those with a constant rate can only compromise.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.searches import Space, Values, search_methods
from searching.surfaces import logarithmic

RATE = "learning_rate"
CURVATURES = np.geomspace(1.0, 100.0, 10)
NOISE = 1.0  # standard deviation of each derivative
EPOCHS, STEPS = 30, 20
Floats = npt.NDArray[np.float64]


def space(seed: int) -> Space:
    """The rates that are searched; beyond 0.02 the steepest direction diverges."""
    return Space([logarithmic(RATE, 1e-4, 1e-1)], lambda values, parameter: True, seed)


class Descent:
    """Networks that train side by side, each with noise of its own."""

    def __init__(self, seed: int, trials: range) -> None:
        self.weights = np.ones((len(trials), len(CURVATURES)))
        self._noise = [np.random.default_rng([seed, trial]) for trial in trials]

    def epoch(self, rates: Floats) -> None:
        """The steps of an epoch with these rates (trials,)."""
        noise = np.stack([one.normal(0, NOISE, (STEPS, len(CURVATURES))) for one in self._noise], axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            for step in noise:
                self.weights -= rates[:, None] * (self.weights * CURVATURES + step)

    def losses(self) -> Floats:
        """The loss (trials,) without noise, infinite where it has diverged."""
        with np.errstate(over="ignore", invalid="ignore"):
            losses = 0.5 * (self.weights**2 @ CURVATURES)
        return np.where(np.isfinite(losses), losses, np.inf)


def at_random(seed: int, trials: int, *, cosine: bool) -> Floats:
    """The loss of each trial of a random search, whose rates are constant or fall to 0."""
    rates = _rates(space(seed), range(1, trials + 1), {})
    descent = Descent(seed, range(trials))
    for epoch in range(EPOCHS):
        factor = (1 + np.cos(np.pi * epoch / EPOCHS)) / 2 if cosine else 1.0
        descent.epoch(factor * rates)
    return descent.losses()


def evolved(seed: int, trials: int) -> float:
    """The least loss of population-based training, one population after the other."""
    method, searched = search_methods["pbt"](), space(seed)
    (plan,) = method.brackets(EPOCHS)
    best = np.inf
    for first in range(1, trials + 1, plan.trials):
        numbers = range(first, min(first + plan.trials, trials + 1))
        sampler = method.sampler(searched)
        values = {trial: sampler.values(trial, {}) or {} for trial in numbers}
        descent = Descent(seed, range(first - 1, numbers.stop - 1))
        for epoch in range(1, EPOCHS + 1):
            descent.epoch(_rates(searched, numbers, values))
            if epoch in plan.rungs:
                scores = dict(zip(numbers, descent.losses().tolist(), strict=True))
                taken = method.exchange(searched, epoch, values, scores)
                before = descent.weights.copy()
                for trial, one in taken.items():
                    descent.weights[trial - first] = before[one.parent - first]
                    values[trial] = one.values
        best = min(best, float(descent.losses().min()))
    return best


def _rates(searched: Space, numbers: range, values: Mapping[int, Values]) -> Floats:
    drawn = [values[trial] if trial in values else searched.random(trial) for trial in numbers]
    return np.array([one[RATE] for one in drawn], np.float64)


def losses(seeds: int, trials: int) -> dict[str, Floats]:
    """The least loss (seeds,) that each method finds, and random search with twice the trials."""
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        for name, cosine in (("random", False), ("random, cosine schedule", True)):
            twice = at_random(seed, 2 * trials, cosine=cosine)
            found.setdefault(name, []).append(float(twice[:trials].min()))
            found.setdefault(f"{name} × 2", []).append(float(twice.min()))
        found.setdefault("pbt", []).append(evolved(seed, trials))
    return {name: np.array(values) for name, values in found.items()}
