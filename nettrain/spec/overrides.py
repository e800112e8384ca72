"""`KEY=VALUE` on the command line: changes to the values of an experiment file, before they are checked."""

from collections.abc import Iterator, Sequence
from typing import Any

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings
from nettrain.errors import SpecError
from nettrain.spec.document import Document, Path, parse


def apply(document: Document, overrides: Sequence[str], model: type[Settings]) -> list[str]:
    """Change the document in place; returns a note for every number that a changed name made void.

    Choosing another variant by override keeps the numbers that the new one knows and drops the rest.
    Raises SpecError for an override that is not KEY=VALUE.
    """
    notes = []
    for override in overrides:
        key, equals, text = override.partition("=")
        label = f'override "{override}"'
        if not equals or not key.strip():
            raise SpecError(f"{label}: write KEY=VALUE, such as optimizer.learning_rate=0.01")
        path: Path = tuple(key.strip().split("."))
        given = parse(text, label)
        if given.problems:
            raise SpecError(given.problems)
        notes += _set(document, path, given.values, label, model)
    return notes


def _set(document: Document, path: Path, value: Any, label: str, model: type[Settings]) -> list[str]:
    """Put one value at its dotted place."""
    if not isinstance(document.values, dict):
        document.values = {}
    values, choices = document.values, dict(_choices(path, model))
    for depth, part in enumerate(path[:-1], start=1):
        inner = values.get(part)
        if path[:depth] in choices and (inner is None or isinstance(inner, str)):
            inner = choices[path[:depth]].expand(inner or {})
        values[part] = inner = inner if isinstance(inner, dict) else {}
        values = inner
    _forget(document, path)
    document.places[path] = label
    if path in choices and isinstance(value, str):
        return _rename(values, path, path[-1], value, choices[path])
    if path[:-1] in choices and path[-1] == "name":
        outer = {path[-2]: values}
        notes = _rename(outer, path[:-1], path[-2], value, choices[path[:-1]])
        values.clear()
        values.update(outer[path[-2]])
        return notes
    values[path[-1]] = value
    return []


def _rename(values: dict[Any, Any], path: Path, key: Any, name: Any, choice: Choice) -> list[str]:
    """Choose variant `name` at values[key], keeping the numbers that it knows."""
    old = choice.expand(values.get(key) or {})
    if not isinstance(old, dict) or name not in choice.registry:
        values[key] = name
        return []
    known = choice.registry[name].model_fields
    dropped = [number for number in old if number not in known]
    values[key] = {**{k: v for k, v in old.items() if k in known}, "name": name}
    if not dropped:
        return []
    return [f"{'.'.join(map(str, path))}: {name} has no {', '.join(dropped)}, dropped"]


def _choices(path: Path, model: type[Settings]) -> Iterator[tuple[Path, Choice]]:
    """The places along this path that take a variant by name."""
    kind: Any = model
    for depth, part in enumerate(path, start=1):
        found = getattr(kind, "model_fields", {}).get(part)
        if found is None:
            return
        for mark in found.metadata:
            if isinstance(mark, Choice):
                yield path[:depth], mark
        kind = found.annotation


def _forget(document: Document, path: Path) -> None:
    """Drop the file's places of what is replaced, so that errors name the override."""
    for known in [place for place in document.places if place[: len(path)] == path]:
        del document.places[known]
