"""Successive halving in brackets of consecutive trials, decided for a whole bracket at a time.

At each rung, which is an epoch, a bracket waits until every trial has its score of that epoch or has ended
before it. Then the best of the n trials continue, with `early_terminate` ⌈n/eta⌉; of equal trials, those with
the lower number; diverged ones come last. So the trials that continue depend on the scores alone, and not on
how many processes trained them. Source: Jamieson & Talwalkar 2016, "Non-stochastic best arm identification".
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle, takewhile

from nettrain.catalogue.searches import BracketPlan

Segment = tuple[int, int]  # first and last trial of a sweep, or of one extension of it


@dataclass
class Bracket:
    """Trials that are compared with each other by their scores; smaller is better, diverged is infinite.

    At a rung that n trials have reached, the best `keep(n)` go on.
    """

    trials: tuple[int, ...]
    rungs: tuple[int, ...]
    keep: Callable[[int], int]
    _scores: dict[int, dict[int, float]] = field(default_factory=dict)  # by rung, by trial
    _final_scores: dict[int, float] = field(default_factory=dict)  # of the trials that have ended
    _survivors: dict[int, tuple[int, ...]] = field(default_factory=dict)  # of each rung that is decided

    def add_score(self, rung: int, trial: int, score: float) -> None:
        """A trial has reached a rung."""
        self._scores.setdefault(rung, {})[trial] = score

    def end(self, trial: int, score: float, reached: Iterable[tuple[int, float]] = ()) -> None:
        """A trial has ended after the rungs in `reached`; at later rungs its final score counts."""
        for rung, value in reached:
            self.add_score(rung, trial, value)
        self._final_scores[trial] = score

    def survivors(self, rung: int) -> tuple[int, ...] | None:
        """The trials that continue after a rung, or None while a score is missing."""
        if rung not in self._survivors:
            survivors = self._decide(rung)
            if survivors is None:
                return None
            self._survivors[rung] = survivors
        return self._survivors[rung]

    def _decide(self, rung: int) -> tuple[int, ...] | None:
        position = self.rungs.index(rung)
        trials = self.trials if position == 0 else self.survivors(self.rungs[position - 1])
        if trials is None:
            return None
        scores = {trial: self._score(rung, trial) for trial in trials}
        if None in scores.values():
            return None
        ranked = sorted(trials, key=lambda trial: (nan_last(scores[trial]), trial))
        return tuple(sorted(ranked[: self.keep(len(trials))]))

    def _score(self, rung: int, trial: int) -> float | None:
        return self._scores.get(rung, {}).get(trial, self._final_scores.get(trial))


def without(brackets: Iterable[Bracket], trials: Collection[int]) -> list[Bracket]:
    """The brackets, of which nothing is decided, without some trials, which compete with nobody."""
    left = (replace(one, trials=tuple(k for k in one.trials if k not in trials)) for one in brackets)
    return [one for one in left if one.trials]


def nan_last(score: float | None) -> float:
    """The score, with NaN as infinity so that it sorts last."""
    return math.inf if score is None or math.isnan(score) else score


def make_brackets(segments: Sequence[Segment], size: int, rungs: Sequence[int], eta: float) -> list[Bracket]:
    """Brackets of so many trials each, of all trials.

    No bracket reaches from one segment into the next: what was decided before an extension stays decided.
    """
    return [
        Bracket(tuple(range(start, min(start + size, last + 1))), tuple(rungs), partial(_share, eta))
        for first, last in segments
        for start in range(first, last + 1, size)
    ]


def planned_brackets(segments: Sequence[Segment], plans: Sequence[BracketPlan]) -> list[Bracket]:
    """The brackets of all trials, where those from the first one on belong to the plans, over and over.

    A segment that ends within a bracket divides it in two.
    """
    last = max((last for _, last in segments), default=0)
    planned = list(takewhile(lambda one: one[0] <= last, _repeated(plans)))
    return [
        Bracket(tuple(some), plan.rungs, plan.keep)
        for first, end in segments
        for start, plan in planned
        if (some := range(max(first, start), min(end + 1, start + plan.trials)))
    ]


def _repeated(plans: Sequence[BracketPlan]) -> Iterator[tuple[int, BracketPlan]]:
    """The plans, over and over, each with its first trial."""
    start = 1
    for plan in cycle(plans):
        yield start, plan
        start += plan.trials


def _share(eta: float, trials: int) -> int:
    return math.ceil(trials / eta)
