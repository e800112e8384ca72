"""`journal.jsonl`: a log with a line of JSON per entry, which is only appended to and synchronised to disk.

A line that a crash has cut off is dropped when the journal is opened again; all others are intact. Each line
has a digest of its content and of the digest before it: so a line that was changed, moved, repeated or taken
from another journal is noticed, and so is one that is missing between others.
"""

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nettrain.errors import NettrainError, StoredFileError
from nettrain.files import write_error
from nettrain.store.digest import content_digest
from nettrain.store.journal_lines import JournalLine
from nettrain.store.stored_file import check, parse_json, read_limited
from nettrain.store.written_table import first_line

NAME = "journal.jsonl"
DIGEST = "digest"
MOST_BYTES = 1 << 30
MOST_LINE = 16 << 20  # bytes
FLOAT = "float"
NOT_FINITE = ("nan", "inf", "-inf")
JournalEntry = dict[str, Any]


class Journal:
    """An open journal; `entries` are those it held when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _content(path) if path.exists() else b""
        whole = content.rpartition(b"\n")[0]
        self.entries, self._last = _entries(path, whole)
        if len(whole) + 1 < len(content) or (content and not whole):
            _cut(path, len(whole) + 1 if whole else 0)  # only now: one that is refused stays as it is

    def append(self, entries: Iterable[JournalEntry]) -> None:
        """Append entries; when this returns, they are on the disk."""
        lines, last = [], self._last
        for entry in entries:
            encoded = {key: _encoded(value) for key, value in entry.items()}
            last = _digest(encoded, last)
            lines.append(json.dumps({**encoded, DIGEST: last}, allow_nan=False))
        text = "".join(f"{line}\n" for line in lines)
        try:
            with self.path.open("ab") as f:
                f.write(text.encode())
                f.flush()
                os.fsync(f.fileno())
        except OSError as error:
            raise write_error(error, self.path, len(text)) from error
        self._last = last


def read_journal(path: Path) -> list[JournalEntry]:
    """The entries of a journal that another process may be writing. Raises StoredFileError at a bad line."""
    return _entries(path, _content(path).rpartition(b"\n")[0])[0]


def _content(path: Path) -> bytes:
    """The bytes of a journal; a large file without the end of a first line is none."""
    try:
        is_large = path.stat().st_size > MOST_LINE
    except OSError as error:
        raise StoredFileError(f"{path}: cannot be read: {error.strerror}") from error
    if is_large:
        first_line(path)
    return read_limited(path, MOST_BYTES)


def _cut(path: Path, length: int) -> None:
    """Cut an incomplete last line off."""
    try:
        os.truncate(path, length)
    except OSError as error:
        raise NettrainError(f"{path}: cannot be written: {error.strerror}") from error


def _entries(path: Path, lines: bytes) -> tuple[list[JournalEntry], str]:
    """The entries of whole lines, and the digest of the last one."""
    entries: list[JournalEntry] = []
    last = ""
    for number, line in enumerate(lines.split(b"\n") if lines else (), start=1):
        entry, last = _entry(line, f"{path}:{number}", last)
        entries.append(entry)
    return entries, last


def _entry(line: bytes, place: str, before: str) -> tuple[JournalEntry, str]:
    """The entry in a line, and the digest that it should have behind the one before."""
    encoded = parse_json(line, place)
    if not isinstance(encoded, dict):
        raise StoredFileError(f"{place}: not a line of a journal")
    digest = encoded.pop(DIGEST, None)
    if digest is None and not before:
        raise StoredFileError(
            f"{place}: was written by another version of nettrain, whose sweeps this one does not go on with;"
            " begin anew with --out"
        )
    if digest != _digest(encoded, before):
        way_out = "restore the file, or remove this line and all behind it, whose trials are trained again"
        raise StoredFileError(
            f"{place}: was changed since it was written, or is of another place or sweep; {way_out}"
        )
    entry = {key: _decoded(value) for key, value in encoded.items()}
    check(entry, place, JournalLine)
    return entry, digest


def _digest(entry: JournalEntry, before: str) -> str:
    return content_digest([before, entry])


def _encoded(value: object) -> object:
    """NaN and infinities, which JSON lacks, as `{"float": "nan"}`; a block that looks so inside another."""
    if isinstance(value, dict):
        block = {key: _encoded(inner) for key, inner in value.items()}
        return {FLOAT: block} if set(value) == {FLOAT} else block
    if isinstance(value, list):
        return [_encoded(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {FLOAT: str(value)}
    return value


def _decoded(value: object) -> object:
    if isinstance(value, list):
        return [_decoded(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = value[FLOAT] if set(value) == {FLOAT} else None
    if isinstance(inner, str) and inner in NOT_FINITE:
        return float(inner)
    block = inner if isinstance(inner, dict) else value
    return {key: _decoded(inner) for key, inner in block.items()}
