"""Opening files: their bytes, uncompressed, and errors of one line for those that cannot be read."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from nettrain.errors import DataError

GZIP = b"\x1f\x8b"  # the first bytes of every gzip file


def display_path(path: Path) -> str:
    """The path as a person would type it: relative where that is below the current folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@contextmanager
def reading_errors(path: Path, key: str = "") -> Iterator[None]:
    """Turn errors of reading a file into a DataError that names it, after the setting `key` if any."""
    origin = f"{key}: {display_path(path)}" if key else display_path(path)
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{origin}: no such file{close_file(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{origin}: is a folder, not a file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{origin}: is damaged or cut short ({error})") from error
    except OSError as error:
        raise DataError(f"{origin}: cannot be read: {error.strerror}") from error


def close_file(path: Path) -> str:
    """A hint at the file of that folder whose name is nearest; equal suffixes do not count as similar."""
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    stems = {name.partition(".")[0]: name for name in sorted(names, reverse=True)}
    close = get_close_matches(path.name.partition(".")[0], stems, n=1)
    return f', did you mean "{stems[close[0]]}"?' if close else ""


def open_bytes(path: Path) -> io.BufferedIOBase:
    """A file's bytes as a stream, uncompressed when it begins like gzip."""
    with path.open("rb") as stream:
        compressed = stream.read(len(GZIP)) == GZIP
    return gzip.open(path, "rb") if compressed else path.open("rb")
