"""Tables in files that exist only while they are needed: members of archives, and what comes by a pipe."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Protocol, TypeVar

from nettrain.backend.device import format_bytes
from nettrain.data.reading.file_format import FOLDER, FORMATS, TEXT, known_ending
from nettrain.data.reading.opening import shown_as
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

COPY_BYTES = 1 << 20
LEFT_FREE = 0.02  # of a disk, which others need too

T = TypeVar("T")


class TemporaryFolder:
    """A folder of one's own that is deleted with this object."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="nettrain-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


def copy_while_room(content: Readable, copy: IO[bytes], folder: Path, origin: str) -> None:
    """Copy all bytes to a file in the folder. Raises DataError once the disk has little room left.

    `origin` is what errors call the content.
    """
    size = 0
    while block := content.read(COPY_BYTES):
        room = shutil.disk_usage(folder)
        if room.free - len(block) < room.total * LEFT_FREE:
            raise DataError(
                f"{origin}: takes more than {format_bytes(size)}, and {folder.parent} has "
                f"{format_bytes(room.free)} left; the variable TMPDIR names another folder"
            )
        copy.write(block)
        size += len(block)


def read_temporary(path: Path, folder: TemporaryFolder, origin: str, options: ReadOptions) -> Source:
    """The source in a file of the folder, which errors call `origin`."""
    ending = known_ending(path.name) or TEXT
    assert ending != FOLDER
    with shown_as(path, origin):
        source = FORMATS[ending].read(path, options, "")
    test = source.test and with_folder(source.test, folder)
    return replace(source, table=with_folder(source.table, folder), test=test)


def with_folder(table: Table, folder: TemporaryFolder) -> Table:
    """The table, which keeps the folder as long as it may read lines of its file again."""
    return replace(
        table,
        line_numbers=table.line_numbers and keeping(folder, table.line_numbers),
        empty_rows=table.empty_rows and keeping(folder, table.empty_rows),
    )


def keeping(folder: TemporaryFolder, call: Callable[[], Sequence[T]]) -> Callable[[], Sequence[T]]:
    """The call, which keeps the folder while it is referred to."""

    def call_with_folder() -> Sequence[T]:
        assert folder.path.is_dir()
        return call()

    return call_with_folder
