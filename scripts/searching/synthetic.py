"""Searches of surfaces: every method as a sweep would drive it, without a training."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nettrain.catalogue.searches import SearchMethod, ToldTrial, Values, search_methods
from nettrain.sweep.halving import Bracket, planned_brackets
from searching.surfaces import EPOCHS, Surface

RESAMPLES = 2000  # of the seeds, for the interval of a median


@dataclass(frozen=True)
class Contestant:
    """A method, and how many times the trials of the others it has."""

    name: str
    method: SearchMethod
    budget: int = 1


def contestants() -> list[Contestant]:
    """Random search with once and twice the trials, and all others that go with any space."""
    entry = search_methods
    return [
        Contestant("random", entry["random"]()),
        Contestant("random × 2", entry["random"](), 2),
        Contestant("sobol", entry["sobol"]()),
        Contestant("hyperband", entry["hyperband"]()),
        Contestant("bayes", entry["bayes"]()),
        Contestant("bayes, one by one", entry["bayes"](generation=1)),
    ]


def found(contestant: Contestant, surface: Surface, trials: int, seed: int) -> float:
    """How far the best trial of a search is from the least value; the best is that which looks best.

    Where trials are ended early, there are as many as fit the epochs of so many whole trainings.
    """
    method, trials = contestant.method, trials * contestant.budget
    if method.stops_trials:
        return _hyperband(method, surface, trials * EPOCHS, seed)
    sampler, told = method.sampler(surface.space(seed)), dict[int, ToldTrial]()
    size = method.size or trials
    for start in range(1, trials + 1, size):
        generation = {}
        for trial in range(start, min(start + size, trials + 1)):
            values = sampler.values(trial, told)
            assert values is not None
            generation[trial] = ToldTrial(values, surface.seen(values, seed, trial), {}, pruned=False)
        told |= generation
    return surface.regret(min(told.values(), key=lambda one: one.score).values)


def _hyperband(method: SearchMethod, surface: Surface, epochs: int, seed: int) -> float:
    sampler = method.sampler(surface.space(seed))
    plans = method.brackets(EPOCHS)
    many = planned_brackets([(1, 40 * sum(plan.trials for plan in plans))], plans)
    best: tuple[float, Values] = (np.inf, {})
    for bracket in many:
        epochs -= _cost(bracket)
        if epochs < 0:
            break
        values = {trial: sampler.values(trial, {}) or {} for trial in bracket.trials}
        for rung in bracket.rungs:
            for trial, one in values.items():
                bracket.add_score(rung, trial, surface.seen(one, seed, trial, rung))
        last = bracket.survivors(bracket.rungs[-1]) if bracket.rungs else bracket.trials
        ended = [(surface.seen(values[trial], seed, trial), values[trial]) for trial in last or ()]
        best = min(best, *ended, key=lambda one: one[0])
    return surface.regret(best[1])


def _cost(bracket: Bracket) -> int:
    """The epochs that a bracket takes."""
    trials, before, cost = len(bracket.trials), 0, 0
    for rung in (*bracket.rungs, EPOCHS):
        cost += trials * (rung - before)
        trials, before = bracket.keep(trials), rung
    return cost


def interval(values: np.ndarray) -> dict[str, float]:
    """The median over seeds, and the 95 % interval of it by resampling the seeds."""
    drawn = np.random.default_rng(0).choice(values, (RESAMPLES, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return {"median": float(np.median(values)), "low": float(low), "high": float(high)}


def compare(regrets: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Of each method the median with its interval, and how often it beat twice the random trials."""
    bar = regrets["random × 2"]
    return {
        name: {**interval(values), "wins": float(np.mean(values < bar))} for name, values in regrets.items()
    }
