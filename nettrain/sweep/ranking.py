"""How trials are compared by one metric."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from nettrain.sweep.messages import TrialResult


@dataclass(frozen=True)
class Goal:
    """The metric that trials are compared by, and whether larger values are better."""

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


def best_first(results: Iterable[TrialResult], goal: Goal) -> list[TrialResult]:
    """The trials that were trained to their end, the best first; of equal ones, the earlier trial first.

    Pruned trials are left out, since a run of their experiment would train on and end differently. So would
    one of those that ran out of time, which come last.
    """
    finished = [one for one in results if one.status == "finished" and goal.score(one) < math.inf]
    return sorted(finished, key=lambda one: (one.out_of_time, goal.score(one), one.trial))
