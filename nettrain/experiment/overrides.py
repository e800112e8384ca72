"""`KEY=VALUE` on the command line: changes to the values of an experiment file before they are validated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings, ShortForm
from nettrain.errors import SpecError, shortened
from nettrain.experiment.document import Document, KeyPath, PlainValue, dotted_key, parse
from nettrain.experiment.fields import Block, block_of, choice_of, short_form_of
from nettrain.experiment.recipe_merging import RECIPE, is_written_out, list_of_recipe, named_recipe

MARKS = frozenset(",|#%&*!@>`")  # are text when they stand alone, which YAML wants in quotes: data.decimal=,
DEEPEST = 50  # blocks inside each other that a key leads through
MOST_SHOWN = 200  # characters of an override in a message
OVERRIDE = "override "  # the location of a value from the command line begins with this

Container = dict[str, PlainValue] | list[PlainValue]


@dataclass(frozen=True)
class Change:
    """A new value for a dotted key, and the location that it comes from.

    Where the values have a list, a part of the key is the position in it, from 0: `model.layers.0.units`.
    """

    key: str
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
    for override in sorted(overrides, key=_comes_later):
        key = override.partition("=")[0].strip()
        if key in first:
            first_one = shortened(first[key], MOST_SHOWN)
            duplicate = f'{_label(override)}: {dotted_key((key,))}: given twice, first as "{first_one}"'
            document.problems.append(duplicate)
            continue
        first[key] = override
        try:
            notes += set_value(document, _change(override), model)
        except SpecError as error:
            document.problems += error.problems
    return notes


def set_value(document: Document, change: Change, model: type[Settings]) -> list[str]:
    """Apply a change to the document in place; returns notes on settings that it dropped.

    Blocks that are missing on the way to the key are created. Raises SpecError when something on the way is
    not a block of keys, or is a list without such a position.
    """
    _refuse_written_out(document, change)
    edit = _Edit(document, change, model, dict(choices_along(change.key, model)))
    *outer, last = change.key.split(".")
    values, path = document.values, KeyPath()
    for part in outer:
        path = (*path, edit.entry(values, path, part))
        values = edit.descend(values, path)
    return edit.assign(values, (*path, edit.entry(values, path, last)))


def choices_along(key: str, model: Block) -> Iterator[tuple[str, Choice]]:
    """The beginnings of a dotted key at which a variant is chosen by name."""
    block: Block | None = model
    parts = key.split(".")
    for depth, part in enumerate(parts, start=1):
        if part.isdecimal():  # the position in a list of blocks
            continue
        field = block.model_fields.get(part) if block else None
        if field is None:
            return
        choice = choice_of(field)
        if choice is not None:
            yield ".".join(parts[:depth]), choice
        block = block_of(field.annotation)


def short_form_at(path: KeyPath, model: Block) -> ShortForm | None:
    """The short form of the block at a key, if it has one."""
    block: Block | None = model
    field = None
    for part in path:
        field = block.model_fields.get(str(part)) if block else None
        block = block_of(field.annotation) if field else None
    return short_form_of(field) if field else None


def default_list(path: KeyPath, model: Block) -> list[PlainValue] | None:
    """The list that a key has while the file does not give it, such as `model.hidden`; None for others."""
    block: Block | None = model
    default: object = None
    for part in path:
        field = block.model_fields.get(str(part)) if block else None
        if field is None:
            return None
        block, default = block_of(field.annotation), field.default
    return list(default) if isinstance(default, list) else None


def _comes_later(override: str) -> bool:
    """Whether an override follows that of the recipe, whose lists it may change."""
    return override.partition("=")[0].strip().partition(".")[0] != RECIPE


def _refuse_written_out(document: Document, change: Change) -> None:
    """Raise SpecError for another recipe where the settings of one are written out: it would do nothing."""
    if change.key not in (RECIPE, f"{RECIPE}.name") or not is_written_out(document.values):
        return
    if not _is_recipe_of_config(change.value):
        text = "the settings of its recipe are written out in this file, so another one would change nothing"
        raise SpecError(f"{change.location}: {change.key}: {text}")


def _is_recipe_of_config(value: PlainValue) -> bool:
    """Whether a recipe is written as in a config.yaml: a block of one that is written out, or of none."""
    written = {RECIPE: value}
    return isinstance(value, dict) and (is_written_out(written) or named_recipe(written) is None)


def _label(override: str) -> str:
    """What locations call an override, which may be very long."""
    return f'{OVERRIDE}"{shortened(override, MOST_SHOWN)}"'


def _change(override: str) -> Change:
    key, equals, text = override.partition("=")
    key, label = key.strip(), _label(override)
    if not equals or "" in key.split("."):
        raise SpecError(f"{label}: write KEY=VALUE, such as optimizer.learning_rate=0.01")
    if key.count(".") > DEEPEST:
        raise SpecError(f"{label}: nested too deeply")
    if text in MARKS:
        return Change(key, text, label)
    value = parse(text, label, lines=False)
    if value.problems:
        raise SpecError(value.problems)
    return Change(key, value.values, label)


@dataclass(frozen=True)
class _Edit:
    """One change of a document; `choices` are the keys on its way that choose a variant."""

    document: Document
    change: Change
    model: type[Settings]
    choices: Mapping[str, Choice]

    def entry(self, values: PlainValue, path: KeyPath, part: str) -> str | int:
        """A part of the key as a key or, where the `values` at `path` are a list, as a position in it."""
        if not isinstance(values, list) or not path:
            return part
        if not part.isdecimal():
            raise self._error(f"{_dotted(path)} is a list, name an entry by its number from 0")
        if int(part) >= len(values):
            raise self._error(f"{_dotted(path)} has {_entries(len(values))}")
        return int(part)

    def descend(self, values: PlainValue, path: KeyPath) -> PlainValue:
        """The block at `path`, whose last part is a key of `values`; made if there is none yet.

        None if the whole document is not a block, which is left to `validate` to report.
        """
        container = self._container(values, path)
        if container is None:
            return None
        location = self.document.locations.get(path, self.change.location)
        block = self._expanded(_get(container, path[-1]), path)
        if not isinstance(block, dict | list):
            raise self._error(f"{_dotted(path)} is a single value, give all of it: {_dotted(path)}=…")
        _put(container, path[-1], block)
        self.document.locations[path] = location
        return block

    def _expanded(self, value: PlainValue, path: KeyPath) -> PlainValue:
        """A variant's bare name, or a switch that is about to get settings, as a block; a default list."""
        choice = self.choices.get(_dotted(path))
        if choice is not None and isinstance(value, str):
            return {} if choice.auto and value == "auto" else choice.expand(value)
        if value is None:
            value = list_of_recipe(path, self.document.values) or default_list(path, self.model)
        if value is None or isinstance(value, bool):
            return {}
        short = short_form_at(path, self.model) if isinstance(value, int) else None
        return value if short is None else short.expand(value)

    def assign(self, values: PlainValue, path: KeyPath) -> list[str]:
        """Set the changed key in `values`, the block that holds it; returns notes."""
        value = self.change.value
        container = self._container(values, path)
        if container is None:
            return []
        self._forget_locations(path)
        self.document.locations[path] = self.change.location
        choice = self.choices.get(_dotted(path))
        if choice and isinstance(value, str):
            old = _get(container, path[-1])
            variant, notes = _with_variant(old, path, value, choice)
            _put(container, path[-1], variant)
            return notes
        outer = self.choices.get(_dotted(path[:-1]))
        if outer and path[-1] == "name" and isinstance(value, str) and isinstance(container, dict):
            variant, notes = _with_variant(dict(container), path[:-1], value, outer)
            container.clear()
            container.update(variant if isinstance(variant, dict) else {"name": value})
            return notes
        _put(container, path[-1], value)
        return []

    def _container(self, values: PlainValue, path: KeyPath) -> Container | None:
        """The block or list that holds the last part of a path; None if the whole document is neither."""
        if isinstance(values, list):
            return values if len(path) > 1 else None
        return values if isinstance(values, dict) else None

    def _error(self, text: str) -> SpecError:
        return SpecError(f"{self.change.location}: {text}")

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


def _entries(count: int) -> str:
    if count < 2:
        return "1 entry, 0" if count else "no entries"
    return f"{count} entries, from 0"


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))
