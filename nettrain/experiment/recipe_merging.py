"""The settings of a recipe under those that a file gives, before they are validated."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import cast

from pydantic.fields import FieldInfo

from nettrain.catalogue.registry import Choice
from nettrain.experiment.document import Document, KeyPath, PlainValue
from nettrain.experiment.fields import Block, block_of, choice_of, short_form_of
from nettrain.experiment.recipes import NamedRecipe, recipes

RECIPE = "recipe"
Values = dict[str, PlainValue]


def with_recipe(document: Document, root: Block) -> Document:
    """The document with the settings of the recipe that it names, as far as it does not give them.

    What comes from the recipe has the recipe's location. A document without a recipe, or whose recipe is
    written out already, is returned as it is. `root` is the class of the whole experiment.
    """
    recipe = named_recipe(document.values)
    if recipe is None or is_written_out(document.values):
        return document
    settings = fitting_settings(recipe, document.block)
    values = joined(document.block, settings, root)
    is_open = [key for key in recipe.follows_data if not _is_given(key, document.block, settings, root)]
    values[RECIPE] = {**_recipe_block(document.block[RECIPE]), "open": cast("PlainValue", is_open)}
    label = _label(document.location((RECIPE,)), str(recipe.model_fields["name"].default))
    locations = dict.fromkeys(_added_paths(settings, document.block), label)
    return Document(values, {**locations, **document.locations}, document.problems)


def named_recipe(values: PlainValue) -> type[NamedRecipe] | None:
    """The recipe that a file names, None where it names none, or one that there is not."""
    block = _recipe_block(values.get(RECIPE)) if isinstance(values, dict) else {}
    entry = recipes.get(str(block.get("name")))
    return entry if entry is not None and issubclass(entry, NamedRecipe) else None


def is_written_out(values: PlainValue) -> bool:
    """Whether a file holds all settings of its recipe, as the config.yaml of a run does."""
    return isinstance(values, dict) and _recipe_block(values.get(RECIPE)).get("open") is not None


def list_of_recipe(path: KeyPath, values: PlainValue) -> list[PlainValue] | None:
    """The list that a file has at this key from its recipe, such as `model.hidden`; None for other keys."""
    recipe = named_recipe(values)
    found: PlainValue = None if recipe is None or is_written_out(values) else recipe.settings
    for part in path:
        found = found.get(str(part)) if isinstance(found, dict) else None
    return list(found) if isinstance(found, list) else None


def fitting_settings(recipe: type[NamedRecipe], given: Mapping[str, PlainValue]) -> Values:
    """The settings of a recipe without those that cannot stand beside what the file gives.

    Layers one by one take the place of widths, and without validation rows there is nothing to stop by.
    """
    settings = deepcopy(recipe.settings)
    model, data = given.get("model"), given.get("data")
    if isinstance(model, dict) and model.get("layers") is not None:
        _drop(settings, "model", "hidden")
    if isinstance(data, dict) and not data.get("validation", True) and data.get("folds") is None:
        _drop(settings, "training", "early_stopping")
    return settings


def joined(
    given: Mapping[str, PlainValue], settings: Mapping[str, PlainValue], block: Block | None
) -> Values:
    """What is given, with the settings for what it leaves out, block by block.

    Where the file names another variant than the settings, none of their settings of that block is taken.
    """
    result = dict(given)
    for key, value in settings.items():
        field = block.model_fields.get(key) if block else None
        result[key] = _joined_value(given[key], value, field) if key in given else deepcopy(value)
    return result


def _joined_value(given: PlainValue, value: PlainValue, field: FieldInfo | None) -> PlainValue:
    choice = choice_of(field) if field else None
    if choice is not None:
        return _joined_variant(given, value, choice)
    given = _long_form(given, field)
    if isinstance(given, dict) and isinstance(value, dict):
        return joined(given, value, block_of(field.annotation) if field else None)
    return given


def _joined_variant(given: PlainValue, value: PlainValue, choice: Choice) -> PlainValue:
    block = choice.expand(value)
    own = choice.expand(given) if isinstance(given, str) else given
    if (
        not isinstance(own, dict)
        or not isinstance(block, dict)
        or own.get("name", block["name"]) != block["name"]
    ):
        return given
    return joined(own, block, choice.registry.get(str(block["name"])))


def _is_given(key: str, given: PlainValue, settings: PlainValue, root: Block) -> bool:
    """Whether a file gives this key or, around it, another variant than the settings, or none."""
    block: Block | None = root
    for part in key.split("."):
        if not isinstance(given, dict):
            return True
        if part not in given:
            return False
        field = block.model_fields.get(part) if block else None
        choice = choice_of(field) if field else None
        given = _long_form(given[part], field)
        settings = settings.get(part) if isinstance(settings, dict) else None
        if choice is not None:
            name = _name(settings)
            if _name(given) not in (None, name):
                return True
            given = {} if isinstance(given, str) else given
            block = choice.registry.get(str(name))
        else:
            block = block_of(field.annotation) if field else None
    return True


def _name(value: PlainValue) -> PlainValue:
    """The variant that a value names, None for a block without a name."""
    return value.get("name") if isinstance(value, dict) else value


def _long_form(value: PlainValue, field: FieldInfo | None) -> PlainValue:
    """The block that a number may stand for."""
    short = short_form_of(field) if field else None
    return cast("PlainValue", short.expand(value)) if short else value


def _recipe_block(value: PlainValue) -> Values:
    """What a file says of its recipe, in the long form."""
    return value if isinstance(value, dict) else {"name": value}


def _label(location: str, name: str) -> str:
    """Where a setting of a recipe is: `iris.yaml:2: recipe tabm`."""
    return f"{location}: {RECIPE} {name}" if location else f"{RECIPE} {name}"


def _added_paths(
    settings: Mapping[str, PlainValue], given: Mapping[str, PlainValue], outer: KeyPath = ()
) -> Iterator[KeyPath]:
    """The path of each key of nested settings that is not given."""
    for key, value in settings.items():
        inner = given.get(key, {})
        if key not in given:
            yield (*outer, key)
        if isinstance(value, dict) and isinstance(inner, dict):
            yield from _added_paths(value, inner, (*outer, key))


def _drop(settings: Values, block: str, key: str) -> None:
    inner = settings.get(block)
    if isinstance(inner, dict):
        inner.pop(key, None)
