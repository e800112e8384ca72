"""A table that grows while a run trains, and the record by which the run knows it when it goes on.

The record is how many rows there were, in which columns, and a digest of them, which is kept up to date as
rows are appended. Columns that are added later are empty in these rows, and do not change it.
"""

import csv
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from nettrain.data.tables.table import counted
from nettrain.errors import StoredFileError
from nettrain.files import append_atomic, write_atomic
from nettrain.store.digest import running_hash
from nettrain.store.stored_file import read_limited

MOST_BYTES = 16 << 30
BLOCK = 1 << 20  # bytes that are looked at together
MOST_HEADER = 16 << 20  # bytes
ADVICE = "restore it, or remove it: it then begins anew"


class TableRecord(TypedDict):
    """Rows of a table: how many, in how many columns, and the digest of their text."""

    columns: Annotated[int, Field(ge=0)]
    rows: Annotated[int, Field(ge=0)]
    digest: str


NOTHING: TableRecord = {"columns": 0, "rows": 0, "digest": running_hash().hexdigest()}


class WrittenTable:
    """A table of a run folder: `text` is what is not in the file yet, a header first if there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text: list[str] = []
        self._lines = _Lines()

    @property
    def record(self) -> TableRecord:
        """The record of what is in the file."""
        return self._lines.record

    def flush(self) -> None:
        """Append the text to the file. Raises NettrainError when the disk refuses."""
        if self.text:
            text = "".join(self.text)
            append_atomic(self.path, text)
            self.text.clear()
            self._lines.add(text.splitlines(keepends=True))

    def rewrite(self, lines: Sequence[str]) -> None:
        """Replace the file by these lines, a header and rows."""
        write_atomic(self.path, "".join(lines))
        self._lines = _Lines()
        self._lines.add(lines)


@dataclass
class _Lines:
    """The lines of a table so far, a header first."""

    columns: int = 0
    rows: int = -1

    def __post_init__(self) -> None:
        self._hash = running_hash()

    @property
    def record(self) -> TableRecord:
        return {"columns": self.columns, "rows": max(self.rows, 0), "digest": self._hash.hexdigest()}

    def add(self, lines: Iterable[str]) -> None:
        for line in lines:
            if self.rows < 0:
                self.columns = _width(line)
            self.rows += 1
            self._hash.update(line.encode())


def _width(header: str) -> int:
    try:
        return len(next(csv.reader([header]), []))
    except csv.Error:  # of a header that nettrain has not written
        return -1


def recorded(path: Path, rows: int | None = None) -> TableRecord:
    """The record of the first rows of a file, by default of all; of no rows where there is no file."""
    if not path.is_file():
        return NOTHING
    lines = _Lines()
    text = read_lines(path)
    lines.add(text if rows is None else text[: rows + 1])
    return lines.record


def first_line(path: Path) -> str:
    """The first line of a table, of which files of anything else may have none. Raises StoredFileError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise StoredFileError(f"{path}: is not a file")
        with path.open("rb") as file:
            line = file.readline(MOST_HEADER)
    except OSError as error:
        raise StoredFileError(f"{path}: cannot be read: {error.strerror}") from error
    if (line and not line.endswith(b"\n")) or b"\0" in line:
        raise StoredFileError(f"{path}: is no table: its first line has no end; {ADVICE}")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoredFileError(f"{path}: is not text in UTF-8; {ADVICE}") from error


def read_lines(path: Path) -> list[str]:
    """The lines of a table, each with its end. Raises StoredFileError when it is no text."""
    first_line(path)
    _refuse_zeros(path)
    try:
        text = read_limited(path, MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoredFileError(f"{path}: is not text in UTF-8; {ADVICE}") from error
    return text.splitlines(keepends=True)


def _refuse_zeros(path: Path) -> None:
    """Raise StoredFileError at a zero byte: a file of them takes no room on a disk, but in memory."""
    with path.open("rb") as file:
        if any(b"\0" in block for block in iter(lambda: file.read(BLOCK), b"")):
            raise StoredFileError(f"{path}: is not text: it holds zero bytes; {ADVICE}")


def recorded_lines(path: Path, record: TableRecord) -> list[str]:
    """The header and the rows of a file that a record is of. Raises StoredFileError when they are others.

    There are none where the record has no rows, or the file is gone.
    """
    if not record["rows"] or not path.is_file():
        return []
    lines = read_lines(path)[: record["rows"] + 1]
    if len(lines) <= record["rows"]:
        there = counted(max(len(lines) - 1, 0), "row")
        raise StoredFileError(f"{path}: has {there} of the {record['rows']:,} that were written; {ADVICE}")
    found = _Lines()
    found.add(_first_columns(lines, record["columns"]))
    if found.record != record:
        rows = counted(record["rows"], "row")
        raise StoredFileError(f"{path}: was changed since its first {rows} were written; {ADVICE}")
    return lines


def _first_columns(lines: Sequence[str], columns: int) -> Iterable[str]:
    """The lines without columns that were added later, where these are empty."""
    more = _width(lines[0]) - columns
    if more <= 0:
        return lines
    header, *rows = lines
    names = header.rstrip("\n").split(",")[:columns]
    return [f"{','.join(names)}\n", *(line.removesuffix(f"{',' * more}\n") + "\n" for line in rows)]
