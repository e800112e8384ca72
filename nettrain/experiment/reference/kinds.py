"""Everything that an experiment file can choose by name, by kind: its meaning, its settings, its source."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Protocol, cast

from nettrain.catalogue.activations import activations
from nettrain.catalogue.calibrations import calibrations
from nettrain.catalogue.distributions import distributions
from nettrain.catalogue.initializers import initializers
from nettrain.catalogue.losses import losses
from nettrain.catalogue.metrics import metrics
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.registry import Choice, Variant, meaning
from nettrain.catalogue.schedules import momentum_schedules, schedules
from nettrain.catalogue.searches import search_methods
from nettrain.catalogue.settings import varies
from nettrain.data.columns.scaling import scalings
from nettrain.data.reading.builtin import BUILTINS, BuiltinData
from nettrain.data.reading.synthetic import SYNTHETICS
from nettrain.errors import SpecError, nearest
from nettrain.experiment.document import PlainValue, dump
from nettrain.experiment.recipes import Recipe, recipes
from nettrain.experiment.reference.json_schema import JsonSchema
from nettrain.model.layers import embeddings, layers, norms

FACTS = ("goal", "fits", "output_activation")  # attributes of a variant that are listed with it
TYPES = {
    "integer": "whole number",
    "boolean": "true | false",
    "array": "list",
    "string": "text",
    "object": "block",
}
DATA = "data"  # the kind of built-in and synthetic sources


class Variants(Protocol):
    """A registry of any kind, as far as it is listed."""

    kind: str

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object) -> bool: ...

    def items(self) -> Iterator[tuple[str, type[Variant]]]: ...


ALL: tuple[Variants, ...] = (
    activations,
    initializers,
    losses,
    metrics,
    optimizers,
    schedules,
    momentum_schedules,
    scalings,
    distributions,
    search_methods,
    layers,
    norms,
    embeddings,
    calibrations,
    recipes,
)
REGISTRIES = {registry.kind: registry for registry in ALL}


@dataclass(frozen=True)
class VariantSetting:
    """One setting of a variant: its allowed `range`, and whether members of a population may differ in it."""

    name: str
    default: PlainValue
    range: str
    meaning: str
    varies: bool


@dataclass(frozen=True)
class CatalogueEntry:
    """One variant of a kind."""

    name: str
    meaning: str
    numbers: tuple[VariantSetting, ...] = ()
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def kinds() -> list[str]:
    """The names of all kinds."""
    return [*REGISTRIES, DATA]


def entries(kind: str) -> list[CatalogueEntry]:
    """The variants of a kind. Raises SpecError when there is no such kind."""
    if kind == DATA:
        return [*_builtin_sources(), *_synthetic_sources()]
    if kind not in REGISTRIES:
        raise SpecError(f'unknown kind "{kind}"{nearest(kind, kinds())}')
    return [_entry(name, variant) for name, variant in REGISTRIES[kind].items()]


def allowed(field: JsonSchema) -> str:
    """What a JSON schema allows, in a few signs: `0 ≤ x < 1`, `mean | sum`, `whole number ≥ 1`."""
    if "anyOf" in field:
        return " or ".join(map(allowed, field["anyOf"]))
    if "enum" in field or "const" in field:
        return " | ".join(str(value) for value in field.get("enum", [field.get("const")]))
    kind = "object" if "$ref" in field else field.get("type", "anything")
    words = ("" if kind == "number" else TYPES.get(kind, kind), _range(field))
    return " ".join(filter(None, words)) or "number"


def _range(field: JsonSchema) -> str:
    low, high = _lower_limit(field), _upper_limit(field)
    if low and high:
        return f"{low[0]} {low[1]} x {high[1]} {high[0]}"
    if low:
        return f"{'≥' if low[1] == '≤' else '>'} {low[0]}"
    return f"{high[1]} {high[0]}" if high else ""


def _lower_limit(field: JsonSchema) -> tuple[str, str] | None:
    """The smallest value, and the sign between it and x."""
    if "minimum" in field:
        return f"{field['minimum']:g}", "≤"
    return (f"{field['exclusiveMinimum']:g}", "<") if "exclusiveMinimum" in field else None


def _upper_limit(field: JsonSchema) -> tuple[str, str] | None:
    """The largest value, and the sign between x and it."""
    if "maximum" in field:
        return f"{field['maximum']:g}", "≤"
    return (f"{field['exclusiveMaximum']:g}", "<") if "exclusiveMaximum" in field else None


def _entry(name: str, variant: type[Variant]) -> CatalogueEntry:
    if issubclass(variant, Recipe):
        return CatalogueEntry(name, meaning(variant), (), variant.source, tuple(_recipe_facts(variant)))
    schema = cast("JsonSchema", variant.model_json_schema())
    settings = tuple(
        _setting(key, field, variant) for key, field in schema["properties"].items() if key != "name"
    )
    return CatalogueEntry(name, meaning(variant), settings, variant.source, tuple(_facts(variant)))


def _setting(key: str, field: JsonSchema, variant: type[Variant]) -> VariantSetting:
    default, text = field.get("default"), field.get("description", "")
    return VariantSetting(key, default, _choice(variant, key) or allowed(field), text, varies(variant, key))


def _choice(variant: type[Variant], key: str) -> str:
    """The kind of a setting that names a variant, such as "an activation"; "" for any other setting."""
    choices = (one for one in variant.model_fields[key].metadata if isinstance(one, Choice))
    kinds = (one.registry.kind for one in choices)
    return next((f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" for kind in kinds), "")


def _facts(variant: type[Variant]) -> Iterator[tuple[str, str]]:
    for name in FACTS:
        value = getattr(variant, name, None)
        if value:
            yield name, value if isinstance(value, str) else ", ".join(value)


def _recipe_facts(recipe: type[Recipe]) -> Iterator[tuple[str, str]]:
    """The blocks of a recipe, as a file spells them, and the keys that follow from the data."""
    for block, values in recipe.settings.items():
        yield block, dump(_short(values), one_line=True).removesuffix("...\n").strip()
    if recipe.follows_data:
        yield "from the data", ", ".join(recipe.follows_data)


def _short(value: PlainValue) -> PlainValue:
    """A value with the blocks of variants that have no other keys as their names."""
    if not isinstance(value, dict):
        return value
    return value["name"] if [*value] == ["name"] else {key: _short(one) for key, one in value.items()}


def _builtin_sources() -> Iterator[CatalogueEntry]:
    for name, data in BUILTINS.items():
        text, origin = _description(data)
        yield CatalogueEntry(f"builtin:{name}", text, (), origin, (("target", data.target),))


def _description(data: BuiltinData) -> tuple[str, str]:
    """What a built-in data set is, and where it was taken from."""
    folder = data.train.partition("/")[0]
    file = resources.files("nettrain.data").joinpath("builtin", folder, "SOURCE.txt")
    text, _, rest = file.read_text("utf-8").partition("\n\n")
    origin = rest.removeprefix("Taken from:").partition("Licence:")[0]
    return _one_line(text), _one_line(origin)


def _synthetic_sources() -> Iterator[CatalogueEntry]:
    for name, make in SYNTHETICS.items():
        text = (make.__doc__ or "").partition("\n\n")[0]
        yield CatalogueEntry(f"synthetic:{name}", _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
