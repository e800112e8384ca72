"""Hyperband: successive halving with every trade-off between many short trainings and few long ones."""

from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from nettrain.catalogue.searches.base import BracketPlan, Sampler, SearchMethod, Space, search_methods
from nettrain.catalogue.searches.drawn import RandomSampler
from nettrain.catalogue.settings import option


@search_methods.register("hyperband", source="Li et al. 2018")
class Hyperband(SearchMethod):
    """Random draws in brackets, in each of which all but one in eta are ended at every comparison.

    Brackets differ in how early they compare: the first one begins with many trials of `min_iter` epochs, the
    last one trains few to their end. For long trainings whose first epochs say something about the last ones.
    As many trials as it draws at random cost far less. By default one round of all brackets; further trials
    begin another.
    """

    stops_trials: ClassVar[bool] = True

    eta: Annotated[int, Field(ge=2)] = option(3, "one in eta trials continues")
    min_iter: Annotated[int, Field(ge=1)] = option(1, "epochs before the first comparison, at least")

    def trials(self, epochs: int) -> int | None:
        return sum(plan.trials for plan in self.brackets(epochs))

    def sampler(self, space: Space) -> Sampler:
        return RandomSampler(space)

    def brackets(self, epochs: int) -> list[BracketPlan]:
        """Those of one round, as in the paper's Algorithm 1 with R = epochs / min_iter units."""
        most = self._most(epochs)
        return [self._bracket(epochs, halvings, most) for halvings in range(most, -1, -1)]

    def _most(self, epochs: int) -> int:
        """⌊log_eta R⌋, in whole numbers."""
        most = 0
        while self.min_iter * self.eta ** (most + 1) <= epochs:
            most += 1
        return most

    def _bracket(self, epochs: int, halvings: int, most: int) -> BracketPlan:
        trials = -(-(most + 1) * self.eta**halvings // (halvings + 1))
        rungs = tuple(round(epochs / self.eta**k) for k in range(halvings, 0, -1))
        return BracketPlan(trials, rungs, partial(_kept, self.eta))


def _kept(eta: int, trials: int) -> int:
    """⌊n/eta⌋, but one where a bracket has been cut off before it had eta trials."""
    return max(trials // eta, 1)
