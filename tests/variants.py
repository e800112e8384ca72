"""Every form of an entry: all combinations of its options, read from its fields."""

import types
from itertools import product
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import varies

SKIPPED = ("name", "per", "warmup")


def variants(registry: Registry[Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By a text to be shown, each entry's name with one choice of each of its options."""
    found = {}
    for name, entry in registry.items():
        choices = {field: values for field in entry.model_fields if (values := choices_of(entry, field))}
        for chosen in product(*choices.values()):
            numbers = dict(zip(choices, chosen, strict=True))
            if not takes(entry, numbers):
                continue
            label = " ".join([name, *(f"{key}={value}" for key, value in numbers.items())])
            found[label] = (name, numbers)
    return found


def varying(entry: type[Variant]) -> list[str]:
    """The fields of an entry that may differ between members of a population."""
    return [field for field in entry.model_fields if varies(entry, field)]


def varying_numbers(registry: Registry[Any]) -> list[tuple[str, str]]:
    """Every entry's name with each of its fields that may differ between members."""
    return [(name, field) for name, entry in registry.items() for field in varying(entry)]


def takes(entry: Any, numbers: dict[str, Any]) -> bool:
    """Whether an entry has this form: some options belong to others."""
    try:
        entry(**numbers)
    except ValidationError:
        return False
    return True


def choices_of(entry: Any, field: str) -> list[Any]:
    """The values that an option can take: of a number that may be absent, none and one."""
    annotation = entry.model_fields[field].annotation
    if field in SKIPPED:
        return []
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation is bool:
        return [False, True]
    if get_origin(annotation) is types.UnionType and varies(entry, field):
        return [None, 0.85]
    return []


def overrides(block: str, name: str, numbers: dict[str, Any]) -> list[str]:
    """The same as overrides of an experiment's block."""
    spelled = {True: "true", False: "false", None: "null"}
    values = {
        key: spelled.get(value, value) if not isinstance(value, float) else value
        for key, value in numbers.items()
    }
    return [f"{block}={name}", *(f"{block}.{key}={value}" for key, value in values.items())]
