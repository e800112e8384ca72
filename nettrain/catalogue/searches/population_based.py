"""Population-based training: networks that do badly go on from those that do well, with other numbers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from nettrain.catalogue.searches.base import (
    BracketPlan,
    Exchange,
    Sampler,
    SearchedKey,
    SearchMethod,
    Space,
    Values,
    generator,
    search_methods,
)
from nettrain.catalogue.searches.drawn import RandomSampler
from nettrain.catalogue.settings import option

FACTORS = (0.8, 1.2)  # by which numbers are perturbed
TENTH = 10  # of the epochs are an interval, unless it is given


@search_methods.register("pbt", source="Jaderberg et al. 2017")
class PopulationBased(SearchMethod):
    """Population-based training: the worst networks take over the weights of the best, with other numbers.

    For numbers that should change in the course of a training, such as learning rates; what is found is a
    network and how its numbers changed, not a setting to train again. Every `interval` epochs the worst
    `share` of each population copies one of the best, and each of its numbers is multiplied by 0.8 or 1.2 or,
    with probability `resample`, drawn anew. Takes numbers in which networks of a population may differ.
    """

    stops_trials: ClassVar[bool] = True
    evolves: ClassVar[bool] = True

    population: Annotated[int, Field(ge=4)] = option(16, "networks that are compared, and train side by side")
    interval: Annotated[int, Field(ge=1)] | None = option(
        None, "epochs between two comparisons; null: a tenth of all"
    )
    share: Annotated[float, Field(gt=0, le=0.5)] = option(0.2, "of a population that copies others")
    resample: Annotated[float, Field(ge=0, le=1)] = option(0.25, "probability of drawing a number anew")

    def sampler(self, space: Space) -> Sampler:
        return RandomSampler(space)

    def brackets(self, epochs: int) -> list[BracketPlan]:
        """Populations, of which all networks train to the end."""
        interval = self.interval or max(epochs // TENTH, 1)
        return [BracketPlan(self.population, tuple(range(interval, epochs, interval)), _all)]

    def exchange(
        self, space: Space, rung: int, values: Mapping[int, Values], scores: Mapping[int, float]
    ) -> dict[int, Exchange]:
        """Who takes over whose weights after an epoch, by trial; those that are not there go on as they are.

        Networks that have diverged always take over another's.
        """
        ranked = sorted(scores, key=lambda trial: (scores[trial], trial))
        sound = [trial for trial in ranked if np.isfinite(scores[trial])]
        count = min(max(round(self.share * len(ranked)), 1), len(ranked) // 2)
        best, worst = sound[:count], ranked[len(ranked) - count :]
        taking = [trial for trial in ranked if (trial in worst or trial not in sound) and trial not in best]
        return {trial: self._taken(space, rung, trial, best, values) for trial in sorted(taking) if best}

    def _taken(
        self, space: Space, rung: int, trial: int, best: Sequence[int], values: Mapping[int, Values]
    ) -> Exchange:
        numbers = generator(space.seed, trial, f"{rung} parent")
        parent = best[int(numbers.integers(len(best)))]
        return Exchange(parent, self._explored(space, rung, trial, values[parent]))

    def _explored(self, space: Space, rung: int, trial: int, values: Values) -> Values:
        """The values of a parent, each perturbed or drawn anew."""
        found = dict(values)
        for parameter in space.parameters:
            if parameter.key in values:
                u, v, w = generator(space.seed, trial, f"{rung} {parameter.key}").random(3).tolist()
                if u < self.resample:
                    found[parameter.key] = parameter.distribution.draw(v)
                else:
                    found[parameter.key] = _perturbed(parameter, values[parameter.key], FACTORS[w < 0.5])
        return found


def _perturbed(parameter: SearchedKey, value: object, factor: float) -> object:
    """A number times a factor, within its range; of a list of values the neighbour."""
    distribution = parameter.distribution
    if not distribution.ordered:
        choices = distribution.choices()
        place = choices.index(value) + (1 if factor > 1 else -1)
        return choices[min(max(place, 0), len(choices) - 1)]
    assert isinstance(value, int | float)
    share = distribution.share(value * factor)
    return distribution.draw(0.5 if share is None else share)


def _all(trials: int) -> int:
    return trials
