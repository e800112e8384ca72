"""Populations whose networks take over the weights of others at rungs, as population-based training has it.

Who takes over what follows from the scores at each rung, which the results of all trials hold. So it is not
stored: it is computed again from the journal whenever it is needed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from nettrain.catalogue.searches import Exchange, Values
from nettrain.experiment.settings import Experiment
from nettrain.sweep.halving import Bracket, nan_last

Exchanging = Callable[[int, Mapping[int, Values], Mapping[int, float]], dict[int, Exchange]]
Making = Callable[[Mapping[int, Values]], dict[int, Experiment]]


@dataclass(frozen=True)
class TakenOver:
    """After an epoch, a trial has taken over the weights of a parent, and goes on with these values."""

    epoch: int
    trial: int
    parent: int
    values: Values


def nothing_made(values: Mapping[int, Values]) -> dict[int, Experiment]:
    """The default of `make`."""
    raise NotImplementedError("the sweep says how experiments are made")


@dataclass
class EvolvingBracket(Bracket):
    """A population: trials begin with `first_values`, `exchange` decides, `make` makes experiments of values.

    Nothing of a rung is to be asked before the scores of all trials are known there.
    """

    first_values: Mapping[int, Values] = field(kw_only=True)
    exchange: Exchanging = field(kw_only=True)
    make: Making = nothing_made
    ended: bool = False
    _taken_over: dict[int, list[TakenOver]] = field(default_factory=dict)  # by rung

    def taken_over(self, rung: int) -> list[TakenOver]:
        """Who takes over whose weights at a rung; trials that have no score there have diverged."""
        if rung not in self._taken_over:
            place = self.rungs.index(rung)
            values = self.values_after(self.rungs[place - 1]) if place else dict(self.first_values)
            known = self._scores.get(rung, {})
            scores = {trial: nan_last(known.get(trial, inf)) for trial in self.trials}
            exchanges = self.exchange(rung, values, scores)
            self._taken_over[rung] = [
                TakenOver(rung, trial, one.parent, one.values) for trial, one in exchanges.items()
            ]
        return self._taken_over[rung]

    def values_after(self, rung: int) -> dict[int, Values]:
        """The values of all trials after a rung."""
        values = dict(self.first_values)
        for earlier in self.rungs[: self.rungs.index(rung) + 1]:
            values |= {one.trial: one.values for one in self.taken_over(earlier)}
        return values

    def history(self) -> list[TakenOver]:
        """All that was taken over, rung by rung."""
        return [one for rung in self.rungs for one in self.taken_over(rung)]

    def last_values(self) -> dict[int, Values]:
        """The values with which the trials came to their end."""
        return self.values_after(self.rungs[-1]) if self.rungs else dict(self.first_values)
