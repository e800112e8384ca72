"""Every dotted key of the experiment file, with the field that it names."""

from collections.abc import Iterator, Sequence
from functools import cache

from pydantic.fields import FieldInfo

from nettrain.catalogue.registry import Variant
from nettrain.experiment.fields import Block, block_of, choice_of, holds

DEEPEST = 4  # parts of a key


@cache
def fields_of(root: Block) -> dict[str, FieldInfo]:
    """The field of each key of a block and the blocks in it, also of variants, in the order of the file.

    The entries of lists are left out.
    """
    fields: dict[str, FieldInfo] = {}
    for key, field in _fields(root, ()):
        fields.setdefault(key, field)
    return fields


@cache
def keys_of(root: Block) -> tuple[str, ...]:
    """The keys of `fields_of`."""
    return tuple(fields_of(root))


def shortest_end(key: str, keys: Sequence[str]) -> str:
    """The end of a dotted key, as long as it must be to differ from those of the other keys."""
    parts = key.split(".")
    for start in range(len(parts) - 1, -1, -1):
        name = ".".join(parts[start:])
        if sum(other == name or other.endswith(f".{name}") for other in keys) == 1:
            return name
    return key


def _fields(block: Block, path: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in block.model_fields.items():
        here = (*path, name)
        if name == "name" and issubclass(block, Variant):  # which the key of its block chooses
            continue
        yield ".".join(here), field
        if len(here) == DEEPEST or holds(field.annotation, list):
            continue
        choice, inner = choice_of(field), block_of(field.annotation)
        blocks = [entry for _, entry in choice.registry.items()] if choice else [inner]
        for one in blocks:
            yield from _fields(one, here) if one else ()
