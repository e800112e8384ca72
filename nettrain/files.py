"""Files that are whole or absent, and folders that are never overwritten."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import IO

from nettrain.errors import NettrainError, SpecError

COPIED = 1 << 20  # bytes at a time
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` so that `path` holds all of it or what it held before.

    A temporary file in the same folder is written, flushed, synchronised and renamed.
    Raises NettrainError with the file's name when the disk refuses.
    """
    data = content.encode() if isinstance(content, str) else content
    _replace(path, lambda f: f.write(data), len(data))


def refuse_unreadable(path: Path) -> None:
    """Raises SpecError naming a file that may not be read, for readers that do not tell why they fail."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from error


def append_whole(path: Path, content: str) -> None:
    """Write `content` behind what `path` holds, so that it holds all of both or what it held before."""
    data = content.encode()

    def write(f: IO[bytes]) -> None:
        if path.exists():
            with path.open("rb") as before:
                shutil.copyfileobj(before, f, COPIED)
        f.write(data)

    before = path.stat().st_size if path.exists() else 0
    _replace(path, write, before + len(data))


def _replace(path: Path, write: Callable[[IO[bytes]], object], size: int) -> None:
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as f:
            temporary = Path(f.name)
            write(f)
            f.flush()
            os.fsync(f.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise refusal(error, path, size) from error
    finally:  # also when Ctrl-C comes in between
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def refusal(error: OSError, path: Path, size: int) -> NettrainError:
    """What to raise when the disk refuses to take a file of so many bytes."""
    return NettrainError(f"{path}: cannot be written: {_reason(error, path, size)}")


def _reason(error: OSError, path: Path, size: int) -> str:
    """What the disk says; where room is what is missing, how much there is and how much it takes."""
    if error.errno == errno.ENOENT and not path.parent.exists():
        return f"there is no folder {path.parent}"
    if error.errno not in NO_ROOM:
        return str(error.strerror)
    free = shutil.disk_usage(path.parent).free
    return f"{error.strerror}: it takes {_megabytes(size)}, {_megabytes(free)} are free"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def remove_leftovers(folder: Path) -> None:
    """Remove what a process killed while writing has left, in a folder that nobody else writes to."""
    for temporary in folder.glob(".*.????????"):
        temporary.unlink(missing_ok=True)


def folders(parent: Path, name: str) -> Iterator[Path]:
    """`parent/name`, then `name-2`, `name-3`…: each is there when it is given, made unless it was."""
    safe = safe_name(name)
    for number in count(1):
        folder = parent / (safe if number == 1 else f"{safe}-{number}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(exist_ok=True)
        except FileExistsError:
            if parent.exists() and not parent.is_dir():
                raise SpecError(f"{parent}: is a file, not a folder") from None
            continue  # a file of that name
        except OSError as error:
            raise NettrainError(f"{folder}: cannot be created: {error.strerror}") from error
        yield folder


def is_unused(folder: Path) -> bool:
    """Whether nothing has been put into a folder but what a process hides there while it works."""
    return all(path.name.startswith(".") for path in folder.iterdir())


def safe_name(name: str) -> str:
    """`name` with everything but letters, digits, dot, dash and underscore replaced by a dash."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"
