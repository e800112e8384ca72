"""The JSON schema of an experiment file, for editors that complete and check while one types.

It is made from the same models that validate a file, so it has every variant and every key with its meaning,
range and default. What depends on the data, or on several keys at once, is only found when the file is read.
"""

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel

from nettrain.catalogue.activations import activations
from nettrain.data.settings import SOURCE_NAMES
from nettrain.experiment.monitors import monitors
from nettrain.experiment.reference.json_schema import JsonSchema
from nettrain.experiment.reference.search_schema import constrained_figures, searched_parameters
from nettrain.experiment.settings import Experiment

DIALECT = "https://json-schema.org/draft/2020-12/schema"
INTERNAL = ("title", "varies")  # keys that are of no use to a reader of the schema


def experiment_schema() -> JsonSchema:
    """The schema of an experiment file."""
    schema = _schema_of(Experiment)
    blocks = schema["$defs"]
    data = blocks["DataSettings"]["properties"]
    for key in ("source", "test", "validation"):
        data[key] = _with_sources(data[key])
    parameters = blocks["SweepSettings"]["properties"]["parameters"]
    blocks["SweepSettings"]["properties"]["parameters"] = {**parameters, **searched_parameters()}
    constraints = blocks["SweepSettings"]["properties"]["constraints"]
    blocks["SweepSettings"]["properties"]["constraints"] = {**constraints, **constrained_figures()}
    target = blocks["TrainingSettings"]["properties"]["target"]["anyOf"][0]
    target["propertyNames"] = {"enum": [*monitors()]}
    _name_monitors(schema)
    for name in ("ModelSettings", "LayerSettings"):
        _leave_out_outputs(blocks[name]["properties"]["activation"], blocks)
    return cast("JsonSchema", {"$schema": DIALECT, **schema, "title": "nettrain experiment"})


def _name_monitors(schema: JsonSchema) -> None:
    """Allow no text but the names of figures where a block is told what to monitor."""
    variants = [form for field in schema["properties"].values() for form in field.get("anyOf", [])]
    for block in (*schema["$defs"].values(), *variants):
        field = block.get("properties", {}).get("monitor", {})
        for form in field.get("anyOf", [field]):
            if form.get("type") == "string":
                form["enum"] = [*monitors()]


def _leave_out_outputs(field: JsonSchema, blocks: Mapping[str, JsonSchema]) -> None:
    """Leave activations of outputs out of those of hidden layers."""
    outputs = {name for name, entry in activations.items() if entry.outputs_only}
    names, *variants = field["anyOf"]
    pairs = zip(names["enum"], names["enumDescriptions"], strict=True)
    hidden = {str(name): text for name, text in pairs if name not in outputs}
    kept = [variant for variant in variants if _name_of(variant, blocks) not in outputs]
    field["anyOf"] = [{"enum": [*hidden], "enumDescriptions": [*hidden.values()]}, *kept]


def _name_of(variant: JsonSchema, blocks: Mapping[str, JsonSchema]) -> object:
    """The name of a variant, to whose block Pydantic refers before 2.11, and which later ones write out."""
    block = blocks.get(variant.get("$ref", "").rpartition("/")[2], variant)
    return block.get("properties", {}).get("name", {}).get("const")


def model_schema(model: type[BaseModel]) -> JsonSchema:
    """The schema of what a command prints with --json."""
    return cast("JsonSchema", {"$schema": DIALECT, **_schema_of(model)})


def _schema_of(model: type[BaseModel]) -> JsonSchema:
    return cast("JsonSchema", _cleaned(model.model_json_schema()))


def _cleaned(schema: Mapping[str, object]) -> dict[str, object]:
    """The schema without internal keys."""
    cleaned: dict[str, object] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs") and isinstance(value, Mapping):
            cleaned[key] = {name: _cleaned(inner) for name, inner in value.items()}
        elif key not in INTERNAL:
            cleaned[key] = value if key == "default" else _cleaned_value(value)
    return cleaned


def _cleaned_value(value: object) -> object:
    if isinstance(value, Mapping):
        return _cleaned(value)
    return [_cleaned_value(item) for item in value] if isinstance(value, list) else value


def _with_sources(field: JsonSchema) -> JsonSchema:
    """A field that takes a source: with the names of built-in ones, and no other name of their kinds."""
    names = [f"{kind}:{name}" for kind, names in SOURCE_NAMES.items() for name in names]
    path = {"type": "string", "not": {"pattern": f"^({'|'.join(SOURCE_NAMES)}):"}}
    forms = [form for form in field.get("anyOf", []) if form.get("type") != "string"]
    rest = {key: value for key, value in field.items() if key not in ("anyOf", "type")}
    return cast("JsonSchema", {"anyOf": [{"enum": names}, path, *forms], **rest})
