"""The registry of file formats, by the endings of their files' names."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source

ReadFile = Callable[[Path, ReadOptions, str], Source]
FOLDER = "/"  # the ending of a folder's name
PACKED = ".gz"


@dataclass(frozen=True)
class FileFormat:
    """Files whose names have one of the `endings`, in lower case, and the function that reads one.

    `read(path, options, key)` raises DataError, which begins with `key`, the setting that named the file,
    where there is none. `content` says what a folder of this format holds.
    """

    endings: tuple[str, ...]
    read: ReadFile
    content: str = ""

    @property
    def described(self) -> str:
        """`.csv, .tsv (also .gz)`."""
        packed = f" (also {PACKED})" if len(plain(self.endings)) < len(self.endings) else ""
        return ", ".join(plain(self.endings)) + packed


FORMATS: dict[str, FileFormat] = {}  # by ending


def file_format(*endings: str, content: str = "") -> Callable[[ReadFile], ReadFile]:
    """Decorator: the function reads files with these endings, or folders of this content, ending `/`."""

    def decorate(read: ReadFile) -> ReadFile:
        one = FileFormat(endings, read, content)
        for ending in endings:
            if ending in FORMATS:
                raise ValueError(f"file format {ending!r} is registered twice")
            FORMATS[ending] = one
        return read

    return decorate


def plain(endings: tuple[str, ...]) -> list[str]:
    """The endings of files that are not packed."""
    return [ending for ending in endings if not ending.endswith(PACKED)]


def known_files() -> str:
    """`a .csv, .tsv or .parquet file, a folder of IDX files`: what has a registered format."""
    endings = plain(tuple(ending for ending in FORMATS if ending != FOLDER))
    files = f"a {', '.join(endings[:-1])} or {endings[-1]} file"
    return f"{files}, a folder of {FORMATS[FOLDER].content}"


def described_files() -> str:
    """What `known_files` says, and which files may be packed."""
    formats = [one for one in dict.fromkeys(FORMATS.values()) if FOLDER not in one.endings]
    files = ", ".join(one.described for one in formats)
    return f"a file ({files}), or a folder of {FORMATS[FOLDER].content}"
