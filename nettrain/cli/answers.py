"""What commands print with --json, as models: `nettrain schema --of COMMAND` is made from them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel

from nettrain.errors import SpecError, nearest
from nettrain.store.evaluation import EvaluationReport
from nettrain.store.predictions import PredictionReport


class Answer(BaseModel):
    """One object on standard output."""

    model_config = ConfigDict(extra="forbid")


class Number(Answer):
    """One setting of a variant."""

    name: str
    default: Any
    range: str
    meaning: str
    varies: bool


class Entry(Answer):
    """One variant."""

    name: str
    meaning: str
    numbers: list[Number]
    source: str
    facts: list[tuple[str, str]]


class Listed(RootModel[dict[str, list[Entry]]]):
    """Variants by kind."""


class Shown(RootModel[dict[str, Any]]):
    """The experiment with every key; see the schema of the experiment file."""


class Environment(Answer):
    """Versions and processors."""

    nettrain: str
    python: str
    numpy: str
    backend: str
    device: str
    blas: str


class Info(Environment):
    """What is installed and what would be used."""

    processors: int
    libraries: dict[str, str]


ANSWERS: dict[str, type[BaseModel]] = {
    "list": Listed,
    "info": Info,
    "show": Shown,
    "evaluate": EvaluationReport,
    "predict": PredictionReport,
}


def answer(command: str) -> type[BaseModel]:
    """The model of what a command prints. Raises SpecError when there is none."""
    if command not in ANSWERS:
        raise SpecError(f'--of: "{command}" prints no JSON{nearest(command, ANSWERS)}')
    return ANSWERS[command]
