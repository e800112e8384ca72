"""Files that are whole or absent, and folders that are never overwritten."""

import os
import re
import tempfile
from itertools import count
from pathlib import Path

from nettrain.errors import NettrainError, SpecError


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` so that `path` holds all of it or what it held before.

    A temporary file in the same folder is written, flushed, synchronised and renamed.
    Raises NettrainError with the file's name when the disk refuses.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as f:
            temporary = Path(f.name)
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise NettrainError(f"{path}: cannot be written: {error.strerror}") from error
    finally:  # also when Ctrl-C comes in between
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def new_folder(parent: Path, name: str) -> Path:
    """Create and return `parent/name`, or `name-2`, `name-3`… when taken; safe when two start at once."""
    safe = safe_name(name)
    for number in count(1):
        folder = parent / (safe if number == 1 else f"{safe}-{number}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if parent.exists() and not parent.is_dir():
                raise SpecError(f"{parent}: is a file, not a folder") from None
            continue
        except OSError as error:
            raise NettrainError(f"{folder}: cannot be created: {error.strerror}") from error
        return folder
    raise AssertionError("count() never ends")


def safe_name(name: str) -> str:
    """`name` with everything but letters, digits, dot, dash and underscore replaced by a dash."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"
