"""The JSON schema of an experiment file, for editors that complete and check while one types.

It is made from the same models that check a file, so every variant and key is in it with its meaning, range
and default. What depends on the data or on several keys at once is only found when the file is read.
"""

from typing import Any

from pydantic import BaseModel

from nettrain.data.settings import KINDS
from nettrain.experiment.monitors import monitors
from nettrain.experiment.settings import Experiment

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MARKS = ("title", "varies", "later")  # not for a reader of the schema


def experiment_schema() -> dict[str, Any]:
    """The schema of an experiment file."""
    schema = {**_cleaned(Experiment.model_json_schema()), "title": "nettrain experiment"}
    blocks = schema["$defs"]
    sources = [f"{kind}:{name}" for kind, names in KINDS.items() for name in names]
    data = blocks["DataSettings"]["properties"]
    for key in ("source", "test", "validation"):
        data[key] = _completing(data[key], sources)
    blocks["EarlyStopping"]["properties"]["monitor"]["enum"] = monitors()
    return {"$schema": DIALECT, **schema}


def model_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of what a command prints with --json."""
    return {"$schema": DIALECT, **_cleaned(model.model_json_schema())}


def _cleaned(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the marks; a key whose feature is not built yet takes its default alone."""
    cleaned: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            cleaned[key] = {name: _cleaned(inner) for name, inner in value.items()}
        elif key not in MARKS:
            cleaned[key] = _inner(value) if key != "default" else value
    if schema.get("later") is True:
        cleaned |= {"const": schema["default"], "description": f"{schema['description']} (not built yet)"}
    return cleaned


def _inner(value: Any) -> Any:
    if isinstance(value, dict):
        return _cleaned(value)
    return [_inner(item) for item in value] if isinstance(value, list) else value


def _completing(field: dict[str, Any], sources: list[str]) -> dict[str, Any]:
    """A field that takes the name of a source: known ones are completed, of them only these are right."""
    known = {"enum": sources}
    path = {"type": "string", "not": {"pattern": f"^({'|'.join(KINDS)}):"}}
    forms = [form for form in field.get("anyOf", []) if form.get("type") != "string"]
    rest = {key: value for key, value in field.items() if key not in ("anyOf", "type")}
    return {"anyOf": [known, path, *forms], **rest}
