"""The `sweep:` block: what is searched, in the spelling of Weights & Biases."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.distributions import Distribution, distributions, implied
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.searches import SearchMethod, search_methods
from nettrain.catalogue.settings import Settings, expects, option
from nettrain.errors import nearest
from nettrain.experiment.document import Document, KeyPath, PlainValue
from nettrain.experiment.problems import KeyProblem, describe_errors, shortened_yaml
from nettrain.experiment.sweep_goals import FigureBounds, MetricChoice, SweepMetric, goal_problems

PARAMETERS = ("sweep", "parameters")
NOT_SEARCHED = ("sweep", "experiment", "backend")
MAX_RUNGS = 64
EXPONENTS = {"log_uniform": "log_uniform_values", "q_log_uniform": "q_log_uniform_values"}
MethodChoice = Annotated[SearchMethod, Choice(search_methods, "random")]
LARGEST_EXPONENT = 700  # e to the power of this is still a finite number


class EarlyTerminate(Settings):
    """Successive halving: at epochs min_iter·eta^i the best ⌈n/eta⌉ of the n trials in a bracket continue."""

    type: Literal["successive_halving", "hyperband"] = option(
        "successive_halving", "hyperband of Weights & Biases is run as successive halving"
    )
    min_iter: int | None = option(None, "epochs before the first comparison", ge=1)
    max_iter: int | None = option(
        None, "instead of min_iter: eta times the epochs before the last comparison", ge=1
    )
    s: int | None = option(None, "with max_iter: the number of comparisons", ge=1)
    eta: Annotated[
        Annotated[int, Field(ge=2)] | Annotated[float, Field(gt=1)], expects("a number above 1")
    ] = option(3, "one in eta trials continues")
    bracket: int = option(64, "number of consecutive trials that are compared with each other", ge=2)

    @model_validator(mode="after")
    def _one_beginning(self) -> "EarlyTerminate":
        if (self.min_iter is None) is (self.max_iter is None or self.s is None):
            raise PydanticCustomError("elsewhere", "give min_iter, or max_iter and s")
        return self

    def rungs(self, epochs: int) -> list[int]:
        """The epochs of all comparisons in a run of `epochs` epochs; there is none after the last epoch."""
        first = float(self.min_iter or max(1, self._first_from_max()))
        rungs = [round(first * self.eta**i) for i in range(MAX_RUNGS) if first * self.eta**i < epochs]
        return list(dict.fromkeys(rungs))

    def _first_from_max(self) -> int:
        return int((self.max_iter or 1) / self.eta ** (self.s or 0))


class SweepSettings(Settings):
    """A search over parameters of the experiment that contains it."""

    method: MethodChoice = option("random", "how the values of trials are chosen")
    trials: int | None = option(
        None,
        "number of trials, those of earlier runs included; null: as many as suit the method",
        ge=1,
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = option(0, "seed of the draws")
    metric: MetricChoice = option(
        {}, "what trials are compared by; of a list, the trials that no other beats in all are the front"
    )
    constraints: dict[str, object] = option(
        {}, "figures of a trial, each with at_most or at_least; a trial that breaks one is not the best"
    )
    early_terminate: EarlyTerminate | None = option(None, "stop trials that fall behind")
    parameters: dict[str, object] = Field(
        description="what is searched: dotted keys of the experiment, each with values, value, min and max, "
        "or a distribution",
        min_length=1,
    )

    @property
    def metrics(self) -> list[SweepMetric]:
        """All metrics, the first of which decides which trial is the best."""
        return self.metric if isinstance(self.metric, list) else [self.metric]

    @property
    def bounds(self) -> dict[str, FigureBounds]:
        """The constraints by the name of their figure."""
        return {name: FigureBounds.model_validate(one) for name, one in self.constraints.items()}

    @model_validator(mode="after")
    def _stopped_once(self) -> "SweepSettings":
        if self.method.stops_trials and self.early_terminate is not None:
            name = self.method.name
            raise PydanticCustomError("elsewhere", f"{name} ends trials itself, leave early_terminate out")
        return self


@dataclass(frozen=True)
class Parameter:
    """One searched key of the experiment, and its location in the file."""

    key: str
    distribution: Distribution
    location: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the key, positions in lists among them."""
        return tuple(self.key.split("."))


def parameters(document: Document) -> list[Parameter]:
    """The parameters that a validated document searches."""
    return [
        Parameter(entry.key, _distribution(entry.block), document.location(entry.path))
        for entry in _entries(document.block.get("sweep"))
        if entry.key and isinstance(entry.block, dict)
    ]


def search_problems(document: Document) -> list[KeyProblem]:
    """The problems of a search that its settings alone do not show, by their path in the document."""
    sweep = document.block.get("sweep")
    if not isinstance(sweep, dict):
        return []
    problems = list(goal_problems(sweep))
    first: dict[str, KeyPath] = {}
    for key, path, block in _entries(sweep):
        if key in first:
            text = f"searched twice, first at {document.location(first[key])}"
            problems.append(KeyProblem(path, text))
        elif "" in key.split("."):
            problems.append(KeyProblem(path, "is not a dotted key"))
        elif key.split(".")[0] in NOT_SEARCHED:
            problems.append(KeyProblem(path, "cannot be searched"))
        else:
            inner = _block_problems(block, takes_steps=_takes_steps(sweep.get("method")))
            problems += [KeyProblem((*path, *below), text) for below, text in inner]
        first.setdefault(key, path)
    return problems


class _Entry(NamedTuple):
    """One entry of `parameters:`: its dotted key of the experiment, its path in the document, its block."""

    key: str
    path: KeyPath
    block: PlainValue


def _entries(sweep: PlainValue) -> Iterator[_Entry]:
    """The searched parameters; an entry with `parameters:` of its own holds keys below its key."""

    def below(entries: PlainValue, key: tuple[str, ...], path: KeyPath) -> Iterator[_Entry]:
        if not isinstance(entries, dict):
            return
        for name, block in entries.items():
            inner = block.get("parameters") if isinstance(block, dict) and len(block) == 1 else None
            if isinstance(inner, dict):
                yield from below(inner, (*key, name), (*path, name, "parameters"))
            else:
                yield _Entry(".".join((*key, name)), (*path, name), block)

    if isinstance(sweep, dict):
        yield from below(sweep.get("parameters"), (), PARAMETERS)


def _takes_steps(method: PlainValue) -> bool:
    """Whether the method, whose settings may be wrong, goes through all values."""
    name = method.get("name") if isinstance(method, dict) else method
    entry = search_methods.get(name) if isinstance(name, str) else None
    return entry is not None and entry.takes_steps


def _block_problems(block: PlainValue, *, takes_steps: bool) -> Iterator[KeyProblem]:
    if not isinstance(block, dict):
        hint, shown = "values" if isinstance(block, list) else "value", shortened_yaml(block)
        yield KeyProblem((), f"{shown} is not a block of keys, write {{{hint}: {shown}}}")
        return
    name = _name(block)
    if isinstance(name, str) and name in EXPONENTS:
        yield KeyProblem(("distribution",), _without_exponents(name, block))
    elif name is None:
        yield KeyProblem((), "needs values, value, min and max, or a distribution")
    elif not isinstance(name, str) or name not in distributions:
        yield KeyProblem(("distribution",), f"unknown {shortened_yaml(name)}{nearest(name, distributions)}")
    else:
        yield from _distribution_problems(name, block, takes_steps=takes_steps)


def _distribution_problems(
    name: str, block: Mapping[str, PlainValue], *, takes_steps: bool
) -> Iterator[KeyProblem]:
    kind = distributions[name]
    try:
        distribution = kind.model_validate(_settings(block))
    except ValidationError as error:
        for path, text in describe_errors(error, kind):
            yield KeyProblem(path, text.replace("(allowed: name", "(allowed: distribution"))
        return
    if takes_steps and distribution.count() is None:
        yield KeyProblem((), f"{name} has no end of values, a grid needs values or a q_ distribution")


def _distribution(block: Mapping[str, PlainValue]) -> Distribution:
    return distributions[str(_name(block))].model_validate(_settings(block))


def _name(block: Mapping[str, PlainValue]) -> PlainValue:
    """The distribution that a block names, or that its keys imply."""
    return block.get("distribution") or implied(list(block), block.get("min"), block.get("max"))


def _settings(block: Mapping[str, PlainValue]) -> dict[str, PlainValue]:
    return {key: value for key, value in block.items() if key != "distribution"}


def _without_exponents(name: str, block: Mapping[str, PlainValue]) -> str:
    """How to write with the limits themselves what a block gives with exponents of e."""
    text = f'"{name}" takes exponents of e, write {EXPONENTS[name]} with the borders themselves'
    limits = [
        f"{math.exp(float(end)):.4g}"
        for end in (block.get("min"), block.get("max"))
        if isinstance(end, int | float) and abs(end) < LARGEST_EXPONENT
    ]
    return f"{text}: min: {limits[0]}, max: {limits[1]}" if len(limits) == 2 else text
