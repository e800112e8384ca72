"""`KEY=VALUE` on the command line: changes to the values of an experiment file, before they are checked."""

from collections.abc import Iterator, Sequence
from typing import Any

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings
from nettrain.errors import SpecError
from nettrain.experiment.document import Document, Path, parse
from nettrain.experiment.problems import block_of

OVERRIDE = "override "  # begins the place of a value that came from the command line


def apply(document: Document, overrides: Sequence[str], model: type[Settings]) -> list[str]:
    """Change the document in place; returns a note for every number that a changed name made void.

    Choosing another variant by override keeps the numbers that the new one knows and drops the rest.
    What is wrong with an override joins the document's problems.
    """
    notes = []
    if document.values is None and overrides:
        document.values = {}
    first: dict[str, str] = {}
    for override in overrides:
        key = override.partition("=")[0].strip()
        if key in first:
            document.problems.append(f'{OVERRIDE}"{override}": {key}: given twice, first as "{first[key]}"')
            continue
        first[key] = override
        try:
            notes += _apply(document, override, model)
        except SpecError as error:
            document.problems += error.problems
    return notes


def _apply(document: Document, override: str, model: type[Settings]) -> list[str]:
    key, equals, text = override.partition("=")
    label = f'{OVERRIDE}"{override}"'
    path = _path(key.strip(), document.values, label)
    if not equals or "" in path:
        raise SpecError(f"{label}: write KEY=VALUE, such as optimizer.learning_rate=0.01")
    given = parse(text, label, lines=False)
    if given.problems:
        raise SpecError(given.problems)
    return assign(document, path, given.values, label, model)


def assign(document: Document, path: Path, value: Any, label: str, model: type[Settings]) -> list[str]:
    """Put a value at a dotted place of the document; `label` is where it comes from. Returns notes.

    Raises SpecError when something on the way is no block of keys.
    """
    values, choices = document.values, dict(choices_along(path, model))
    for depth in range(1, len(path)):
        values = _block(values, path[:depth], document, label, choices.get(path[:depth]))
    return _set(document, values, path, value, label, choices)


def _path(key: str, values: Any, label: str) -> Path:
    """The keys of a dotted place; a number names an entry where there is a list."""
    path: list[str | int] = []
    for part in key.split("."):
        if isinstance(values, list) and part.isdigit():
            if int(part) >= len(values):
                raise SpecError(f"{label}: {_dotted(tuple(path))} has {len(values)} entries, from 0")
            path.append(int(part))
            values = values[int(part)]
        else:
            path.append(part)
            values = values.get(part) if isinstance(values, dict) else None
    return tuple(path)


def _block(values: Any, path: Path, document: Document, label: str, choice: Choice | None) -> Any:
    """The block at values[path[-1]], made there when nothing or a variant's bare name is."""
    if not _holds(values, path, label):
        return None  # check() says that the whole document is no block of keys
    key, place = path[-1], document.places.get(path, label)
    inner = _entry(values, key)
    if choice is not None and isinstance(inner, str):
        inner = {} if choice.auto and inner == "auto" else choice.expand(inner)
    elif inner is None or isinstance(inner, bool):  # a switch that is about to get numbers
        inner = {} if choice is None else choice.expand({})
    if not isinstance(inner, dict | list):
        raise SpecError(f"{label}: {_dotted(path)} is {_kind(inner)}, give all of it: {_dotted(path)}=…")
    values[key] = inner
    document.places[path] = place
    return inner


def _set(
    document: Document, values: Any, path: Path, value: Any, label: str, choices: dict[Path, Choice]
) -> list[str]:
    """Put one value at its dotted place, the last part being a key of `values`."""
    if not _holds(values, path, label):
        return []
    _forget(document, path)
    document.places[path] = label
    if path in choices and isinstance(value, str):
        values[path[-1]], notes = _renamed(_entry(values, path[-1]), path, value, choices[path])
        return notes
    if path[:-1] in choices and path[-1] == "name" and isinstance(value, str):
        renamed, notes = _renamed(dict(values), path[:-1], value, choices[path[:-1]])
        values.clear()
        values.update(renamed if isinstance(renamed, dict) else {"name": value})
        return notes
    values[path[-1]] = value
    return []


def _holds(values: Any, path: Path, label: str) -> bool:
    """Whether values are a block of keys or a list, which the last part of the path must suit."""
    if isinstance(values, list) and len(path) > 1 and not isinstance(path[-1], int):
        raise SpecError(f"{label}: {_dotted(path[:-1])} is a list, name an entry by its number from 0")
    return isinstance(values, dict) or (isinstance(values, list) and len(path) > 1)


def _entry(values: Any, key: str | int) -> Any:
    return values.get(key) if isinstance(values, dict) else values[key]


def _renamed(old: Any, path: Path, name: str, choice: Choice) -> tuple[Any, list[str]]:
    """Variant `name` in place of `old`, with the numbers that it knows, and what is said of the others."""
    old = choice.expand(old or {})
    if not isinstance(old, dict) or name not in choice.registry:
        return name, []
    known = choice.registry[name].model_fields
    dropped = ", ".join(str(number) for number in old if number not in known)
    kept = {**{key: value for key, value in old.items() if key in known}, "name": name}
    return kept, [f"{_dotted(path)}: {name} has no {dropped}, dropped"] if dropped else []


def choices_along(path: Path, model: type[Settings]) -> Iterator[tuple[Path, Choice]]:
    """The places along this path that take a variant by name."""
    kind: Any = model
    for depth, part in enumerate(path, start=1):
        if isinstance(part, int):  # a place in a list of blocks
            continue
        found = getattr(kind, "model_fields", {}).get(part)
        if found is None:
            return
        for mark in found.metadata:
            if isinstance(mark, Choice):
                yield path[:depth], mark
        kind = block_of(found.annotation)


def _forget(document: Document, path: Path) -> None:
    """Drop the file's places of what is replaced, so that errors name the override."""
    for known in [place for place in document.places if place[: len(path)] == path]:
        del document.places[known]


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "a single value"


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
