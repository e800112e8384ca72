"""Successive halving in brackets of consecutive trials, decided for a whole bracket at a time.

At each rung, which is an epoch, a bracket waits until every trial has its score of that epoch or has ended
before it. Then the best ⌈n/eta⌉ of the n trials continue; of equal trials, those with the lower number;
diverged ones come last. So the trials that continue depend on the scores alone, and not on how many
processes trained them. Source: Jamieson & Talwalkar 2016, "Non-stochastic best arm identification".
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Segment = tuple[int, int]  # first and last trial of a sweep, or of one extension of it


@dataclass
class Bracket:
    """Trials that are compared with each other by their scores; smaller is better, diverged is infinite."""

    trials: tuple[int, ...]
    rungs: tuple[int, ...]
    eta: float
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
        return tuple(sorted(ranked[: math.ceil(len(trials) / self.eta)]))

    def _score(self, rung: int, trial: int) -> float | None:
        return self._scores.get(rung, {}).get(trial, self._final_scores.get(trial))


def nan_last(score: float | None) -> float:
    """The score, with NaN as infinity so that it sorts last."""
    return math.inf if score is None or math.isnan(score) else score


def make_brackets(segments: Sequence[Segment], size: int, rungs: Sequence[int], eta: float) -> list[Bracket]:
    """The brackets of all trials.

    No bracket reaches from one segment into the next: what was decided before an extension stays decided.
    """
    return [
        Bracket(tuple(range(start, min(start + size, last + 1))), tuple(rungs), eta)
        for first, last in segments
        for start in range(first, last + 1, size)
    ]
