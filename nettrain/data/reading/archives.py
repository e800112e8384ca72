"""What zip archives list: several formats are archives."""

import lzma
import zipfile
import zlib
from pathlib import Path

MOST_BYTES = 4 << 30  # that are unpacked
ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError)  # of a list that is damaged


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
    except (*ZIP_ERRORS, RuntimeError, OSError, zlib.error, lzma.LZMAError):
        return b""


def unpacked_size(path: Path) -> int:
    """How many bytes the files in an archive say that they have."""
    return sum(member.file_size for member in members(path))
