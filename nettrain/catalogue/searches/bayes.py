"""Bayesian search: Optuna's tree-structured Parzen estimator, in generations."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from math import isfinite
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from nettrain.catalogue.distributions import Distribution
from nettrain.catalogue.searches.base import (
    SMALLEST,
    Sampler,
    SearchedKey,
    SearchMethod,
    Space,
    ToldTrial,
    Values,
    generator,
    outermost_first,
    search_methods,
)
from nettrain.catalogue.settings import option
from nettrain.errors import SpecError

if TYPE_CHECKING:
    from types import ModuleType

    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, Trial

STARTING = "generation"  # names the counted numbers with which the estimator of a generation begins


class BayesSampler:
    """Trials that a Parzen estimator suggests, which knows the results of all earlier generations.

    Each generation has an estimator of its own, which begins with numbers counted by the generation, is told
    all results in the order of their trials, and is asked for the trials of the generation in their order. So
    nothing remains of how often a sweep was interrupted. To the estimator a number is its share of its
    distribution, from 0 to 1, of which it assumes at first that all are equally good; a choice is a choice.
    """

    def __init__(self, space: Space, size: int, startup: int) -> None:
        self._space, self._size, self._startup = space, size, startup
        self._asked: dict[int, list[Values]] = {}  # by generation, for the results that it was told

    def values(self, trial: int, told: Mapping[int, ToldTrial]) -> Values:
        """What is suggested for a trial; the first ones are drawn at random."""
        generation, place = divmod(trial - 1, self._size)
        first = generation * self._size + 1
        if first <= self._startup:
            return self._space.random(trial)
        if trial == first or generation not in self._asked:
            earlier = [told[number] for number in sorted(told) if number < first]
            self._asked = {generation: self._suggestions(generation, earlier)}
        return self._asked[generation][place]

    def _suggestions(self, generation: int, told: Sequence[ToldTrial]) -> list[Values]:
        """The trials of a generation."""
        goals = 1 + len(told[0].others) if told else 1
        places = [ranks(told, goal) for goal in range(goals)]
        broken = _excesses(told)
        with _quiet():
            study = self._study(generation, goals, constrained=any(broken))
            for trial, *of_goals, excess in zip(told, *places, broken, strict=True):
                study.add_trial(self._known(trial.values, of_goals, excess))
            return [self._suggested(study.ask()) for _ in range(self._size)]

    def _study(self, generation: int, goals: int, *, constrained: bool) -> "Study":
        import optuna

        # the fourth version looks at constraints only where there is a function, which it does not call here
        asked = {"constraints_func": _no_constraints} if constrained and _is_fourth(optuna) else {}
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=1,  # those of `startup` have been told
            multivariate=True,
            group=True,
            constant_liar=True,  # so that the trials of a generation differ
            seed=int(generator(self._space.seed, generation, STARTING).integers(2**32)),
            **asked,
        )
        return optuna.create_study(sampler=sampler, directions=["minimize"] * goals)

    def _suggested(self, trial: "Trial") -> Values:
        """The values of one trial, those first that others depend on."""
        values: Values = {}
        for parameter in outermost_first(self._space.parameters):
            if self._space.applies(values, parameter):
                values[parameter.key] = _suggestion(trial, parameter)
        return self._space.in_order(values)

    def _known(self, values: Values, places: Sequence[int], excess: float) -> "FrozenTrial":
        """A trial that the estimator is told of, without values that it cannot suggest.

        `places` are its ranks by each goal; an `excess` above 0 says that it breaks constraints.
        """
        import optuna

        given = [one for one in self._space.parameters if one.key in values]
        told = {one.key: _told(one.distribution, values[one.key]) for one in given}
        known = {key: value for key, value in told.items() if value is not None}
        kinds = {one.key: _kind(one.distribution) for one in given if one.key in known}
        constraints = {"system_attrs": {"constraints": [excess]}} if excess else {}
        numbers = [float(place) for place in places]
        return optuna.create_trial(values=numbers, params=known, distributions=kinds, **constraints)


def ranks(told: Sequence[ToldTrial], goal: int = 0) -> list[int]:
    """The place of each trial among all by one of the goals, from 0; equal ones share theirs.

    First come those that trained to their end, by their scores; then those ended at a rung, the later
    the better, by their scores there; those that diverged or failed are last.
    """
    keys = [_merit(one, goal) for one in told]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return [places[key] for key in keys]


def _merit(told: ToldTrial, goal: int) -> tuple[int, float, float]:
    """What trials are sorted by, the best first; one without all of its scores has none."""
    scores = (told.score, *told.others)
    if not all(map(isfinite, scores)):
        return 2, 0.0, 0.0
    if not told.pruned:
        return 0, 0.0, scores[goal]
    return 1, -float(max(told.rungs, default=0)), scores[goal]


def _excesses(told: Sequence[ToldTrial]) -> list[float]:
    """How far each trial breaks constraints, in all; where that is not known, further than all others."""
    totals = [sum(one.excesses) for one in told]
    most = max(filter(isfinite, totals), default=0.0) + 1.0
    return [total if isfinite(total) else most for total in totals]


def _no_constraints(trial: "FrozenTrial") -> tuple[float, ...]:
    """What is never called: trials are told with what they break."""
    return ()


def _is_fourth(optuna: "ModuleType") -> bool:
    return str(optuna.__version__).startswith("4.")


def _suggestion(trial: "Trial", parameter: SearchedKey) -> object:
    distribution = parameter.distribution
    if distribution.ordered:
        return distribution.draw(max(trial.suggest_float(parameter.key, 0.0, 1.0), SMALLEST))
    choices = distribution.choices()
    if len(choices) == 1:
        return choices[0]
    return choices[trial.suggest_categorical(parameter.key, [*range(len(choices))])]


def _kind(distribution: Distribution) -> "BaseDistribution":
    """What the estimator is told of a parameter."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if distribution.ordered:
        return FloatDistribution(0.0, 1.0)
    return CategoricalDistribution([*range(len(distribution.choices()))])


def _told(distribution: Distribution, value: object) -> float | int | None:
    """The share or choice that a value is, None where it is none of these."""
    if distribution.ordered:
        share = distribution.share(value)
        return None if share is None else min(max(share, 0.0), 1.0)
    choices = distribution.choices()
    return choices.index(value) if len(choices) > 1 and value in choices else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna says nothing of what it does, nor that some of it is experimental."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


@search_methods.register("bayes", source="Bergstra et al. 2011; Akiba et al. 2019")
class BayesSearch(SearchMethod):
    """Learns from earlier trials where good values lie: Optuna's tree-structured Parzen estimator.

    For searches of few trials that take long. The first `startup` trials are drawn at random; from then on
    trials are suggested in generations, each when the one before has ended. Small generations learn sooner,
    large ones train side by side. Needs `pip install 'nettrain[optuna]'`.
    """

    generation: Annotated[int, Field(ge=1)] = option(8, "trials that are suggested at a time")
    startup: Annotated[int, Field(ge=1)] = option(16, "trials that are drawn at random first")

    @property
    def size(self) -> int | None:
        return self.generation

    def check(self) -> None:
        if find_spec("optuna") is None:
            raise SpecError("sweep.method: bayes needs Optuna: pip install 'nettrain[optuna]'")

    def sampler(self, space: Space) -> Sampler:
        return BayesSampler(space, self.generation, self.startup)
