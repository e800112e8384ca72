"""Independent draws."""

from collections.abc import Mapping
from dataclasses import dataclass

from nettrain.catalogue.searches.base import Sampler, SearchMethod, Space, ToldTrial, Values, search_methods


@dataclass(frozen=True)
class RandomSampler:
    """Independent draws, without end."""

    space: Space

    def values(self, trial: int, told: Mapping[int, ToldTrial]) -> Values:
        """The draw of this number, whatever the results."""
        return self.space.random(trial)


@search_methods.register("random", source="Bergstra & Bengio 2012")
class RandomSearch(SearchMethod):
    """Independent draws from the distributions.

    What the others are measured by: it needs no assumption, its trials all train side by side, and a sweep
    can always be made longer.
    """

    def sampler(self, space: Space) -> Sampler:
        return RandomSampler(space)
