"""Trials: values of searched parameters, put into the experiment and checked before the first one runs."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from nettrain.backend.choose import chosen
from nettrain.catalogue.registry import Choice
from nettrain.errors import DataError, SpecError
from nettrain.experiment.load import Change, Loaded, resolved
from nettrain.experiment.overrides import choices_along
from nettrain.experiment.search import TRIALS, Parameter, SweepSettings, parameters, sweep_of
from nettrain.experiment.settings import Experiment
from nettrain.sweep.sampler import Values, combinations, draw, outermost_first

ALONE = ("repeat", "ensemble", "snapshots")  # of `training:`: they make several networks of one experiment


@dataclass(frozen=True)
class Trial:
    """One point of the search: its number (from 1), the drawn values by key, and the experiment they make."""

    number: int
    values: Values
    experiment: Experiment
    loaded: Loaded = field(repr=False)


class Search:
    """The trials of an experiment file with a sweep block."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.settings: SweepSettings = sweep_of(loaded.experiment.sweep, loaded.document.place(()))
        self.parameters: Sequence[Parameter] = parameters(loaded.document)
        self.notes: dict[str, None] = {}
        place = loaded.experiment.backend
        self.backend = chosen(place.name, place.device)

    @property
    def total(self) -> int | None:
        """How many trials the file asks for; None for all of a grid."""
        return self.settings.trials or (None if self.settings.method == "grid" else TRIALS)

    def trials(self, total: int | None = None) -> list[Trial]:
        """All trials up to the total, the file's unless given. Raises SpecError with all problems."""
        self._refuse_ends()
        total = total or self.total
        made, wrong = [], dict[str, list[int]]()
        for number, values in enumerate(islice(self._values(), total), start=1):
            try:
                made.append(self._trial(number, values))
            except (SpecError, DataError) as error:
                for line in str(error).splitlines():
                    wrong.setdefault(line, []).append(number)
        if wrong:
            raise SpecError(f"{line} ({_named(numbers)})" for line, numbers in wrong.items())
        return made

    def _values(self) -> Iterator[Values]:
        if self.settings.method == "grid":
            yield from combinations(self.parameters, applies)
            return
        number = 0
        while True:
            number += 1
            yield draw(self.parameters, applies, seed=self.settings.seed, trial=number)

    def experiment(self, values: Values) -> Loaded:
        """The experiment with these values. Raises SpecError when it does not take them."""
        loaded, notes = self.loaded.changed(self._changes(values))
        self.notes |= dict.fromkeys(notes)
        return loaded

    def _trial(self, number: int, values: Values) -> Trial:
        loaded = self.experiment(values)
        experiment = resolved(loaded.experiment, self.backend.name)
        with loaded.placing_errors():
            _refuse_several(experiment)
        place = experiment.backend.model_copy(update={"threads": 1})
        return Trial(number, values, experiment.model_copy(update={"backend": place}), loaded)

    def _changes(self, values: Values) -> list[Change]:
        """What the values change, outermost first, each with its line of the file."""
        drawn = [one for one in outermost_first(self.parameters) if one.key in values]
        return [(one.path, deepcopy(values[one.key]), one.place) for one in drawn]

    def _refuse_ends(self) -> None:
        """Raise SpecError when the experiment does not take a parameter's extreme values."""
        wrong: dict[str, None] = {}
        for parameter in self.parameters:
            around = self._around(parameter)
            for value in parameter.distribution.ends():
                try:
                    self.experiment({**around, parameter.key: value})
                except SpecError as error:
                    wrong |= dict.fromkeys(error.problems)
        if wrong:
            raise SpecError(wrong)

    def _around(self, parameter: Parameter) -> Values:
        """Values of other parameters under which this one applies; the first ones when there are none."""
        outer = [one for one in self.parameters if _inside(parameter, one) and one is not parameter]
        found = list(combinations(outer, applies)) if outer else []
        return next((values for values in found if applies(values, parameter)), found[0] if found else {})


def applies(values: Values, parameter: Parameter) -> bool:
    """Whether a parameter has a meaning beside what is drawn: `optimizer.beta1` has none beside sgd."""
    path = parameter.key.split(".")
    kinds = dict(choices_along(parameter.path, Experiment))
    for depth in range(1, len(path)):
        block = ".".join(path[:depth])
        for key in (block, f"{block}.name"):
            drawn = key in values and key != parameter.key
            if drawn and not _knows(values[key], path[depth], kinds.get(tuple(path[:depth]))):
                return False
    return True


def _knows(drawn: Any, key: str, choice: Choice | None) -> bool:
    """Whether the drawn block, or the drawn variant, has this key."""
    if drawn is None or choice is None:
        return drawn is not None
    name = str((choice.expand(drawn) or {}).get("name"))
    return name in choice.registry and key in choice.registry[name].model_fields


def _inside(parameter: Parameter, other: Parameter) -> bool:
    """Whether the key of a parameter lies in the block that another one chooses."""
    block = other.path[:-1] if other.path[-1] == "name" else other.path
    return parameter.path[: len(block)] == block


def _named(numbers: list[int]) -> str:
    """Trials in a few words."""
    first, others = numbers[0], len(numbers) - 1
    return f"trial {first} and {others} more" if others else f"trial {first}"


def _refuse_several(experiment: Experiment) -> None:
    for name in ALONE:
        value: Any = getattr(experiment.training, name, None)
        if isinstance(value, int) and value > 1:
            raise SpecError(f"training.{name}: {value} networks for one trial do not go with a sweep")
