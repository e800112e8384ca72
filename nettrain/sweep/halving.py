"""Successive halving in brackets of consecutive trials: who goes on is decided over the whole bracket.

At each rung, an epoch, a bracket waits until every member has its figure of that epoch, or has ended before
it. Then the best ⌈n/eta⌉ of the n go on; of equals those with the lower number; who has diverged comes last.
So the members that go on depend on the figures alone, not on how many processes trained them.
Source: Jamieson & Talwalkar 2016, "Non-stochastic best arm identification".
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Segment = tuple[int, int]  # first and last trial of a sweep's beginning or of one that was made longer


@dataclass
class Bracket:
    """Trials that are compared; figures are the smaller the better, infinite when diverged."""

    trials: tuple[int, ...]
    rungs: tuple[int, ...]
    eta: float
    _figures: dict[int, dict[int, float]] = field(default_factory=dict)  # by rung, by trial
    _ended: dict[int, float] = field(default_factory=dict)
    _survivors: dict[int, tuple[int, ...]] = field(default_factory=dict)  # of each rung that is decided

    def reached(self, rung: int, trial: int, figure: float) -> None:
        """A trial has this figure at a rung."""
        self._figures.setdefault(rung, {})[trial] = figure

    def ended(self, trial: int, figure: float, reached: Iterable[tuple[int, float]] = ()) -> None:
        """A trial trains no more; a rung that it has not reached takes its last figure."""
        for rung, value in reached:
            self.reached(rung, trial, value)
        self._ended[trial] = figure

    def survivors(self, rung: int) -> tuple[int, ...] | None:
        """Who goes on after a rung, or None while a figure is missing."""
        if rung not in self._survivors:
            found = self._decide(rung)
            if found is None:
                return None
            self._survivors[rung] = found
        return self._survivors[rung]

    def _decide(self, rung: int) -> tuple[int, ...] | None:
        position = self.rungs.index(rung)
        members = self.trials if position == 0 else self.survivors(self.rungs[position - 1])
        if members is None:
            return None
        figures = {trial: self._figure(rung, trial) for trial in members}
        if None in figures.values():
            return None
        ranked = sorted(members, key=lambda trial: (worst_last(figures[trial]), trial))
        return tuple(sorted(ranked[: math.ceil(len(members) / self.eta)]))

    def _figure(self, rung: int, trial: int) -> float | None:
        return self._figures.get(rung, {}).get(trial, self._ended.get(trial))


def worst_last(figure: float | None) -> float:
    """The figure, and infinity for one that is no number."""
    return math.inf if figure is None or math.isnan(figure) else figure


def brackets(segments: Sequence[Segment], size: int, rungs: Sequence[int], eta: float) -> list[Bracket]:
    """The brackets of all trials. Each segment begins a new one: what is decided stays as it is."""
    return [
        Bracket(tuple(range(start, min(start + size, last + 1))), tuple(rungs), eta)
        for first, last in segments
        for start in range(first, last + 1, size)
    ]
