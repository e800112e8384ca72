"""Rows that can be read only once: standard input, named pipes, and what shells write as `<(…)`."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nettrain.data.reading.file_format import ending_by_content
from nettrain.data.reading.opening import display_path, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.temporary import TemporaryFolder, read_temporary
from nettrain.errors import DataError

DASH = "-"
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
            f"{prefix}{stream_name(source)} can be read only once, but a run must be able to read its rows "
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
        """The copy of a stream. Raises DataError when it cannot be read."""
        folder = TemporaryFolder()
        path = folder.path / "rows"
        with reading_errors(Path(stream_name(source))), path.open("wb") as copy:
            copy_stream(source, copy)
        named = path.rename(path.with_name(f"rows{ending_by_content(path)}"))
        return StreamCopy(named, folder, stream_name(source))

    def read(self, options: ReadOptions) -> Source:
        """Its rows: of the format that its first bytes show, and otherwise text."""
        return read_temporary(self.path, self.folder, self.origin, options)


def copy_stream(source: str, copy: BinaryIO) -> None:
    """Write all bytes of a stream to `copy`."""
    if source != DASH:
        with Path(source).open("rb") as stream:
            shutil.copyfileobj(stream, copy)
    elif sys.stdin is None:
        raise DataError(f"{STANDARD_INPUT}: is closed")
    else:
        shutil.copyfileobj(sys.stdin.buffer, copy)
