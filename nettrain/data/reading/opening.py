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

GZIP = b"\x1f\x8b"  # what every gzip file begins with


def shown(path: Path) -> str:
    """The path as a person would type it: relative where that is below the current folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@contextmanager
def readable(path: Path, prefix: str = "") -> Iterator[None]:
    """Turn what goes wrong with reading a file into a DataError that names it."""
    place = f"{prefix}{shown(path)}"
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{place}: no such file{close_file(path)}") from None
    except IsADirectoryError:
        raise DataError(f"{place}: is a folder, not a file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{place}: is damaged or cut short ({error})") from error
    except OSError as error:
        raise DataError(f"{place}: cannot be read: {error.strerror}") from error


def close_file(path: Path) -> str:
    """A hint at the file of that folder whose name is nearest; a common suffix is no likeness."""
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    stems = {name.partition(".")[0]: name for name in sorted(names, reverse=True)}
    close = get_close_matches(path.name.partition(".")[0], stems, n=1)
    return f', did you mean "{stems[close[0]]}"?' if close else ""


def open_bytes(path: Path) -> io.BufferedIOBase:
    """A file's bytes as a stream, uncompressed when it begins like gzip."""
    with path.open("rb") as stream:
        zipped = stream.read(len(GZIP)) == GZIP
    return gzip.open(path, "rb") if zipped else path.open("rb")


def read_bytes(path: Path, prefix: str = "") -> bytes:
    """All bytes of a file, uncompressed when it begins like gzip. Raises DataError after `prefix`."""
    with readable(path, prefix), open_bytes(path) as stream:
        return stream.read()
