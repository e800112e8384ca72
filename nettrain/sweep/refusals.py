"""Trials that break a constraint before they train: they are not trained, and cost nothing."""

from collections.abc import Iterable, Mapping

from nettrain.experiment.sweep_goals import PARAMETERS
from nettrain.sweep.constraints import broken
from nettrain.sweep.jobs import TrialJob
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Criteria


def oversized(jobs: Iterable[TrialJob], criteria: Criteria) -> list[TrialResult]:
    """The results of the trials whose networks have more, or fewer, parameters than a constraint allows."""
    results = (refusal(job.trial, {PARAMETERS: job.parameters}, criteria) for job in jobs)
    return [one for one in results if one is not None]


def refusal(trial: int, costs: Mapping[str, float], criteria: Criteria) -> TrialResult | None:
    """The result of a trial that costs this much, None where it breaks no constraint."""
    reasons = broken(criteria.constraints, costs)
    return TrialResult(trial, "infeasible", message="; ".join(reasons)) if reasons else None
