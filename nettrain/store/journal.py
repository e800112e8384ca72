"""`journal.jsonl`: a log with a line of JSON per entry, which is only appended to and synchronised to disk.

A line that a crash has cut off is dropped when the journal is opened again; all others are intact.
"""

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nettrain.errors import NettrainError, SpecError
from nettrain.files import write_error

NAME = "journal.jsonl"
JournalEntry = dict[str, Any]


class Journal:
    """An open journal; `entries` are those it held when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries = _read(path)

    def append(self, entries: Iterable[JournalEntry]) -> None:
        """Append entries; when this returns, they are on the disk."""
        text = "".join(f"{json.dumps(_encoded(entry), allow_nan=False)}\n" for entry in entries)
        try:
            with self.path.open("ab") as f:
                f.write(text.encode())
                f.flush()
                os.fsync(f.fileno())
        except OSError as error:
            raise write_error(error, self.path, len(text)) from error


def read_journal(path: Path) -> list[JournalEntry]:
    """The entries of a journal that another process may be writing. Raises SpecError at a bad line."""
    try:
        whole = path.read_bytes().rpartition(b"\n")[0]
    except OSError as error:
        raise NettrainError(f"{path}: cannot be read: {error.strerror}") from error
    return [_entry(line, f"{path}:{number}") for number, line in enumerate(whole.splitlines(), start=1)]


def _read(path: Path) -> list[JournalEntry]:
    """The entries of a journal; an incomplete last line is cut off. Raises SpecError at a bad line."""
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
        entry = json.loads(line)
    except ValueError as error:
        raise SpecError(f"{place}: not a line of a journal: {error}") from None
    if not isinstance(entry, dict):
        raise SpecError(f"{place}: not a line of a journal")
    return {key: _decoded(value) for key, value in entry.items()}


def _encoded(value: object) -> object:
    """NaN and infinities, which JSON does not have, as `{"float": "nan"}`."""
    if isinstance(value, dict):
        return {key: _encoded(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _decoded(value: object) -> object:
    if isinstance(value, dict):
        if set(value) == {"float"}:
            return float(value["float"])
        return {key: _decoded(inner) for key, inner in value.items()}
    return value
