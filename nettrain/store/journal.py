"""`journal.jsonl`: what has happened, a line of JSON each, only ever appended and synchronised at once.

A line that was cut off by a sudden end is dropped when the journal is opened again; every other line is as
it was written.
"""

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nettrain.errors import NettrainError, SpecError
from nettrain.files import refusal

NAME = "journal.jsonl"
JournalEntry = dict[str, Any]


class Journal:
    """An open journal; `entries` are those that it held."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries = _read(path)

    def append(self, entries: Iterable[JournalEntry]) -> None:
        """Write these lines; when this returns, they are on the disk."""
        text = "".join(f"{json.dumps(_spelled(entry), allow_nan=False)}\n" for entry in entries)
        try:
            with self.path.open("ab") as f:
                f.write(text.encode())
                f.flush()
                os.fsync(f.fileno())
        except OSError as error:
            raise refusal(error, self.path, len(text)) from error


def _read(path: Path) -> list[JournalEntry]:
    """The whole lines of a journal; what follows them is cut off. Raises SpecError at a wrong one."""
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content.rpartition(b"\n")[0]
        if len(whole) + 1 < len(content) or (content and not whole):
            os.truncate(path, len(whole) + 1 if whole else 0)
    except OSError as error:
        raise NettrainError(f"{path}: cannot be read: {error.strerror}") from error
    return [_entry(line, f"{path}:{number}") for number, line in enumerate(whole.splitlines(), start=1)]


def _entry(line: bytes, place: str) -> JournalEntry:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise SpecError(f"{place}: not a line of a journal: {error}") from None
    if not isinstance(found, dict):
        raise SpecError(f"{place}: not a line of a journal")
    return {key: _read_back(value) for key, value in found.items()}


def _spelled(value: Any) -> Any:
    """NaN and infinities as text, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: _spelled(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _read_back(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"float"}:
            return float(value["float"])
        return {key: _read_back(inner) for key, inner in value.items()}
    return value
