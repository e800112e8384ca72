"""How much each searched parameter mattered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
import numpy.typing as npt

from nettrain.catalogue.searches import SearchedKey
from nettrain.experiment.sweep_settings import Parameter
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Goal
from nettrain.sweep.search_space import Trial
from nettrain.sweep.values import as_text, is_number

Floats = npt.NDArray[np.float64]
FEWEST = 4  # trials that can show an influence


@dataclass(frozen=True)
class Influence:
    """How much a parameter mattered, from 0 to 1.

    For numbers, `strength` is the absolute rank correlation with the metric, and `direction` is 1 when larger
    values are better, -1 when smaller ones are. For choices, `strength` is the difference between the mean
    ranks of the best and the worst choice, and `groups` has the mean of the metric for each choice.
    """

    key: str
    strength: float
    direction: int = 0
    groups: Mapping[str, float] | None = None
    trials: int = 0


@dataclass(frozen=True)
class ParameterSample:
    """The trials in which a parameter has a value: those values, the trials' scores and their metrics.

    Of scores the smaller is the better; they are infinite where a trial has no metric.
    """

    key: str
    values: list[object]
    scores: Floats
    figures: list[float]


def influences(
    parameters: Sequence[Parameter],
    trials: Sequence[Trial],
    results: Mapping[int, TrialResult],
    goal: Goal,
) -> list[Influence]:
    """The influence of each parameter, the strongest first; those with too few trials are left out."""
    return influences_in(_samples(parameters, trials, results, goal))


def influences_in(samples: Iterable[ParameterSample]) -> list[Influence]:
    """The influence of each parameter, the strongest first; those with too few trials are left out."""
    telling = filter(_is_telling, samples)
    return sorted(map(_influence, telling), key=lambda one: -one.strength)


def was_trained(results: Mapping[int, TrialResult], trial: Trial) -> bool:
    """Whether a trial has a result that says something of its values: not if a constraint ruled it out."""
    return trial.number in results and results[trial.number].status != "infeasible"


def is_ordered(parameter: SearchedKey) -> bool:
    """Whether a trend in its values means anything, which it does not for seeds."""
    return not parameter.key.endswith("seed")


def _is_telling(sample: ParameterSample) -> bool:
    """Whether there are enough trials, with different values."""
    return len(sample.values) >= FEWEST and len({str(value) for value in sample.values}) >= 2


def _samples(
    parameters: Sequence[Parameter],
    trials: Sequence[Trial],
    results: Mapping[int, TrialResult],
    goal: Goal,
) -> Iterator[ParameterSample]:
    for parameter in filter(is_ordered, parameters):
        drawn = [one for one in trials if parameter.key in one.values and was_trained(results, one)]
        values: list[object] = [one.values[parameter.key] for one in drawn]
        scores = np.array([goal.score(results[one.number]) for one in drawn])
        figures = [results[one.number].figures.get(goal.metric, nan) for one in drawn]
        yield ParameterSample(parameter.key, values, scores, figures)


def _influence(sample: ParameterSample) -> Influence:
    numbers = [value for value in sample.values if is_number(value)]
    if len(numbers) < len(sample.values):
        return _influence_of_choice(sample)
    correlation = rank_correlation(np.array(numbers, dtype=float), sample.scores)
    return Influence(sample.key, abs(correlation), int(-np.sign(correlation)), None, len(numbers))


def _influence_of_choice(sample: ParameterSample) -> Influence:
    choices, count = [as_text(value) for value in sample.values], len(sample.values)
    ranks = average_ranks(sample.scores) / max(count - 1, 1)
    rows: dict[str, list[int]] = {}
    for k, choice in enumerate(choices):
        rows.setdefault(choice, []).append(k)
    mean_ranks = {choice: np.mean(ranks[some]) for choice, some in rows.items()}
    groups = {
        choice: _mean(sample.figures, rows[choice]) for choice in sorted(rows, key=mean_ranks.__getitem__)
    }
    strength = float(max(mean_ranks.values()) - min(mean_ranks.values()))
    return Influence(sample.key, strength, 0, groups, count)


def _mean(figures: Sequence[float], rows: Sequence[int]) -> float:
    """The mean of the finite figures in these rows, NaN without any."""
    finite = [figures[row] for row in rows if isfinite(figures[row])]
    return float(np.mean(finite)) if finite else nan


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's ρ: the correlation of average ranks, 0 when one of them is constant."""
    x, y = average_ranks(a), average_ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / size if size > 0 else 0.0


def average_ranks(values: Floats) -> Floats:
    """Ranks from 0; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks
