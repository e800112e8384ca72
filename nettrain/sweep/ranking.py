"""How trials compare: their order, what mattered, and whether the best lies at a border."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from nettrain.errors import SpecError
from nettrain.experiment.search import Parameter
from nettrain.sweep.messages import Result
from nettrain.sweep.trials import Search, Trial

Floats = npt.NDArray[np.float64]
BORDER = 0.05  # of a range, at either end
FEWEST = 4  # trials that can show an influence


@dataclass(frozen=True)
class Goal:
    """The figure that trials are compared by."""

    metric: str
    maximize: bool

    @property
    def sign(self) -> int:
        """What the figure is multiplied by, so that the smaller is the better."""
        return -1 if self.maximize else 1

    def rank(self, result: Result) -> float:
        """The smaller the better; infinite for a trial that has diverged or failed."""
        sound = result.status in ("finished", "pruned") and self.metric in result.figures
        value = self.sign * result.figures[self.metric] if sound else inf
        return inf if np.isnan(value) else value


@dataclass(frozen=True)
class Influence:
    """How much a parameter mattered, from 0 to 1.

    Of numbers, the absolute rank correlation with the figure; `direction` is its sign: 1 when larger values
    are better. Of choices, how far apart the mean ranks of the best and the worst one are; `groups` has the
    mean figure of each.
    """

    key: str
    strength: float
    direction: int = 0
    groups: Mapping[str, float] | None = None
    trials: int = 0


def best_first(results: Sequence[Result], goal: Goal) -> list[Result]:
    """Trials that were trained to their end, of equals the first one first; a pruned one would not repeat."""
    finished = [one for one in results if one.status == "finished" and goal.rank(one) < inf]
    return sorted(finished, key=lambda one: (goal.rank(one), one.trial))


def influences(
    parameters: Sequence[Parameter], trials: Sequence[Trial], results: Mapping[int, Result], goal: Goal
) -> list[Influence]:
    """What each parameter did to the figure, the strongest first; none of those with too few trials."""
    found = []
    for parameter in filter(ordered, parameters):
        drawn = [one for one in trials if parameter.key in one.values and one.number in results]
        values = [one.values[parameter.key] for one in drawn]
        if len(drawn) < FEWEST or len({str(value) for value in values}) < 2:
            continue
        ranks = np.array([goal.rank(results[one.number]) for one in drawn])
        figures = [results[one.number].figures.get(goal.metric, np.nan) for one in drawn]
        found.append(_influence(parameter.key, values, ranks, figures))
    return sorted(found, key=lambda one: -one.strength)


def ordered(parameter: Parameter) -> bool:
    """Whether its values mean anything beside each other: those of seeds do not."""
    return not parameter.key.endswith("seed")


def _influence(key: str, values: list[Any], ranks: Floats, figures: list[float]) -> Influence:
    if all(is_number(value) for value in values):
        correlation = rank_correlation(np.array(values, dtype=float), ranks)
        return Influence(key, abs(correlation), int(-np.sign(correlation)), None, len(values))
    names = [spelled(value) for value in values]
    places = average_ranks(ranks) / max(len(ranks) - 1, 1)
    means = {name: np.mean([p for p, n in zip(places, names, strict=True) if n == name]) for name in names}
    groups = {
        name: float(
            np.mean(
                [f for f, n in zip(figures, names, strict=True) if n == name and np.isfinite(f)] or [np.nan]
            )
        )
        for name in sorted(means, key=means.__getitem__)
    }
    return Influence(key, float(max(means.values()) - min(means.values())), 0, groups, len(values))


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's ρ: the correlation of average ranks, 0 when one of them never changes."""
    x, y = average_ranks(a), average_ranks(b)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / size if size > 0 else 0.0


def average_ranks(values: Floats) -> Floats:
    """Ranks from 0; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    ranks: Floats = (last - (counts - 1) / 2)[inverse]
    return ranks


def at_border(search: Search, values: Mapping[str, Any]) -> list[str]:
    """A line for each number of the best trial that lies at the end of its range, if the range could grow."""
    lines = []
    for parameter in filter(ordered, search.parameters):
        end = _end(parameter, values.get(parameter.key))
        if end is not None and _could_go_on(search, parameter, values, upper=end == 1):
            name = "upper" if end == 1 else "lower"
            value = f"{values[parameter.key]:.4g}"
            lines.append(f"{parameter.key}: the best, {value}, lies at the {name} border; search beyond it")
    return lines


def _end(parameter: Parameter, value: Any) -> int | None:
    """0 or 1 when the value lies at the lower or upper end."""
    made = parameter.distribution
    if not is_number(value):
        return None
    position = made.position(value)
    if position is None:
        steps = made.steps() or []
        numbers = [step for step in steps if is_number(step)]
        if len(steps) < 3 or len(numbers) < len(steps):
            return None
        position = 0.0 if value == min(numbers) else 1.0 if value == max(numbers) else 0.5
    return 0 if position <= BORDER else 1 if position >= 1 - BORDER else None


def _could_go_on(search: Search, parameter: Parameter, values: Mapping[str, Any], *, upper: bool) -> bool:
    """Whether the experiment takes a value beyond the border: dropout does not go below 0."""
    made = parameter.distribution
    ends = [end for end in made.ends() if is_number(end)]
    beyond = _beyond(max(ends), upper=True) if upper else _beyond(min(ends), upper=False)
    try:
        search.experiment({**values, parameter.key: beyond})
    except SpecError:
        return False
    return True


def _beyond(end: float, *, upper: bool) -> float:
    if isinstance(end, int):
        return end + 1 if upper else end - 1
    return end + abs(end) * 1e-3 if upper else end - abs(end) * 1e-3 - (1e-9 if end == 0 else 0)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number: they have an order."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def spelled(value: Any) -> str:
    """A drawn value in a cell: numbers in their shortest exact form, blocks and lists on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {spelled(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
