"""The search space, and its trials: drawn values in an experiment, validated before the first one trains."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from nettrain.backend.choose import choose_backend
from nettrain.backend.device import format_bytes
from nettrain.backend.host_memory import obtainable_memory
from nettrain.catalogue.members import grouping_key
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.searches import (
    SearchedKey,
    Space,
    ToldTrial,
    Values,
    combinations,
    outermost_first,
)
from nettrain.errors import DataError, SpecError
from nettrain.experiment.default_search import search_of
from nettrain.experiment.document import PlainValue
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.overrides import Change, choices_along
from nettrain.experiment.resolution import rate_is_auto, resolve
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_settings import Parameter, SweepSettings

NOTHING: Mapping[int, Values] = {}
UNTOLD: Mapping[int, ToldTrial] = {}
EPOCHS = "training.epochs"
LISTED_BYTES, FEW = 10_000, 5000  # of a trial before it trains; trials between two looks at the memory left
ENDINGS = ("early_stopping", "convergence", "target", "max_seconds")  # keys of `training:` that end it early
SEVERAL = ("repeat", "ensemble", "snapshots")  # keys of `training:` that make several networks of a trial


@dataclass(frozen=True)
class Trial:
    """One point of the search space: its number (from 1), its values, and the experiment they make."""

    number: int
    values: Values
    experiment: Experiment
    loaded: LoadedExperiment = field(repr=False)


class SearchSpace:
    """The search space of an experiment file; `notes` collect which settings its trials drop.

    Without a `sweep` block, the default ranges are searched, which a note says. Raises SpecError when the
    file has neither a block nor validation rows.
    """

    def __init__(self, loaded: LoadedExperiment) -> None:
        self.loaded = loaded
        search = search_of(loaded)
        self.settings: SweepSettings = search.settings
        self.parameters: Sequence[Parameter] = search.parameters
        self.notes: dict[str, None] = {search.note: None} if search.note else {}
        backend = loaded.experiment.backend
        self.backend = choose_backend(backend.name, backend.device)
        self.method = self.settings.method
        with loaded.locating_errors():
            self.method.check()
        self._refuse_varying_epochs()
        self.space = Space(self.parameters, applies, self.settings.seed)
        self.sampler = self.method.sampler(self.space)

    @property
    def epochs(self) -> int:
        """The epochs of a training, unless they are searched."""
        return self.loaded.experiment.training.epochs

    @property
    def total(self) -> int | None:
        """How many trials the file asks for; None for a whole grid."""
        return self.settings.trials or self.method.trials(self.epochs)

    def trials(self, total: int | None = None, chosen: Mapping[int, Values] = NOTHING) -> list[Trial]:
        """The first `total` trials, by default as many as the file asks for.

        `chosen` has the values of those that are not drawn. Raises SpecError with all problems of all trials.
        """
        self._check_extremes()
        if self.method.evolves:
            refuse_what_cannot_evolve(self)
        last = self.total if total is None else total
        if last is not None:
            self._refuse_without_room(last * LISTED_BYTES, f"{last:,} trials take")
        elif (least := self._fewest_of_grid()) > 1:
            self._refuse_without_room(
                least * LISTED_BYTES,
                f"a grid of {least:,} combinations or more takes",
                "lower the number of values, or say how many of them to try",
            )
        return self.numbered(count(1) if last is None else range(1, last + 1), chosen)

    def numbered(
        self,
        numbers: Iterable[int],
        chosen: Mapping[int, Values] = NOTHING,
        told: Mapping[int, ToldTrial] = UNTOLD,
    ) -> list[Trial]:
        """The trials of these numbers, fewer where a grid ends; `told` are the results of earlier ones.

        Raises SpecError with all problems of all of them.
        """
        trials: list[Trial] = []
        problems: dict[str, list[int]] = {}
        for number, values in self._values(numbers, chosen, told):
            if len(trials) % FEW == FEW - 1:
                self._refuse_without_room(FEW * LISTED_BYTES, f"the trials after {number:,} others take")
            try:
                trials.append(self._trial(number, values))
            except (SpecError, DataError) as error:
                for line in str(error).splitlines():
                    problems.setdefault(line, []).append(number)
        if problems:
            raise SpecError(f"{line} ({list_briefly(numbers)})" for line, numbers in problems.items())
        return trials

    def _fewest_of_grid(self) -> int:
        """How many combinations a grid has at least: those of the parameters that depend on no other."""
        counts = (
            one.distribution.count() or 1
            for one in self.parameters
            if not any(_is_inside(one, other) for other in self.parameters if other is not one)
        )
        return math.prod(counts)

    def _refuse_without_room(self, size: int, what: str, hint: str = "search fewer, also of a grid") -> None:
        """Raise SpecError when trials cannot even be listed in the memory that is there."""
        there = obtainable_memory()
        if size > there:
            with self.loaded.locating_errors():
                raise SpecError(
                    f"sweep.trials: {what} at least {format_bytes(size)} of memory, "
                    f"{format_bytes(there)} are free; {hint}"
                )

    def with_values(self, values: Values) -> LoadedExperiment:
        """The experiment with these values. Raises SpecError when they are not valid."""
        loaded, notes = self.loaded.with_changes(self._changes(values))
        self.notes |= dict.fromkeys(notes)
        return loaded

    def _values(
        self, numbers: Iterable[int], chosen: Mapping[int, Values], told: Mapping[int, ToldTrial]
    ) -> Iterator[tuple[int, Values]]:
        """The values of these trials, until there are no more."""
        for number in numbers:
            values = chosen[number] if number in chosen else self.sampler.values(number, told)
            if values is None:
                return
            yield number, values

    def _trial(self, number: int, values: Values) -> Trial:
        loaded = self.with_values(values)
        experiment = resolve(loaded.experiment, self.backend.name)
        with loaded.locating_errors():
            _refuse_several_networks(experiment)
            _refuse_auto_rate(experiment)
        backend = experiment.backend.model_copy(update={"threads": 1})
        return Trial(number, values, experiment.model_copy(update={"backend": backend}), loaded)

    def _changes(self, values: Values) -> list[Change]:
        """The changes that set these values, outermost first, each with its location in the file."""
        locations = {one.key: one.location for one in self.parameters}
        searched = [one.key for one in outermost_first(self.parameters) if one.key in values]
        return [Change(key, cast("PlainValue", deepcopy(values[key])), locations[key]) for key in searched]

    def _check_extremes(self) -> None:
        """Raise SpecError when the extreme values of a parameter are not valid."""
        problems: dict[str, None] = {}
        for parameter in self.parameters:
            others = self._values_around(parameter)
            for value in parameter.distribution.ends():
                try:
                    self.with_values({**others, parameter.key: value})
                except SpecError as error:
                    problems |= dict.fromkeys(error.problems)
        if problems:
            raise SpecError(problems)

    def _refuse_varying_epochs(self) -> None:
        for one in self.parameters:
            if self.method.stops_trials and one.key == EPOCHS:
                text = f"does not go with {self.method.name}, which compares trials at epochs of its own"
                raise SpecError(f"{one.location}: {EPOCHS}: {text}")

    def _values_around(self, parameter: Parameter) -> Values:
        """Values of enclosing parameters with which this one applies, or else their first values."""
        outer = [one for one in self.parameters if _is_inside(parameter, one) and one is not parameter]
        candidates = list(combinations(outer, applies)) if outer else []
        fitting = (values for values in candidates if applies(values, parameter))
        return next(fitting, candidates[0] if candidates else {})


def applies(values: Values, parameter: SearchedKey) -> bool:
    """Whether a parameter has a meaning beside the values drawn so far: `optimizer.beta1` has none in sgd."""
    parts = parameter.key.split(".")
    choices = dict(choices_along(parameter.key, Experiment))
    for depth in range(1, len(parts)):
        block = ".".join(parts[:depth])
        choice = choices.get(block)
        for key in (block, f"{block}.name"):
            if key in values and key != parameter.key and not _has_key(values[key], parts[depth], choice):
                return False
    return True


def _has_key(value: object, key: str, choice: Choice | None) -> bool:
    """Whether the block, the list or the variant that was drawn has this key."""
    if isinstance(value, list):
        return key.isdecimal() and int(key) < len(value)
    if value is None or choice is None:
        return value is not None
    block: Mapping[str, PlainValue] = choice.expand(value) or {}
    name = str(block.get("name"))
    return name in choice.registry and key in choice.registry[name].model_fields


def _is_inside(parameter: Parameter, other: Parameter) -> bool:
    """Whether the key of a parameter lies in the block that another one chooses."""
    block = other.parts[:-1] if other.parts[-1] == "name" else other.parts
    return parameter.parts[: len(block)] == block


def list_briefly(numbers: Sequence[int]) -> str:
    """`trial 3`, or `trial 3 and 5 more`."""
    first, others = numbers[0], len(numbers) - 1
    return f"trial {first} and {others} more" if others else f"trial {first}"


def _refuse_several_networks(experiment: Experiment) -> None:
    for name in SEVERAL:
        count: int = getattr(experiment.training, name)
        if count > 1:
            raise SpecError(f"training.{name}: {count} networks for one trial do not go with a sweep")


def _refuse_auto_rate(experiment: Experiment) -> None:
    if rate_is_auto(experiment):
        text = "auto tests 32 rates for each network, in a sweep search them: sweep.parameters"
        raise SpecError(f"optimizer.learning_rate: {text}.optimizer.learning_rate, or write a number")


def refuse_what_cannot_evolve(space: SearchSpace) -> None:
    """Raise SpecError for settings with which networks cannot take over each other's weights."""
    name, training = space.method.name, space.loaded.experiment.training
    with space.loaded.locating_errors():
        if space.loaded.experiment.data.folds is not None:
            text = "which finds a network, not settings to train again: search by data.validation"
            raise SpecError(f"data.folds: does not go with {name}, {text}")
        for key in ENDINGS:
            if getattr(training, key):
                raise SpecError(
                    f"training.{key}: does not go with {name}, which trains all to the last epoch"
                )
    for one in space.parameters:
        if one.key.endswith("seed") or len(_keys_of(space, one)) > 1:
            text = f"does not go with {name}: networks of a population cannot differ in it"
            raise SpecError(f"{one.location}: {one.key}: {text}".removeprefix(": "))


def _keys_of(space: SearchSpace, parameter: Parameter) -> set[str]:
    """The grouping keys of experiments with the extreme values of a parameter."""
    made = [space.with_values({parameter.key: value}) for value in parameter.distribution.ends()]
    return {grouping_key(resolve(one.experiment, space.backend.name)) for one in made}
