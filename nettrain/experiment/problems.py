"""The problems of an experiment file, one line each: the location, the key, the value, what is allowed."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from nettrain.catalogue.registry import Choice
from nettrain.catalogue.settings import Settings
from nettrain.errors import LONGEST_VALUE, nearest, shortened
from nettrain.experiment.document import Document, KeyPath, dotted_key, dump
from nettrain.experiment.fields import Block, block_of, choice_of
from nettrain.experiment.near_misses import main_key, nearest_key, nearest_variant

PHRASES = {  # by pydantic's type of error
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
    "finite_number": "{value} is not a finite number",
    "missing": "missing",
    "expected": "{value} is not {expected}",
    "data": "{value} {message}",
    "too_short": "needs at least {min_length} of them",
    "string_too_short": "must not be empty",
    "too_long": "has {actual_length:,} of them, at most {max_length:,} are allowed",
    "string_too_long": "has more than {max_length} characters",
}
KEY = "[key]"  # appended by pydantic to the location where the key of a mapping is itself wrong
COMPLETE = ("monitor", "unbuilt", "elsewhere")  # errors of ours whose message includes the value
MOST_WORDS = 10 * LONGEST_VALUE  # characters of text, of which blanks side by side are shown as one
MOST_PROBLEMS = 50  # are reported of one document


class KeyProblem(NamedTuple):
    """What is wrong with the value of one key."""

    path: KeyPath
    text: str


def find_problems(
    document: Document,
    model: type[Settings],
    error: ValidationError | None,
    more: Iterable[KeyProblem] = (),
) -> list[str]:
    """The problems of a document by line, at most one for each key and MOST_PROBLEMS in all.

    Those that pydantic reports in `error` take precedence over the problems in `more`.
    """
    first: dict[KeyPath, str] = {}
    details = error.errors(include_url=False) if error else []
    invalid = [_problem(detail, document, model) for detail in details[:MOST_PROBLEMS]]
    other = list(islice(more, MOST_PROBLEMS))
    for path, text in (*invalid, *other):
        first.setdefault(path, text)
    lines = [*document.problems, *(_line(document, path, text) for path, text in first.items())]
    shown = sorted(dict.fromkeys(lines), key=_line_number)[:MOST_PROBLEMS]
    left = len(document.problems) + len(details) - MOST_PROBLEMS
    return [*shown, f"and {left:,} more problems"] if left > 0 else shown


def error_at(path: KeyPath, text: str) -> PydanticCustomError:
    """The error that a validator raises about another key than the one it validates."""
    return PydanticCustomError("elsewhere", "{text}", {"text": text, "path": path})


def describe_errors(error: ValidationError, model: type[Settings]) -> Iterator[KeyProblem]:
    """Each error in a block that is validated on its own, with the path inside that block."""
    for detail in error.errors():
        yield _problem(detail, Document(None), model)


def shortened_yaml(value: object) -> str:
    """A value on one line as YAML writes it, shortened."""
    value = _beginning(value)
    text = f'"{value}"' if isinstance(value, str) else dump(value, one_line=True)
    text = " ".join(text.removesuffix("...\n").split())
    return shortened(text)


def _beginning(value: object) -> object:
    """What a value begins with, where it is long: more than is shown."""
    if isinstance(value, str):
        return value if len(value) <= MOST_WORDS else value[:MOST_WORDS]
    if isinstance(value, list):
        return [_beginning(item) for item in value[:LONGEST_VALUE]]
    if isinstance(value, dict):
        return {str(_beginning(key)): _beginning(item) for key, item in islice(value.items(), LONGEST_VALUE)}
    return value


def _line(document: Document, path: KeyPath, text: str) -> str:
    return ": ".join(part for part in (document.location(path), dotted_key(path), text) if part)


def _line_number(problem: str) -> int:
    match = re.match(r".*?:(\d+): ", problem)
    return int(match[1]) if match else 0


def _problem(detail: ErrorDetails, document: Document, model: Block) -> KeyProblem:
    return KeyProblem(_path(detail, document, model), _phrase(detail, model))


def _path(detail: ErrorDetails, document: Document, model: Block) -> KeyPath:
    """The keys that lead to an error: pydantic's location without the names of variants."""
    if "path" in detail.get("ctx", {}):
        return tuple(detail["ctx"]["path"])
    path = tuple(
        step.part for step in _walk(detail["loc"], model) if not step.is_variant and step.part != KEY
    )
    named = (*path, "name")
    return named if detail["type"] == "union_tag_invalid" and named in document.locations else path


def _phrase(detail: ErrorDetails, model: Block) -> str:
    kind, value = detail["type"], shortened_yaml(detail["input"])
    if kind in SUGGESTIONS:
        return SUGGESTIONS[kind](detail, model)
    if kind in PHRASES:
        return PHRASES[kind].format(value=value, **detail.get("ctx", {}))
    message = detail["msg"]
    return message if kind in COMPLETE else f"{value}: {message[:1].lower()}{message[1:]}"


def _unknown_key(detail: ErrorDetails, model: Block) -> str:
    *outer, last = (step for step in _walk(detail["loc"], model) if not step.is_variant)
    path = [str(step.part) for step in outer]
    return f"unknown key{nearest_key(str(last.part), path, last.block, model)}"


def _no_block(detail: ErrorDetails, model: Block) -> str:
    path = [step.part for step in _walk(detail["loc"], model) if not step.is_variant]
    hint = "" if detail["input"] is None else main_key(path)
    return f"{shortened_yaml(detail['input'])} is not a block of keys{hint}"


def _unknown_variant(detail: ErrorDetails, model: Block) -> str:
    name = detail["input"]["name"]
    choice = _choice(detail, model)
    refusal = choice.registry.refusal(name) if choice else ""
    if refusal:
        return f"{name} {refusal}"
    return f"unknown {shortened_yaml(name)}{nearest_variant(name, _variants(detail, model))}"


def _missing_name(detail: ErrorDetails, model: Block) -> str:
    return f"name is missing (allowed: {', '.join(_variants(detail, model))})"


def _unknown_word(detail: ErrorDetails, model: Block) -> str:
    allowed = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    return f"unknown {shortened_yaml(detail['input'])}{nearest(detail['input'], allowed)}"


SUGGESTIONS: dict[str, Callable[[ErrorDetails, Block], str]] = {
    "extra_forbidden": _unknown_key,
    "model_type": _no_block,
    "model_attributes_type": _no_block,
    "union_tag_invalid": _unknown_variant,
    "union_tag_not_found": _missing_name,
    "literal_error": _unknown_word,
}


def _variants(detail: ErrorDetails, model: Block) -> list[str]:
    """The names that are allowed where the error is."""
    choice = _choice(detail, model)
    return [*(["auto"] if choice and choice.auto else []), *(choice.registry if choice else [])]


def _choice(detail: ErrorDetails, model: Block) -> Choice | None:
    """What chooses among variants where the error is."""
    *_, last = _walk(detail["loc"], model)
    return choice_of(last.block.model_fields[str(last.part)]) if last.block else None


class _Step(NamedTuple):
    """A part of pydantic's location, the settings class to look it up in, and whether it names a variant."""

    part: int | str
    block: Block | None
    is_variant: bool


def _walk(location: tuple[int | str, ...], model: Block) -> Iterator[_Step]:
    block: Block | None = model
    choice: Choice | None = None
    for part in location:
        yield _Step(part, block, choice is not None and not isinstance(part, int))
        if isinstance(part, int):  # the position in a list of blocks
            continue
        if choice is not None:
            block, choice = choice.registry[part], None
            continue
        field = block.model_fields.get(part) if block else None
        choice = choice_of(field) if field else None
        block = block_of(field.annotation) if field else None
