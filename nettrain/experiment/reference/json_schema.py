"""The type of a JSON schema, as far as the schemas of this package use its vocabulary."""

from typing import TypedDict

from nettrain.experiment.document import PlainValue

JsonSchema = TypedDict(
    "JsonSchema",
    {
        "$schema": str,
        "$defs": "dict[str, JsonSchema]",
        "$ref": str,
        "title": str,
        "description": str,
        "type": str,
        "properties": "dict[str, JsonSchema]",
        "additionalProperties": "bool | JsonSchema",
        "propertyNames": "JsonSchema",
        "required": list[str],
        "anyOf": "list[JsonSchema]",
        "items": "JsonSchema",
        "not": "JsonSchema",
        "enum": list[PlainValue],
        "enumDescriptions": list[str],
        "const": PlainValue,
        "default": PlainValue,
        "pattern": str,
        "minimum": float,
        "exclusiveMinimum": float,
        "maximum": float,
        "exclusiveMaximum": float,
    },
    total=False,
)
