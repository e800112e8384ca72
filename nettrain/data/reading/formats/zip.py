"""Zip archives that hold one table, in a file of any other format."""

import zipfile
from pathlib import Path, PurePosixPath

from nettrain.data.reading.archives import ENCRYPTED, ZIP_ERRORS, brief, open_member
from nettrain.data.reading.file_format import begins_with, file_format, known_ending
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.temporary import TemporaryFolder, copy_while_room, read_temporary
from nettrain.errors import DataError

ENDING = ".zip"
README = ".txt"  # which is a table where no other file is one
MOST_NAMED = 5  # files in a message
HIDDEN = ("__MACOSX", ".")  # begin the names that systems add


@file_format(ENDING, recognise=begins_with(b"PK\3\4"))
def read_zip(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in the only file of an archive that has a known ending, or in its only file.

    Raises DataError for a file that is no archive, is damaged or encrypted, holds no table or several, or
    whose table is larger than the disk.
    """
    origin = display_path(path)
    with reading_errors(path, key):
        path.open("rb").close()
        try:
            with zipfile.ZipFile(path) as archive:
                member = only_table(archive, origin)
                folder = TemporaryFolder()
                unpacked = folder.path / f"table{known_ending(member.filename)}"
                with open_member(archive, member) as content, unpacked.open("wb") as copy:
                    copy_while_room(content, copy, folder.path, f"{origin}/{member.filename}")
        except ZIP_ERRORS as error:
            raise DataError(f"{origin}: is not a zip archive, or is damaged ({brief(error)})") from error
    return read_temporary(unpacked, folder, f"{origin}/{member.filename}", options)


def only_table(archive: zipfile.ZipFile, origin: str) -> zipfile.ZipInfo:
    """The member that is a table. Raises DataError when there is none, or are several."""
    members = [member for member in archive.infolist() if is_file(member)]
    tables = [member for member in members if known_ending(member.filename) not in ("", ENDING)]
    tables = [one for one in tables if not one.filename.lower().endswith(README)] or tables
    tables = tables or members[:1] * (len(members) == 1 and not members[0].filename.endswith(ENDING))
    if len(tables) != 1:
        holds = "holds no table" if not tables else f"holds {len(tables)} tables"
        raise DataError(f"{origin}: {holds} ({listed(tables or members)}), expected one")
    if tables[0].flag_bits & ENCRYPTED:
        raise DataError(f"{origin}: is encrypted; unpack it first")
    return tables[0]


def is_file(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a file that a person, and not a system such as macOS, has put there."""
    parts = PurePosixPath(member.filename).parts
    hidden = any(part.startswith(HIDDEN) and part != ".." for part in parts)
    return bool(member.filename) and not member.is_dir() and not hidden


def listed(members: list[zipfile.ZipInfo]) -> str:
    """The names of members, or of the first of many."""
    names = [member.filename for member in members[:MOST_NAMED]]
    more = [f"and {len(members) - MOST_NAMED} more"] if len(members) > MOST_NAMED else []
    return ", ".join([*names, *more]) or "nothing"
