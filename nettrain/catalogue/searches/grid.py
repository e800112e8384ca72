"""All combinations."""

from collections.abc import Mapping
from itertools import islice
from typing import ClassVar

from nettrain.catalogue.searches.base import (
    Sampler,
    SearchMethod,
    Space,
    ToldTrial,
    Values,
    combinations,
    search_methods,
)


class GridSampler:
    """Every combination of the parameters' values."""

    def __init__(self, space: Space) -> None:
        self._rest = combinations(space.parameters, space.applies)
        self._known: list[Values] = []

    def values(self, trial: int, told: Mapping[int, ToldTrial]) -> Values | None:
        """The combination of this number, whatever the results; None after the last one."""
        self._known += islice(self._rest, max(trial - len(self._known), 0))
        return self._known[trial - 1] if trial <= len(self._known) else None


@search_methods.register("grid")
class GridSearch(SearchMethod):
    """Every combination of the parameters' values, the last parameter changing fastest.

    For one or two parameters whose whole picture is wanted. Every parameter needs `values`, or a distribution
    of whole numbers or in steps.
    """

    takes_steps: ClassVar[bool] = True

    def trials(self, epochs: int) -> int | None:
        return None

    def sampler(self, space: Space) -> Sampler:
        return GridSampler(space)
