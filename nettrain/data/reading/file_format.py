"""The registry of file formats, by the endings of their files' names and by how their files begin."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source

ReadFile = Callable[[Path, ReadOptions, str], Source]
Recognise = Callable[[Path], bool]
FOLDER = "/"  # the ending of a folder's name
TEXT = ".csv"  # how files with an unknown ending are read
PACKED = (".gz", ".bz2", ".xz", ".zst")  # endings of compressed files, see `open_bytes`


@dataclass(frozen=True)
class FileFormat:
    """Files whose names have one of the `endings`, in lower case, and the function that reads one.

    `read(path, options, key)` raises DataError, which begins with `key`, the setting that named the file,
    where there is none. `content` says what a folder of this format holds, `recognise` whether a file without
    a name is one of this format, and `packed` that its files may be compressed, under further endings.
    """

    endings: tuple[str, ...]
    read: ReadFile
    content: str = ""
    recognise: Recognise | None = None
    packed: bool = False

    @property
    def all_endings(self) -> tuple[str, ...]:
        """The endings, those of compressed files included."""
        packings = ("", *PACKED) if self.packed else ("",)
        return tuple(f"{ending}{packing}" for ending in self.endings for packing in packings)

    @property
    def described(self) -> str:
        """`.csv, .tsv (also .gz, .bz2, .xz, .zst)`."""
        return ", ".join(self.endings) + (f" (also {', '.join(PACKED)})" if self.packed else "")


FORMATS: dict[str, FileFormat] = {}  # by ending


def file_format(
    *endings: str, content: str = "", recognise: Recognise | None = None, packed: bool = False
) -> Callable[[ReadFile], ReadFile]:
    """Decorator: the function reads files with these endings, or folders of this content, ending `/`."""

    def decorate(read: ReadFile) -> ReadFile:
        one = FileFormat(endings, read, content, recognise, packed)
        for ending in one.all_endings:
            if ending in FORMATS:
                raise ValueError(f"file format {ending!r} is registered twice")
            FORMATS[ending] = one
        return read

    return decorate


def begins_with(*signatures: bytes) -> Recognise:
    """Recognises files that begin with one of these bytes."""

    def recognise(path: Path) -> bool:
        with path.open("rb") as stream:
            return stream.read(max(map(len, signatures))).startswith(signatures)

    return recognise


def known_ending(name: str) -> str:
    """The longest registered ending of a file's name, "" when it has none."""
    return max((ending for ending in FORMATS if name.lower().endswith(ending)), key=len, default="")


def ending_by_content(path: Path) -> str:
    """The ending that a file should have by what it holds: that of text where no format recognises it."""
    formats = dict.fromkeys(FORMATS.values())
    return next((one.endings[0] for one in formats if one.recognise and one.recognise(path)), TEXT)


def unpacked_name(path: Path) -> str:
    """The name in lower case, without the ending of a compressed file."""
    name = path.name.lower()
    return next((name.removesuffix(packing) for packing in PACKED if name.endswith(packing)), name)


def plain_endings() -> list[str]:
    """The endings of files, those of compressed ones left out."""
    return [ending for one in dict.fromkeys(FORMATS.values()) for ending in one.endings if ending != FOLDER]


def known_files() -> str:
    """`a .csv, .tsv or .parquet file, a folder of IDX files`: what has a registered format."""
    endings = plain_endings()
    files = f"a {', '.join(endings[:-1])} or {endings[-1]} file"
    return f"{files}, a folder of {FORMATS[FOLDER].content}"


def described_files() -> str:
    """What `known_files` says, and which files may be packed."""
    formats = [one for one in dict.fromkeys(FORMATS.values()) if FOLDER not in one.endings]
    files = ", ".join(one.described for one in formats)
    return f"a file ({files}), or a folder of {FORMATS[FOLDER].content}"
