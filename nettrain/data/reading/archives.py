"""What zip archives list: several formats are archives."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

# what Python raises at archives that are damaged, encrypted, or packed by a method that it does not know
ZIP_ERRORS = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, LookupError),
    *(OverflowError, MemoryError, struct.error, zlib.error, lzma.LZMAError),
)
LONGEST_MESSAGE = 200  # characters of what others say of a file
ENCRYPTED = 1  # a bit of a member's flags


def brief(error: Exception) -> str:
    """The message of an error on one line, shortened."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 3]}..."


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


def beginning(path: Path, name: str, size: int) -> bytes:
    """The first bytes of a file in an archive, none where it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as content:
            return content.read(size)
    except (*ZIP_ERRORS, OSError):
        return b""


def unpacked_size(path: Path) -> int:
    """How many bytes the files in an archive say that they have."""
    return sum(member.file_size for member in members(path))
