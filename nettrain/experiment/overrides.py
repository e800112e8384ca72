"""`KEY=VALUE` on the command line: changes to the values of an experiment file before they are validated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings
from nettrain.errors import SpecError
from nettrain.experiment.document import Document, KeyPath, PlainValue, parse
from nettrain.experiment.problems import Block, block_of, choice_of

OVERRIDE = "override "  # the location of a value from the command line begins with this

Container = dict[str, PlainValue] | list[PlainValue]


@dataclass(frozen=True)
class Change:
    """A new value for a key, and the location that it comes from."""

    path: KeyPath
    value: PlainValue
    location: str


def apply_overrides(document: Document, overrides: Sequence[str], model: type[Settings]) -> list[str]:
    """Apply `KEY=VALUE` overrides to the document in place; problems with them join its problems.

    An override that chooses another variant keeps the settings that the new variant knows. Returns a note
    for each variant from which settings were dropped.
    """
    notes = []
    if document.values is None and overrides:
        document.values = {}
    first: dict[str, str] = {}
    for override in overrides:
        key = override.partition("=")[0].strip()
        if key in first:
            duplicate = f'{OVERRIDE}"{override}": {key}: given twice, first as "{first[key]}"'
            document.problems.append(duplicate)
            continue
        first[key] = override
        try:
            notes += set_value(document, _change(override, document.values), model)
        except SpecError as error:
            document.problems += error.problems
    return notes


def set_value(document: Document, change: Change, model: type[Settings]) -> list[str]:
    """Apply a change to the document in place; returns notes on settings that it dropped.

    Blocks that are missing on the way to the key are created. Raises SpecError when something on the way is
    not a block of keys.
    """
    edit = _Edit(document, change, dict(choices_along(change.path, model)))
    values = document.values
    for depth in range(1, len(change.path)):
        values = edit.descend(values, change.path[:depth])
    return edit.assign(values)


def choices_along(path: KeyPath, model: Block) -> Iterator[tuple[KeyPath, Choice]]:
    """The beginnings of a path at which a variant is chosen by name."""
    block: Block | None = model
    for depth, part in enumerate(path, start=1):
        if isinstance(part, int):  # the position in a list of blocks
            continue
        field = block.model_fields.get(part) if block else None
        if field is None:
            return
        choice = choice_of(field)
        if choice is not None:
            yield path[:depth], choice
        block = block_of(field.annotation)


def _change(override: str, values: PlainValue) -> Change:
    key, equals, text = override.partition("=")
    label = f'{OVERRIDE}"{override}"'
    path = _path(key.strip(), values, label)
    if not equals or "" in path:
        raise SpecError(f"{label}: write KEY=VALUE, such as optimizer.learning_rate=0.01")
    value = parse(text, label, lines=False)
    if value.problems:
        raise SpecError(value.problems)
    return Change(path, value.values, label)


def _path(key: str, values: PlainValue, label: str) -> KeyPath:
    """The parts of a dotted key; a number is an index where the values have a list."""
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


@dataclass(frozen=True)
class _Edit:
    """One change of a document; `choices` are the keys on its way that choose a variant."""

    document: Document
    change: Change
    choices: Mapping[KeyPath, Choice]

    def descend(self, values: PlainValue, path: KeyPath) -> PlainValue:
        """The block at `path`, whose last part is a key of `values`; made if there is none yet.

        None if the whole document is not a block, which is left to `validate` to report.
        """
        container = self._container(values, path)
        if container is None:
            return None
        location = self.document.locations.get(path, self.change.location)
        block = self._expanded(_get(container, path[-1]), self.choices.get(path))
        if not isinstance(block, dict | list):
            kind, key = _kind(block), _dotted(path)
            raise SpecError(f"{self.change.location}: {key} is {kind}, give all of it: {key}=…")
        _put(container, path[-1], block)
        self.document.locations[path] = location
        return block

    def _expanded(self, value: PlainValue, choice: Choice | None) -> PlainValue:
        """A variant's bare name, or a switch that is about to get settings, as a block."""
        expanded = value
        if choice is not None and isinstance(value, str):
            expanded = {} if choice.auto and value == "auto" else choice.expand(value)
        elif value is None or isinstance(value, bool):
            expanded = {} if choice is None else choice.expand({})
        return expanded

    def assign(self, values: PlainValue) -> list[str]:
        """Set the changed key in `values`, the block that holds it; returns notes."""
        path, value = self.change.path, self.change.value
        container = self._container(values, path)
        if container is None:
            return []
        self._forget_locations(path)
        self.document.locations[path] = self.change.location
        if path in self.choices and isinstance(value, str):
            old = _get(container, path[-1])
            variant, notes = _with_variant(old, path, value, self.choices[path])
            _put(container, path[-1], variant)
            return notes
        outer = self.choices.get(path[:-1])
        if outer and path[-1] == "name" and isinstance(value, str) and isinstance(container, dict):
            variant, notes = _with_variant(dict(container), path[:-1], value, outer)
            container.clear()
            container.update(variant if isinstance(variant, dict) else {"name": value})
            return notes
        _put(container, path[-1], value)
        return []

    def _container(self, values: PlainValue, path: KeyPath) -> Container | None:
        """The block or list that holds the last part of a path; None if the whole document is neither."""
        if isinstance(values, list) and len(path) > 1:
            if not isinstance(path[-1], int):
                key = _dotted(path[:-1])
                raise SpecError(
                    f"{self.change.location}: {key} is a list, name an entry by its number from 0"
                )
            return values
        return values if isinstance(values, dict) else None

    def _forget_locations(self, path: KeyPath) -> None:
        """Drop the locations of what is replaced, so that errors name the change."""
        for known in [known for known in self.document.locations if known[: len(path)] == path]:
            del self.document.locations[known]


def _get(container: Container, key: str | int) -> PlainValue:
    return container.get(str(key)) if isinstance(container, dict) else container[int(key)]


def _put(container: Container, key: str | int, value: PlainValue) -> None:
    if isinstance(container, dict):
        container[str(key)] = value
    else:
        container[int(key)] = value


def _with_variant(old: PlainValue, path: KeyPath, name: str, choice: Choice) -> tuple[PlainValue, list[str]]:
    """Variant `name` in place of `old`, with the settings that both have, and a note on the others."""
    block: PlainValue = choice.expand(old or {})
    if not isinstance(block, dict) or name not in choice.registry:
        return name, []
    known = choice.registry[name].model_fields
    dropped = ", ".join(key for key in block if key not in known)
    kept = {**{key: value for key, value in block.items() if key in known}, "name": name}
    return kept, [f"{_dotted(path)}: {name} has no {dropped}, dropped"] if dropped else []


def _kind(value: PlainValue) -> str:
    return "a list" if isinstance(value, list) else "a single value"


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))
