"""All that an experiment file can name, by kind: what it does, its numbers and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from nettrain.catalogue.activations import activations
from nettrain.catalogue.distributions import distributions
from nettrain.catalogue.initializers import initializers
from nettrain.catalogue.losses import losses
from nettrain.catalogue.metrics import metrics
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.registry import Registry, Variant, meaning
from nettrain.catalogue.schedules import momentum_schedules, schedules
from nettrain.catalogue.settings import is_later, varies
from nettrain.data.columns.scaling import scalings
from nettrain.data.reading.shipped import BUILTINS
from nettrain.data.reading.synthetic import SYNTHETICS
from nettrain.errors import SpecError, nearest

SAID = ("goal", "fits", "output_activation")  # of a class, what a person asks for
REGISTRIES: dict[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (
        activations,
        initializers,
        losses,
        metrics,
        optimizers,
        schedules,
        momentum_schedules,
        scalings,
        distributions,
    )
}
DATA = "data"


@dataclass(frozen=True)
class NumberSetting:
    """One setting of a variant; `range` is what it may be, `varies` whether members may differ in it."""

    name: str
    default: Any
    range: str
    meaning: str
    varies: bool


@dataclass(frozen=True)
class CatalogueEntry:
    """One variant of a kind."""

    name: str
    meaning: str
    numbers: tuple[NumberSetting, ...] = ()
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def kinds() -> list[str]:
    """The names of all kinds."""
    return [*REGISTRIES, DATA]


def entries(kind: str) -> list[CatalogueEntry]:
    """The variants of a kind. Raises SpecError when there is no such kind."""
    if kind == DATA:
        return [*_shipped(), *_synthetic()]
    if kind not in REGISTRIES:
        raise SpecError(f'unknown kind "{kind}"{nearest(kind, kinds())}')
    return [_entry(name, variant) for name, variant in REGISTRIES[kind].items()]


def allowed(field: dict[str, Any]) -> str:
    """What a JSON schema allows, in a few signs: `0 ≤ x < 1`, `mean | sum`, `whole number ≥ 1`."""
    if "anyOf" in field:
        return " or ".join(allowed(form) for form in field["anyOf"])
    if "enum" in field or "const" in field:
        return " | ".join(str(value) for value in field.get("enum", [field.get("const")]))
    words = {"integer": "whole number", "boolean": "true | false", "array": "list", "string": "text"}
    kind = words.get(field.get("type", ""), field.get("type", "anything"))
    return " ".join(part for part in ("" if kind == "number" else kind, _range(field)) if part) or "number"


def _range(field: dict[str, Any]) -> str:
    low = _limit(field, ("minimum", "≤"), ("exclusiveMinimum", "<"))
    high = _limit(field, ("maximum", "≤"), ("exclusiveMaximum", "<"))
    if low and high:
        return f"{low[0]} {low[1]} x {high[1]} {high[0]}"
    if low:
        return f"{'≥' if low[1] == '≤' else '>'} {low[0]}"
    return f"{high[1]} {high[0]}" if high else ""


def _limit(field: dict[str, Any], *signs: tuple[str, str]) -> tuple[str, str] | None:
    return next(((f"{field[key]:g}", sign) for key, sign in signs if key in field), None)


def _entry(name: str, variant: type[Variant]) -> CatalogueEntry:
    properties = variant.model_json_schema()["properties"]
    numbers = tuple(
        NumberSetting(
            key, field.get("default"), allowed(field), field.get("description", ""), varies(variant, key)
        )
        for key, field in properties.items()
        if key != "name" and not is_later(variant, key)
    )
    return CatalogueEntry(name, meaning(variant), numbers, variant.source, tuple(_facts(variant)))


def _facts(variant: type[Variant]) -> Iterator[tuple[str, str]]:
    for name in SAID:
        value = getattr(variant, name, None)
        if value:
            yield name, value if isinstance(value, str) else ", ".join(value)


def _shipped() -> Iterator[CatalogueEntry]:
    for name, shipped in BUILTINS.items():
        folder = shipped.train.partition("/")[0]
        text = resources.files("nettrain.data").joinpath("builtin", folder, "SOURCE.txt").read_text("utf-8")
        what, _, rest = text.partition("\n\n")
        origin = rest.removeprefix("Taken from:").partition("Licence:")[0]
        facts = (("target", shipped.target),)
        yield CatalogueEntry(f"builtin:{name}", _line(what), (), _line(origin), facts)


def _synthetic() -> Iterator[CatalogueEntry]:
    for name, make in SYNTHETICS.items():
        yield CatalogueEntry(f"synthetic:{name}", _line((make.__doc__ or "").partition("\n\n")[0]))


def _line(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
