"""Layers as plain data, as stored in model files."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from nettrain.model.layers.base import Layer, layers, norms

REGISTRIES = (layers, norms)
MAX_SHOWN = 40  # characters of a name in a message


def to_json(layer: Layer) -> dict[str, Any]:
    """A layer's registry, name and settings."""
    registry = next(one.kind for one in REGISTRIES if one.get(layer.name) is type(layer))
    return {"kind": registry, **layer.model_dump()}


def from_json(stored: Any) -> Layer:
    """The inverse of `to_json`; a layer stays as it is. Raises ValueError for a kind that is not known."""
    if isinstance(stored, Layer):
        return stored
    if not isinstance(stored, Mapping):
        raise ValueError("a layer is not a block of keys")
    kind, name = stored.get("kind"), stored.get("name")
    for registry in REGISTRIES:
        if registry.kind == kind and isinstance(name, str) and name in registry:
            settings = {key: value for key, value in stored.items() if key != "kind"}
            return _validated(registry[name], settings)
    raise ValueError(f"unknown layer {str(kind)[:MAX_SHOWN]} {str(name)[:MAX_SHOWN]}")


def _validated(kind: type[Layer], settings: dict[str, Any]) -> Layer:
    """A layer with these settings. Raises ValueError with the first that it does not take."""
    try:
        return kind(**settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"layer {kind.model_fields['name'].default}: {key}: {first['msg']}") from error
