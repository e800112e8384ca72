"""What a method of search is: a sampler, which chooses the values of trials, and which of them it ends early.

Conventions: trials are numbered from 1. The values of trial k are a function of the sweep's seed, of k and,
where a method has generations, of the results of all trials in the generations before that of k. So they
depend on neither the number of trials nor that of processes, nor on which trial ended first, and an
interrupted sweep goes on with the same ones. `uniform` is a number in (0, 1) that is counted, not consumed:
its key is the seed, its counter the trial and the name of the parameter, so that it depends on no other trial
and no other parameter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar, Protocol

import numpy as np

from nettrain.catalogue.distributions import Distribution
from nettrain.catalogue.registry import Registry, Variant

search_methods: Registry["SearchMethod"] = Registry("search method")

SEARCH = 5  # number of the purpose of these draws
SMALLEST = 2.0**-54  # in place of 0, where a normal distribution has no value
TRIALS = 64  # of a search, unless the file says otherwise

Values = dict[str, object]  # by the dotted key of the parameter


class SearchedKey(Protocol):
    """A searched key of the experiment."""

    @property
    def key(self) -> str: ...

    @property
    def distribution(self) -> Distribution: ...


Applies = Callable[[Values, SearchedKey], bool]


@dataclass(frozen=True)
class Space:
    """What is searched; `applies` says whether a parameter has a meaning beside the values chosen so far."""

    parameters: Sequence[SearchedKey]
    applies: Applies
    seed: int

    def draw(self, uniforms: Callable[[str], float]) -> Values:
        """The values at these numbers in (0, 1), one for each key; without parameters that do not apply."""
        values: Values = {}
        for parameter in outermost_first(self.parameters):
            if self.applies(values, parameter):
                values[parameter.key] = parameter.distribution.draw(uniforms(parameter.key))
        return self.in_order(values)

    def random(self, trial: int) -> Values:
        """An independent draw for each trial."""
        return self.draw(lambda key: uniform(self.seed, trial, key))

    def in_order(self, values: Values) -> Values:
        """The values in the order in which the file lists their parameters."""
        return {one.key: values[one.key] for one in self.parameters if one.key in values}


@dataclass(frozen=True)
class ToldTrial:
    """The result of an earlier trial: of scores the smaller is the better, diverged and failed are infinite.

    `rungs` has the score at each epoch at which it was compared with others; `pruned` says that it was ended
    there. `others` are the scores by further goals, equally many for each trial. `excesses` say how far each
    constraint is broken, 0 where it is not, infinite where that is not known.
    """

    values: Values
    score: float
    rungs: Mapping[int, float]
    pruned: bool
    others: tuple[float, ...] = ()
    excesses: tuple[float, ...] = ()


class Sampler(Protocol):
    """Where the values of trials come from."""

    def values(self, trial: int, told: Mapping[int, ToldTrial]) -> Values | None:
        """The values of a trial, None where there are no more.

        `told` are results of earlier trials by number, those of all earlier generations among them.
        """
        ...


@dataclass(frozen=True)
class BracketPlan:
    """So many consecutive trials, which are compared at these epochs: after each, `keep(n)` of n go on."""

    trials: int
    rungs: tuple[int, ...]
    keep: Callable[[int], int]


@dataclass(frozen=True)
class Exchange:
    """A trial takes over the weights of a parent, and goes on with these values."""

    parent: int
    values: Values


class SearchMethod(Variant):
    """How the values of trials are chosen.

    `takes_steps` says that it takes every parameter value by value, `stops_trials` that it compares trials in
    brackets of its own, so that the sweep needs no `early_terminate`, and `evolves` that trials of a bracket
    take over the weights of others there.
    """

    takes_steps: ClassVar[bool] = False
    stops_trials: ClassVar[bool] = False
    evolves: ClassVar[bool] = False

    @property
    def size(self) -> int | None:
        """The trials of a generation; None where no trial depends on the results of others."""
        return None

    def trials(self, epochs: int) -> int | None:
        """How many trials there are where the file does not say; None: all that there are."""
        return TRIALS

    def check(self) -> None:
        """Raise SpecError when it needs what is not installed."""

    def sampler(self, space: Space) -> Sampler:
        """Where the values of trials come from."""
        raise NotImplementedError

    def brackets(self, epochs: int) -> list[BracketPlan]:
        """The brackets of the first trials, which repeat, in trainings of so many epochs; none: no rungs."""
        return []

    def exchange(
        self, space: Space, rung: int, values: Mapping[int, Values], scores: Mapping[int, float]
    ) -> dict[int, Exchange]:
        """Which trials of a bracket take over the weights of others after an epoch, of one that `evolves`."""
        return {}


def uniform(seed: int, trial: int, key: str) -> float:
    """A number in (0, 1) for one parameter of one trial."""
    return max(float(generator(seed, trial, key).random()), SMALLEST)


def generator(seed: int, trial: int, key: str) -> np.random.Generator:
    """The numbers of one parameter and one trial."""
    name = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little")
    bits = np.random.Philox(key=[seed, SEARCH], counter=np.array([0, 0, name, trial], np.uint64))
    return np.random.Generator(bits)


def combinations(parameters: Sequence[SearchedKey], applies: Applies) -> Iterator[Values]:
    """Every combination of the parameters' values, the last parameter changing fastest."""

    def below(values: Values, rest: Sequence[SearchedKey]) -> Iterator[Values]:
        if not rest:
            yield {one.key: values[one.key] for one in parameters if one.key in values}
        elif not applies(values, rest[0]):
            yield from below(values, rest[1:])
        else:
            for value in rest[0].distribution.steps() or ():
                yield from below({**values, rest[0].key: value}, rest[1:])

    yield from below({}, outermost_first(parameters))


def outermost_first(parameters: Sequence[SearchedKey]) -> list[SearchedKey]:
    """The parameters, those first that others depend on: `optimizer.name` before `optimizer.beta1`."""

    def depth(parameter: SearchedKey) -> int:
        parts = parameter.key.split(".")
        return len(parts) - (parts[-1] == "name")

    return sorted(parameters, key=depth)
