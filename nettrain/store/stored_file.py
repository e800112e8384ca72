"""How files that nettrain wrote are read back: with limits, against a schema, and errors that name the key.

A run folder may come from anybody, and people edit files. So every file of JSON is read here: of limited size
and depth, without what JSON does not have, and checked against the type that says what it holds. What is
returned is the content as it is; a TypedDict is its schema. All errors are a StoredFileError of one line.
"""

import json
import math
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from nettrain.data.reading.room import refuse_without_room
from nettrain.errors import DataError, StoredContentError, StoredFileError, shortened
from nettrain.experiment.load import MOST_BYTES as MOST_OF_YAML
from nettrain.experiment.problems import PHRASES

T = TypeVar("T")

MOST_BYTES = 256 << 20  # of a file of JSON
ADVICE = "restore or remove it"
MOST_VALUES = 8_000_000  # numbers, texts, lists and blocks in one
DEPTH = 64  # of blocks and lists inside each other
LARGEST = 2**64  # of whole numbers
LAST = 100  # how much better a location fits content that has its last part
EXTREME = re.compile(r"\d{19}|[eE]\+?\d{3}")  # in text with numbers that may be beyond all limits
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_stored(path: Path, schema: type[T]) -> T:
    """The content of a file of JSON, which the schema describes. Raises StoredFileError."""
    return parse_stored(read_limited(path), str(path), schema)


def read_limited(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of a regular file of limited size. Raises StoredFileError."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise StoredFileError(f"{path}: is not a file")
        if found.st_size > most:
            raise StoredFileError(
                f"{path}: is larger than files of this kind can be ({found.st_size >> 20:,} MiB of"
                f" {most >> 20:,} MiB)"
            )
        refuse_file_without_room(path)
        return path.read_bytes()
    except OSError as error:
        raise StoredFileError(f"{path}: cannot be read: {error.strerror}") from error


def read_yaml_text(path: Path) -> str:
    """The text of a regular file of YAML. Raises StoredFileError, and what decoding raises."""
    return read_limited(path, MOST_OF_YAML).decode("utf-8")


def refuse_file_without_room(path: Path) -> None:
    """Raise StoredFileError for a file that does not fit into memory, which some readers do not survive."""
    try:
        refuse_without_room(path.stat().st_size, f"{path}: it", ADVICE)
    except DataError as error:
        raise StoredFileError(str(error)) from error


def refuse_other_kinds(paths: Iterable[Path]) -> None:
    """Raise StoredFileError for the first that is there but no file: reading a pipe may never end."""
    for path in paths:
        if path.exists() and not path.is_file():
            raise StoredFileError(f"{path}: is not a file")


def parse_stored(text: bytes | str, place: str, schema: type[T]) -> T:
    """The content of JSON that stands in a `place`, which begins the message of an error."""
    return checked(parse_json(text, place), place, schema)


def parse_json(text: bytes | str, place: str) -> object:
    """Plain data in JSON, within limits. Raises StoredFileError."""
    try:
        return _parsed(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise StoredFileError(f"{place}: is not text in UTF-8") from error
    except json.JSONDecodeError as error:
        line = f", line {error.lineno}" if error.lineno > 1 else ""
        raise StoredFileError(f"{place}: is not JSON{line}: {error.msg}") from error
    except RecursionError:
        raise StoredFileError(f"{place}: is nested more than {DEPTH} levels deep") from None
    except ValueError as error:
        raise StoredFileError(f"{place}: {error}") from error


def _parsed(text: str) -> object:
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        raise ValueError(f"has more than {MOST_VALUES:,} values")
    extreme = EXTREME.search(text)
    content = json.loads(
        text,
        parse_constant=_no_number,
        object_pairs_hook=_block,
        parse_int=_limited_int if extreme else None,
        parse_float=_finite_float if extreme else None,
    )
    _check_depth(content)
    if SURROGATE.search(text):
        _check_text(content)
    return content


def _block(pairs: list[tuple[str, object]]) -> dict[str, object]:
    block = dict(pairs)
    if len(block) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_shown(twice)} is there twice")
    return block


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is not a number of JSON")


def _limited_int(digits: str) -> int:
    if len(digits) > 21 or abs(int(digits)) >= LARGEST:
        raise ValueError(f"a number of {len(digits)} digits is too large")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {_shown(digits)} is too large")
    return value


def _shown(text: str) -> str:
    return json.dumps(shortened(text), ensure_ascii=False)


def _check_depth(content: object) -> None:
    level: Sequence[object] = [content]
    for _ in range(DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise RecursionError


def _inside(value: object) -> Iterator[object]:
    """The blocks and lists in a block or list."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (one for one in inside if isinstance(one, dict | list))


def _check_text(content: object) -> None:
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("has half of a surrogate pair, which is no text") from None


def checked(content: object, place: str, schema: type[T]) -> T:
    """The content, which the schema describes. Raises StoredFileError naming the first key that is wrong."""
    check(content, place, schema)
    return cast(T, content)


def check(content: object, place: str, schema: Any) -> None:
    """Raise StoredFileError naming the first key that a schema, which may be a union, does not take."""
    try:
        _adapter(schema).validate_python(content, strict=True)
    except ValidationError as error:
        raise invalid(place, error, content) from None


@cache
def _adapter(schema: Any) -> TypeAdapter[Any]:
    return TypeAdapter(schema)


def invalid(place: str, error: ValidationError, content: object) -> StoredFileError:
    """The error for content that its schema does not take."""
    first = error.errors(include_url=False)[0]
    return wrong_key(place, StoredContentError(_key(first, content), _phrase(first)))


def wrong_key(place: str, error: StoredContentError) -> StoredFileError:
    """The error for a file that stands in a `place` and is wrong in one key."""
    return StoredFileError(f"{place}: {error}")


def _key(detail: ErrorDetails, content: object) -> str:
    """The keys that lead to an error: pydantic's location without the names of types among them."""
    _, keys = _found(detail["loc"], content, is_missing=detail["type"] == "missing")
    tag = detail.get("ctx", {}).get("discriminator", "").strip("'")
    return ".".join([*map(str, keys), *([tag] if tag else [])])


def _found(
    parts: Sequence[int | str], content: object, *, is_missing: bool
) -> tuple[int, tuple[int | str, ...]]:
    """The parts that are keys of the content, and how well they fit: above all, the last should be one."""
    if not parts:
        return 0, ()
    part, *rest = parts
    ways: list[tuple[int, tuple[int | str, ...]]]
    ways = [_found(rest, content, is_missing=is_missing)] if rest else [(0, ())]
    is_there = (isinstance(content, dict) and part in content) or (
        isinstance(content, list) and isinstance(part, int) and part < len(content)
    )
    if is_there:
        inside = content[part]  # type: ignore[index]
        fit, keys = _found(rest, inside, is_missing=is_missing)
        ways.append((fit + (1 if rest else LAST), (part, *keys)))
    elif not rest and is_missing and isinstance(content, dict):
        ways.append((LAST, (part,)))
    return max(ways, key=lambda way: way[0])


def _value(value: object) -> str:
    """A value as JSON writes it, shortened; of a list or a block what it is."""
    if isinstance(value, dict | list):
        return "a block" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | float | None) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return shortened(text)


PHRASES_HERE: dict[str, Callable[[ErrorDetails], str]] = {
    "extra_forbidden": lambda detail: "unknown key",
    "literal_error": lambda detail: f"{_value(detail['input'])} is not {detail['ctx']['expected']}",
    "value_error": lambda detail: f"{_value(detail['input'])} {detail['ctx']['error']}",
    "union_tag_invalid": lambda detail: (
        f"{_value(detail['ctx']['tag'])} is not one of {detail['ctx']['expected_tags']}"
    ),
    "union_tag_not_found": lambda detail: "missing",
}


def _phrase(detail: ErrorDetails) -> str:
    kind, value = detail["type"], _value(detail["input"])
    if kind in PHRASES_HERE:
        return PHRASES_HERE[kind](detail)
    if kind in PHRASES:
        return PHRASES[kind].format(value=value, **detail.get("ctx", {}))
    message = detail["msg"]
    return f"{value}: {message[:1].lower()}{message[1:]}"
