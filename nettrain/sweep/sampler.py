"""The values of a trial, as a function of the search space and the trial's number alone.

A draw is counted, not consumed: its key is the sweep's seed, its counter the trial and the name of the
parameter. So it does not depend on which other trials are drawn, or on which other parameters there are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Protocol

import numpy as np

from nettrain.experiment.sweep_settings import Parameter
from nettrain.sweep.values import Values

SEARCH = 5  # number of the purpose of these draws
SMALLEST = 2.0**-54  # in place of 0, where a normal distribution has no value

Applies = Callable[[Values, Parameter], bool]


def uniform(seed: int, trial: int, key: str) -> float:
    """A number in (0, 1) for one parameter of one trial."""
    name = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little")
    bits = np.random.Philox(key=[seed, SEARCH], counter=np.array([0, 0, name, trial], np.uint64))
    return max(float(np.random.Generator(bits).random()), SMALLEST)


class Sampler(Protocol):
    """Where the values of trials come from."""

    def values(self, trial: int, scores: Mapping[int, float]) -> Values | None:
        """The values of a trial (from 1), None where there are no more.

        `scores` are those of earlier trials, of which the smaller is the better.
        """
        ...

    @property
    def repeats(self) -> bool:
        """Whether it gives a trial the same values whenever it is asked, so that nobody need keep them."""
        ...


@dataclass(frozen=True)
class RandomSampler:
    """Independent draws, without end."""

    parameters: Sequence[Parameter]
    applies: Applies
    seed: int

    def values(self, trial: int, scores: Mapping[int, float]) -> Values:
        """The draw of this number, whatever the scores."""
        return draw(self.parameters, self.applies, seed=self.seed, trial=trial)

    @property
    def repeats(self) -> bool:
        """A draw is a function of its number."""
        return True


class GridSampler:
    """Every combination of the parameters' values."""

    def __init__(self, parameters: Sequence[Parameter], applies: Applies) -> None:
        self._rest = combinations(parameters, applies)
        self._known: list[Values] = []

    def values(self, trial: int, scores: Mapping[int, float]) -> Values | None:
        """The combination of this number, whatever the scores; None after the last one."""
        self._known += islice(self._rest, max(trial - len(self._known), 0))
        return self._known[trial - 1] if trial <= len(self._known) else None

    @property
    def repeats(self) -> bool:
        """The order of the combinations is fixed."""
        return True


def draw(parameters: Sequence[Parameter], applies: Applies, *, seed: int, trial: int) -> Values:
    """The values of one trial (from 1), without parameters that do not apply beside the other values."""
    values: Values = {}
    for parameter in outermost_first(parameters):
        if applies(values, parameter):
            values[parameter.key] = parameter.distribution.draw(uniform(seed, trial, parameter.key))
    return in_order(values, parameters)


def combinations(parameters: Sequence[Parameter], applies: Applies) -> Iterator[Values]:
    """Every combination of the parameters' values, the last parameter changing fastest."""

    def below(values: Values, rest: Sequence[Parameter]) -> Iterator[Values]:
        if not rest:
            yield in_order(values, parameters)
        elif not applies(values, rest[0]):
            yield from below(values, rest[1:])
        else:
            made = rest[0].distribution
            for value in made.steps() or []:
                yield from below({**values, rest[0].key: value}, rest[1:])

    yield from below({}, outermost_first(parameters))


def outermost_first(parameters: Sequence[Parameter]) -> list[Parameter]:
    """The parameters, those first that others depend on: `optimizer.name` before `optimizer.beta1`."""
    return sorted(parameters, key=lambda one: len(one.parts) - (one.parts[-1] == "name"))


def in_order(values: Values, parameters: Sequence[Parameter]) -> Values:
    """The values in the order in which the file lists their parameters."""
    return {one.key: values[one.key] for one in parameters if one.key in values}
