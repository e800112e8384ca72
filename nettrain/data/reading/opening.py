"""Opening files: their bytes, uncompressed, and errors of one line for those that cannot be read."""

import bz2
import io
import lzma
import os
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nettrain.data.reading.polars_errors import polars_errors
from nettrain.errors import DataError
from nettrain.files import special_kind

LINES = 50_000  # are uncompressed at once
READ_BYTES = 1 << 18
MOST_PADDING = 16 << 20  # zeros behind what gzip has compressed
GZIP_WINDOW = 16 + zlib.MAX_WBITS  # asks zlib for gzip's header, and to compare its checksum
_shown: dict[Path, str] = {}  # what errors call files that nobody has named


@contextmanager
def shown_as(path: Path, name: str) -> Iterator[None]:
    """Let errors call a temporary file by another name."""
    _shown[path] = name
    try:
        yield
    finally:
        del _shown[path]


def display_path(path: Path) -> str:
    """The path as a person would type it: relative where that is below the current folder."""
    if path in _shown:
        return _shown[path]
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@contextmanager
def reading_errors(path: Path, key: str = "") -> Iterator[None]:
    """Turn errors of reading a file into a DataError that names it, after the setting `key` if any.

    Raises DataError at once for a pipe or a device, which may have no end.
    """
    origin = f"{key}: {display_path(path)}" if key else display_path(path)
    special = special_kind(path)
    if special:
        raise DataError(f"{origin}: is {special}, expected a file")
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{origin}: no such file{close_file(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{origin}: is a folder, not a file") from None
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{origin}: is damaged or cut short ({error})") from error
    except OSError as error:
        if error.strerror is None:  # of bz2, about the content
            raise DataError(f"{origin}: is damaged or cut short ({error})") from error
        raise DataError(f"{origin}: cannot be read: {error.strerror}") from error


def close_file(path: Path) -> str:
    """A hint at the file of that folder whose name is nearest; equal suffixes do not count as similar."""
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    stems = {name.partition(".")[0]: name for name in sorted(names, reverse=True)}
    close = get_close_matches(path.name.partition(".")[0], stems, n=1)
    return f', did you mean "{stems[close[0]]}"?' if close else ""


def open_bytes(path: Path) -> io.BufferedIOBase:
    """A file's bytes as a stream, uncompressed when it begins like a file of gzip, bzip2, xz or Zstandard."""
    with path.open("rb") as stream:
        start = stream.read(MAGIC)
    unpack = next((one for magic, one in UNPACK.items() if start.startswith(magic)), None)
    return unpack(path) if unpack else path.open("rb")


def open_zstandard(path: Path) -> io.BufferedIOBase:
    """The text in a file that Zstandard has compressed, which Polars uncompresses as it is read."""
    return io.BufferedReader(ZstandardStream(path))


class ZstandardStream(io.RawIOBase):
    """The lines of a file that Zstandard has compressed, a few at a time. Reading raises DataError."""

    def __init__(self, path: Path) -> None:
        self._damage = f"{display_path(path)}: is damaged or cut short"
        self._blocks = self._read(path)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with some of the next bytes; 0 at the end."""
        while not self._rest:
            with polars_errors(self._damage):
                block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        """Let go of what has been read ahead."""
        self._blocks.close()
        super().close()

    @staticmethod
    def _read(path: Path) -> Generator[bytes]:
        import polars as pl

        for frame in pl.scan_lines(path, glob=False).collect_batches(chunk_size=LINES, maintain_order=True):
            yield "".join(f"{line}\n" for line in frame.to_series()).encode()


def open_gzip(path: Path) -> io.BufferedIOBase:
    """The text in a file that gzip has compressed, in one member or several, with zeros behind it or not."""
    return io.BufferedReader(GzipStream(path), READ_BYTES)


class GzipStream(io.RawIOBase):
    """What gzip has compressed, a little at a time; zeros behind it, such as a tape's, are passed over.

    Reading raises EOFError or zlib.error for damage, and for more zeros than a writer adds, which Python's
    own class reads one by one.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._unpacker: zlib._Decompress | None = None
        self._packed = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with some of the next bytes; 0 at the end."""
        while self._unpacker is not None or self._begin():
            assert self._unpacker is not None
            self._packed = self._packed or self._file.read(READ_BYTES)
            if not self._packed:
                raise EOFError("its end is missing")
            text = self._unpacker.decompress(self._packed, len(buffer))
            self._packed = self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                self._packed, self._unpacker = self._unpacker.unused_data, None
            if text:
                buffer[: len(text)] = text
                return len(text)
        return 0

    def _begin(self) -> bool:
        """Start with the next member, if there is one behind the zeros."""
        zeros = 0
        while not (rest := self._packed.lstrip(b"\0")):
            zeros += len(self._packed)
            if zeros > MOST_PADDING:
                raise EOFError(f"more than {MOST_PADDING:,} zeros follow its content")
            if not (block := self._file.read(READ_BYTES)):
                return False
            self._packed = block
        self._packed = rest
        self._unpacker = zlib.decompressobj(GZIP_WINDOW)
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


UNPACK: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": open_gzip,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": open_zstandard,
}  # by the first bytes of a file
MAGIC = max(map(len, UNPACK))
