"""The JSON schema of what a sweep searches: which keys there are, and how their values may be given."""

import re
from collections.abc import Iterator
from typing import cast

from nettrain.catalogue.distributions import Distribution, distributions
from nettrain.experiment.fields import Block, block_of, choice_of, holds
from nettrain.experiment.keys import fields_of
from nettrain.experiment.monitors import trial_metrics
from nettrain.experiment.reference.json_schema import JsonSchema
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_goals import COSTS, FigureBounds
from nettrain.experiment.sweep_settings import NOT_SEARCHED

UNNAMED = ("categorical", "constant", "uniform", "int_uniform")  # distributions that their keys imply
NESTED: JsonSchema = {
    "type": "object",
    "properties": {"parameters": {"type": "object"}},
    "required": ["parameters"],
    "additionalProperties": False,
}


def searched_parameters() -> JsonSchema:
    """The schema of `sweep.parameters`: a block of keys, each with a distribution or with keys below it."""
    names: list[JsonSchema] = [{"enum": [*searched_keys()]}]
    names += [{"pattern": pattern} for pattern in patterns()]
    return {
        "type": "object",
        "propertyNames": {"anyOf": names},
        "additionalProperties": {"anyOf": [*_blocks(), NESTED]},
    }


def constrained_figures() -> JsonSchema:
    """The schema of `sweep.constraints`: figures of a trial, each with its bounds."""
    bounds = cast("JsonSchema", FigureBounds.model_json_schema())
    needed: list[JsonSchema] = [{"required": [key]} for key in FigureBounds.model_fields]
    bounded: JsonSchema = {**bounds, "anyOf": needed}
    return {
        "type": "object",
        "properties": {name: {**bounded, "description": meaning} for name, meaning in COSTS.items()},
        "propertyNames": {"enum": [*trial_metrics(), *COSTS]},
        "additionalProperties": bounded,
    }


def searched_keys() -> Iterator[str]:
    """Every dotted key that can be searched, positions in lists and keys of a user's own aside."""
    for key, field in fields_of(Experiment).items():
        if key.partition(".")[0] not in NOT_SEARCHED:
            yield key
            if choice_of(field):
                yield f"{key}.name"


def patterns() -> Iterator[str]:
    """Patterns of the keys below lists, such as `model.layers.0.units`, and below blocks of any keys."""
    for key, field in fields_of(Experiment).items():
        here = re.escape(key)
        if key.partition(".")[0] in NOT_SEARCHED:
            continue
        if holds(field.annotation, dict):
            yield rf"^{here}\..+$"
        if holds(field.annotation, list):
            entry = block_of(field.annotation)
            below = rf"(\.({'|'.join(_keys_below(entry))}))?" if entry else ""
            yield rf"^{here}\.[0-9]+{below}$"


def _keys_below(entry: Block) -> Iterator[str]:
    """The keys of an entry of a list, as parts of a pattern."""
    for key, field in fields_of(entry).items():
        yield re.escape(key) + (r"(\.name)?" if choice_of(field) else "")


def _blocks() -> Iterator[JsonSchema]:
    """A block for each distribution, with its name or, where its keys imply it, without."""
    for name, entry in distributions.items():
        block = _block(entry, {"distribution": {"const": name}})
        yield {**block, "required": ["distribution", *block.get("required", [])]}
        if name in UNNAMED:
            yield _block(entry, {})


def _block(entry: type[Distribution], more: dict[str, JsonSchema]) -> JsonSchema:
    """The settings of a distribution, whose name stands under `distribution` in a sweep."""
    schema = cast("JsonSchema", entry.model_json_schema())
    settings = {key: field for key, field in schema["properties"].items() if key != "name"}
    return {
        "type": "object",
        "properties": {**more, **settings},
        "required": schema.get("required", []),
        "additionalProperties": False,
    }
