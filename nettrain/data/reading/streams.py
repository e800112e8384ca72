"""Rows that can be read only once: standard input, named pipes, and what shells write as `<(…)`."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nettrain.data.reading.file_format import ending_by_content
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.temporary import (
    COPY_BYTES,
    Readable,
    TemporaryFolder,
    copy_while_room,
    read_temporary,
)
from nettrain.errors import DataError
from nettrain.files import NAMED_PIPE, special_kind

DASH = "-"
WAITING_SECONDS = 4  # for somebody to open a named pipe for writing
STANDARD_INPUT = "standard input"
STDIN = Path("/dev/stdin")
DESCRIPTORS = (Path("/dev/fd"), Path("/proc/self/fd"))  # of the process; Windows has none of them


def is_stream(source: str) -> bool:
    """Whether a source is `-` or a file that cannot be opened again, such as a pipe."""
    path = Path(source)
    if source == DASH or path == STDIN or path.parent in DESCRIPTORS:
        return True
    try:
        return path.exists() and not (path.is_file() or path.is_dir())
    except OSError:
        return False


def source_label(source: str) -> str:
    """What reports call a source."""
    return STANDARD_INPUT if source == DASH else source


def stream_name(source: str) -> str:
    """What messages call a stream."""
    return STANDARD_INPUT if source == DASH or Path(source) == STDIN else display_path(Path(source))


def refuse_stream(source: str, key: str = "") -> None:
    """Raise DataError when the source of a run, named by the setting `key` if any, is a stream."""
    if is_stream(source):
        prefix = f"{key}: " if key else ""
        raise DataError(
            f"{prefix}{stream_name(source)}: can be read only once, but a run must be able to read its rows "
            "again; save them to a file"
        )


@dataclass(frozen=True)
class StreamCopy:
    """A temporary file with all bytes of a stream, which errors call `origin`."""

    path: Path
    folder: TemporaryFolder
    origin: str

    @staticmethod
    def of(source: str) -> "StreamCopy":
        """The copy of a stream. Raises DataError when it cannot be read, or is larger than the disk."""
        folder, name = TemporaryFolder(), stream_name(source)
        path = folder.path / "rows"
        with reading_errors(Path(DASH)), path.open("wb") as copy, open_stream(source) as stream:
            copy_while_room(stream, copy, folder.path, name)
        named = path.rename(path.with_name(f"rows{ending_by_content(path)}"))
        return StreamCopy(named, folder, name)

    def read(self, options: ReadOptions) -> Source:
        """Its rows: of the format that its first bytes show, and otherwise text."""
        return read_temporary(self.path, self.folder, self.origin, options)


@contextmanager
def open_stream(source: str) -> Iterator[Readable]:
    """The bytes of a stream. Raises DataError when there is none, or nobody writes to it."""
    path, name = Path(source), stream_name(source)
    special = "" if source == DASH else special_kind(path)
    if source == DASH:
        if sys.stdin is None:
            raise DataError(f"{STANDARD_INPUT}: is closed")
        yield sys.stdin.buffer
    elif special == NAMED_PIPE:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as pipe:
            first = first_bytes(handle, name)
            os.set_blocking(handle, True)
            yield Continued(first, pipe)
    elif special:
        raise DataError(f"{name}: is {special}, expected a file or a pipe")
    else:
        with path.open("rb") as stream:
            yield stream


def first_bytes(handle: int, name: str) -> bytes:
    """What is in a named pipe once somebody has it open for writing. Raises DataError when nobody has."""
    end = time.monotonic() + WAITING_SECONDS
    while time.monotonic() < end:
        try:
            found = os.read(handle, COPY_BYTES)
        except BlockingIOError:  # there is a writer, who has not written yet
            return b""
        if found:
            return found
        time.sleep(0.02)
    raise DataError(f"{name}: is a named pipe that nobody writes to")


@dataclass
class Continued:
    """A stream of which the first bytes have been read."""

    first: bytes
    rest: Readable

    def read(self, size: int, /) -> bytes:
        """The next bytes: about so many, none at the end."""
        found, self.first = self.first, b""
        return found or self.rest.read(size)
