"""The `sweep:` block: what is searched, in the spelling of Weights & Biases."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.distributions import Distribution, distributions, implied
from nettrain.catalogue.settings import Settings, expects, option
from nettrain.errors import SpecError, nearest
from nettrain.experiment.document import Document, Path
from nettrain.experiment.problems import in_words, shown

SWEEP = ("sweep",)
PARAMETERS = ("sweep", "parameters")
TRIALS = 64  # of a random search, unless told
EXPONENTS = {"log_uniform": "log_uniform_values", "q_log_uniform": "q_log_uniform_values"}
LARGEST_EXPONENT = 700  # e to this is still a number


def _built(method: str) -> str:
    if method == "bayes":
        raise PydanticCustomError("unbuilt", '"bayes" is not here, use random or grid')
    return method


class SweepMetric(Settings):
    """The figure by which trials are compared."""

    name: str = option("val_loss", "a figure of the end: val_ or train_ and loss or a metric")
    goal: Literal["minimize", "maximize"] | None = option(None, "null is the better direction of the figure")


class EarlyTerminate(Settings):
    """Successive halving: at epochs min_iter·eta^i the best ⌈n/eta⌉ of a bracket's n trials go on."""

    type: Literal["successive_halving", "hyperband"] = option(
        "successive_halving", "hyperband of Weights & Biases is run as successive halving"
    )
    min_iter: int | None = option(None, "epochs before the first comparison", ge=1)
    max_iter: int | None = option(None, "in place of min_iter: epochs of the last comparison times eta", ge=1)
    s: int | None = option(None, "with max_iter: how many comparisons", ge=1)
    eta: Annotated[Annotated[int, Field(ge=2)] | float, expects("a number above 1")] = option(
        3, "one in so many goes on"
    )
    bracket: int = option(64, "consecutive trials that are compared with each other", ge=2)

    @model_validator(mode="after")
    def _one_beginning(self) -> "EarlyTerminate":
        if self.eta <= 1:
            raise PydanticCustomError("elsewhere", "eta is not above 1")
        if (self.min_iter is None) is (self.max_iter is None or self.s is None):
            raise PydanticCustomError("elsewhere", "give min_iter, or max_iter and s")
        return self

    def rungs(self, epochs: int) -> list[int]:
        """The epochs of all comparisons in a run of so many epochs; none at its end."""
        first = float(self.min_iter or max(1, self._from_max()))
        found = [round(first * self.eta**i) for i in range(64) if first * self.eta**i < epochs]
        return list(dict.fromkeys(found))

    def _from_max(self) -> int:
        return int((self.max_iter or 1) / self.eta ** (self.s or 0))


class SweepSettings(Settings):
    """A search over parameters of the experiment around it."""

    method: Annotated[Literal["random", "grid", "bayes"], AfterValidator(_built)] = option(
        "random", "random draws, or all combinations"
    )
    trials: int | None = option(
        None, f"in all, those of earlier runs included; null is {TRIALS}, of a grid all of it", ge=1
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = option(0, "of the draws")
    metric: SweepMetric = option({}, "what is compared")
    early_terminate: EarlyTerminate | None = option(None, "stop trials that are behind")
    parameters: dict[str, Any] = Field(
        description="what is searched: dotted keys of the experiment, each with values, value, min and max, "
        "or a distribution",
        min_length=1,
    )


@dataclass(frozen=True)
class Parameter:
    """One searched key of the experiment, and where the file says so."""

    key: str
    distribution: Distribution
    place: str = ""

    @property
    def path(self) -> Path:
        return tuple(self.key.split("."))


def parameters(document: Document) -> list[Parameter]:
    """What a checked document searches."""
    blocks = _blocks((document.values or {}).get("sweep") or {}, PARAMETERS)
    return [
        Parameter(key, _distribution(block), document.place(place)) for key, place, block in blocks if key
    ]


def search_problems(document: Document) -> list[tuple[Path, str]]:
    """What is wrong with the searched parameters: the key in the document and a text."""
    sweep = document.values.get("sweep")
    if not isinstance(sweep, dict) or not isinstance(sweep.get("parameters"), dict):
        return []
    found: list[tuple[Path, str]] = []
    first: dict[str, Path] = {}
    for key, place, block in _blocks(sweep, PARAMETERS):
        if key in first:
            found.append((place, f"searched twice, first at {document.place(first[key])}"))
        elif key.split(".")[0] in ("sweep", "experiment", "backend"):
            found.append((place, "cannot be searched"))
        else:
            found += [((*place, *path), text) for path, text in _wrong(block, sweep.get("method"))]
        first.setdefault(key, place)
    return found


def _blocks(sweep: Any, path: Path) -> Iterator[tuple[str, Path, Any]]:
    """Dotted key, place and block of each parameter; a block of `parameters:` holds keys below its own."""

    def below(parameters: Any, key: tuple[str, ...], place: Path) -> Iterator[tuple[str, Path, Any]]:
        for name, block in parameters.items():
            inner = block.get("parameters") if isinstance(block, dict) else None
            if isinstance(inner, dict) and len(block) == 1:
                yield from below(inner, (*key, name), (*place, name, "parameters"))
            else:
                yield ".".join((*key, name)), (*place, name), block

    yield from below(sweep.get("parameters") or {}, (), path)


def _wrong(block: Any, method: Any) -> Iterator[tuple[Path, str]]:
    """What is wrong with one parameter's block."""
    if not isinstance(block, dict):
        hint = "values" if isinstance(block, list) else "value"
        yield (), f"{shown(block)} is not a block of keys, write {{{hint}: {shown(block)}}}"
        return
    name = _name(block)
    if name in EXPONENTS:
        yield ("distribution",), _exponents(str(name), block)
    elif name is None:
        yield (), "needs values, value, min and max, or a distribution"
    elif name not in distributions:
        yield ("distribution",), f"unknown {shown(name)}{nearest(name, distributions)}"
    else:
        kind = distributions[name]
        try:
            made = kind.model_validate(_numbers(block))
        except ValidationError as error:
            for path, text in in_words(error, kind):
                yield path, text.replace("(allowed: name", "(allowed: distribution")
            return
        if method == "grid" and made.steps() is None:
            yield (), f"{name} has no end of values, a grid needs values or a q_ distribution"


def _distribution(block: Any) -> Distribution:
    return distributions[str(_name(block))].model_validate(_numbers(block))


def _name(block: dict[str, Any]) -> Any:
    """The distribution that a block names, or that its keys imply."""
    return block.get("distribution") or implied(list(block), block.get("min"), block.get("max"))


def _numbers(block: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "distribution"}


def _exponents(name: str, block: dict[str, Any]) -> str:
    """How to say with borders what is said with exponents of e."""
    values = EXPONENTS[name]
    text = f'"{name}" takes exponents of e, write {values} with the borders themselves'
    ends = [block.get("min"), block.get("max")]
    if not all(isinstance(end, int | float) and abs(end) < LARGEST_EXPONENT for end in ends):
        return text
    least, most = (f"{math.exp(float(end)):.4g}" for end in ends if end is not None)
    return f"{text}: min: {least}, max: {most}"


def sweep_of(settings: SweepSettings | None, label: object) -> SweepSettings:
    """The sweep block. Raises SpecError when a file has none."""
    if settings is None:
        raise SpecError(f"{label}: has no sweep block, nothing to search")
    return settings
