"""How trials are compared: by one metric or several, among those that keep to all constraints."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.sweep.constraints import Constraint, broken
from nettrain.sweep.fronts import front_of
from nettrain.sweep.messages import TrialResult


@dataclass(frozen=True)
class Goal:
    """A metric that trials are compared by, and whether larger values are better."""

    metric: str
    maximize: bool

    @property
    def sign(self) -> int:
        """The factor that makes a score of the metric: of scores, the smaller is the better."""
        return -1 if self.maximize else 1

    def score(self, result: TrialResult) -> float:
        """The score of a trial; infinite if it has diverged or failed."""
        if result.status not in ("finished", "pruned") or self.metric not in result.figures:
            return math.inf
        score = self.sign * result.figures[self.metric]
        return math.inf if math.isnan(score) else score


@dataclass(frozen=True)
class Criteria:
    """What a sweep is after: its goals, the first of which decides, and constraints that trials keep to."""

    goals: tuple[Goal, ...]
    constraints: tuple[Constraint, ...] = ()

    @property
    def first(self) -> Goal:
        """The goal that decides which trial is the best."""
        return self.goals[0]

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of all figures that it needs of a trial."""
        named = (*(one.metric for one in self.goals), *(one.figure for one in self.constraints))
        return tuple(dict.fromkeys(named))

    def best_first(self, results: Iterable[TrialResult]) -> list[TrialResult]:
        """The trials that were trained to their end and keep to all constraints, the best first.

        Of those that are equal by the first goal, further goals decide, so that the best is on the front.
        """
        ranked = best_first(results, self.first, self.constraints)
        if len(self.goals) == 1:
            return ranked
        return sorted(ranked, key=lambda one: (one.out_of_time, *(goal.score(one) for goal in self.goals)))

    def fronts(self, results: Iterable[TrialResult]) -> dict[int, int]:
        """The front of each trial that may be the best and has its figures, from 1; empty for one goal."""
        trained = [one for one in self.best_first(results) if not one.out_of_time]
        if len(self.goals) == 1 or not trained:
            return {}
        scores = np.array([[goal.score(one) for goal in self.goals] for one in trained])
        fronts = front_of(scores).tolist()
        return {one.trial: front for one, front in zip(trained, fronts, strict=True) if front}


def best_first(
    results: Iterable[TrialResult], goal: Goal, constraints: Sequence[Constraint] = ()
) -> list[TrialResult]:
    """The trials that were trained to their end, the best first; of equal ones, the earlier trial first.

    Pruned trials are left out, since a run of their experiment would train on and end differently. So would
    one of those that ran out of time, which come last. Those that break one of the constraints are left out.
    """
    finished = [
        one
        for one in results
        if one.status == "finished" and goal.score(one) < math.inf and not broken(constraints, one.figures)
    ]
    return sorted(finished, key=lambda one: (one.out_of_time, goal.score(one), one.trial))
