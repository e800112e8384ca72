"""What zip archives list: several formats are archives."""

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from copy import copy
from pathlib import Path
from typing import IO

from typing_extensions import Buffer

from nettrain.errors import shortened

# what Python raises at archives that are damaged, encrypted, or packed by a method that it does not know
ZIP_ERRORS = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, LookupError),
    *(OverflowError, MemoryError, struct.error, zlib.error, lzma.LZMAError),
)
LONGEST_MESSAGE = 200  # characters of what others say of a file
ENCRYPTED = 1  # a bit of a member's flags


def brief(error: Exception) -> str:
    """The message of an error on one line, shortened."""
    return shortened(" ".join(str(error).split()) or type(error).__name__, LONGEST_MESSAGE)


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in an archive, none where it is no archive or its list is damaged."""
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            return [member for member in archive.infolist() if member.filename]
    except ZIP_ERRORS:
        return []


def member_names(path: Path) -> list[str]:
    """The names of the files in an archive, none where it is no archive."""
    return [member.filename for member in members(path)]


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """The content of a file in an archive, which is unpacked as it is read.

    Python would unpack 4 KB of bzip2 at once, whatever they hold, and that may be gigabytes.
    """
    if member.compress_type != zipfile.ZIP_BZIP2:
        return archive.open(member)
    packed = copy(member)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
    del packed.CRC  # of what is unpacked; bzip2 has its own
    return io.BufferedReader(_Unpacked(archive.open(packed), member.file_size))


class _Unpacked(io.RawIOBase):
    """So many bytes of what a stream of bzip2 unpacks to."""

    def __init__(self, packed: IO[bytes], size: int) -> None:
        self._packed, self._content, self._left = packed, bz2.BZ2File(packed), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Unpack into a buffer; returns how many bytes. Raises BadZipFile for damage."""
        view = memoryview(buffer).cast("B")
        try:
            data = self._content.read(min(len(view), self._left))
        except OSError as error:
            raise zipfile.BadZipFile(str(error)) from error
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._content.close()
        self._packed.close()
        super().close()


def beginning(path: Path, name: str, size: int) -> bytes:
    """The first bytes of a file in an archive, none where it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive, open_member(archive, archive.getinfo(name)) as content:
            return content.read(size)
    except (*ZIP_ERRORS, OSError):
        return b""


def unpacked_size(path: Path) -> int:
    """How many bytes the files in an archive say that they have."""
    return sum(member.file_size for member in members(path))
