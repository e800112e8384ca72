"""What is wrong with an experiment file, in one line each: the place, the key, the value, what is allowed."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings, is_later
from nettrain.errors import nearest
from nettrain.experiment.document import Document, Path, dump

PHRASES = {
    "greater_than": "{value} is not above {gt:g}",
    "greater_than_equal": "{value} is not at least {ge:g}",
    "less_than": "{value} is not below {lt:g}",
    "less_than_equal": "{value} is not at most {le:g}",
    "int_type": "{value} is not a whole number",
    "float_type": "{value} is not a number",
    "bool_type": "{value} is neither true nor false",
    "string_type": "{value} is not text",
    "list_type": "{value} is not a list",
    "dict_type": "{value} is not a block of keys",
    "model_type": "{value} is not a block of keys",
    "model_attributes_type": "{value} is not a block of keys",
    "finite_number": "{value} is not a finite number",
    "missing": "missing",
    "expected": "{value} is not {expected}",
    "data": "{value} {message}",
    "too_short": "needs at least {min_length} of them",
    "string_too_short": "must not be empty",
}
KEY = "[key]"  # what pydantic appends where the key itself of a mapping is wrong
OURS = ("monitor", "unbuilt", "elsewhere")  # errors whose message says all, value included


def problems(
    document: Document,
    model: type[Settings],
    error: ValidationError | None,
    more: Iterable[tuple[Path, str]] = (),
) -> list[str]:
    """All problems of a document, in the order of their lines; `more` are those that others have found."""
    wrong: dict[Path, str] = {}
    for detail in error.errors() if error else []:
        wrong.setdefault(_path(detail, document, model), _phrase(detail, model))
    for path, text in _not_built(document.values, model, ()):
        wrong.setdefault(path, text)
    for path, text in more:
        wrong.setdefault(path, text)
    found = [*document.problems, *(_line(document, path, text) for path, text in wrong.items())]
    return sorted(dict.fromkeys(found), key=_line_number)


def in_words(error: ValidationError, model: type[Settings]) -> Iterator[tuple[Path, str]]:
    """Each error of a model that stands for itself: where in it, and a text."""
    for detail in error.errors():
        yield _path(detail, Document(None), model), _phrase(detail, model)


def _line(document: Document, path: Path, text: str) -> str:
    place = document.place(path)
    key = ".".join(str(part) for part in path)
    return ": ".join(part for part in (place, key, text) if part)


def _line_number(problem: str) -> int:
    found = re.match(r".*?:(\d+): ", problem)
    return int(found[1]) if found else 0


def _phrase(detail: ErrorDetails, model: type[Settings]) -> str:
    context, value = detail.get("ctx", {}), shown(detail["input"])
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key{nearest(detail['loc'][-1], _known(detail['loc'], model))}"
        case "union_tag_invalid":
            name = detail["input"]["name"]
            return f"unknown {shown(name)}{nearest(name, _variants(detail['loc'], model))}"
        case "union_tag_not_found":
            return f"name is missing (allowed: {', '.join(_variants(detail['loc'], model))})"
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"])
            return f"unknown {value}{nearest(detail['input'], allowed)}"
    if detail["type"] in PHRASES:
        return PHRASES[detail["type"]].format(value=value, **context)
    message = detail["msg"]
    return message if detail["type"] in OURS else f"{value}: {message[:1].lower()}{message[1:]}"


def shown(value: Any) -> str:
    """A value as a person would write it, shortened."""
    text = f'"{value}"' if isinstance(value, str) else dump(value, one_line=True)
    text = " ".join(text.removesuffix("...\n").split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _path(detail: ErrorDetails, document: Document, model: type[Settings]) -> Path:
    """The keys that lead to an error: pydantic's location without the names of variants."""
    if "path" in detail.get("ctx", {}):
        return tuple(detail["ctx"]["path"])
    path = tuple(part for part, _, is_tag in _walk(detail["loc"], model) if not is_tag and part != KEY)
    named = (*path, "name")
    return named if detail["type"] == "union_tag_invalid" and named in document.places else path


def _known(loc: tuple[int | str, ...], model: type[Settings]) -> list[str]:
    """The keys that are allowed beside the last part of a location."""
    *_, (_, kind, _) = _walk(loc, model)
    return list(getattr(kind, "model_fields", {}))


def _variants(loc: tuple[int | str, ...], model: type[Settings]) -> list[str]:
    """The names that are allowed at a location that takes a variant."""
    *_, (part, kind, _) = _walk(loc, model)
    choice = _choice(kind.model_fields[part])
    return [*(["auto"] if choice and choice.auto else []), *(choice.registry if choice else [])]


def _walk(loc: tuple[int | str, ...], model: Any) -> Iterator[tuple[str | int, Any, bool]]:
    """Each part of a location, the model that it is looked up in, and whether it is a variant's name."""
    kind, choice = model, None
    for part in loc:
        if isinstance(part, int):  # a place in a list of blocks
            yield part, kind, False
            continue
        if choice is not None:
            yield part, kind, True
            kind, choice = choice.registry[str(part)], None
            continue
        yield part, kind, False
        found = getattr(kind, "model_fields", {}).get(part)
        choice = _choice(found) if found is not None else None
        kind = block_of(found.annotation) if found is not None else None


def _choice(found: FieldInfo) -> Choice | None:
    """How a field takes a variant, when it does."""
    return next((mark for mark in found.metadata if isinstance(mark, Choice)), None)


def block_of(annotation: Any) -> Any:
    """The Settings class in an annotation such as `EarlyStopping | None` or `list[LayerSettings]`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    found = map(block_of, getattr(annotation, "__args__", ()))
    return next((kind for kind in found if kind is not None), None)


def _not_built(values: Any, model: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The keys whose feature does not exist yet and that ask for it."""
    if not isinstance(values, dict) or not hasattr(model, "model_fields"):
        return
    for key, field in model.model_fields.items():
        if key not in values:
            continue
        if is_later(model, key):
            if not _same(values[key], field.default):
                yield _other(values[key], field.default, (*path, key)), "not built yet"
        else:
            yield from _not_built(values[key], block_of(field.annotation), (*path, key))


def _other(value: Any, default: Any, path: Path) -> Path:
    """The key that differs from the default: the block itself, or the deepest one in it."""
    if isinstance(value, dict) and isinstance(default, dict):
        for key in value:
            if key in default and not _same(value[key], default[key]):
                return _other(value[key], default[key], (*path, key))
    return path


def _same(value: Any, default: Any) -> bool:
    """Whether a value asks for nothing but the default; a block may give some of its keys, 1 is not true."""
    if isinstance(value, dict) and isinstance(default, dict):
        return all(key in default and _same(value[key], default[key]) for key in value)
    return isinstance(value, bool) is isinstance(default, bool) and bool(value == default)
