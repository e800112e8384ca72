"""Files that are written whole or not at all, and folders that are never overwritten."""

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from nettrain.errors import NettrainError, SpecError, StoredFileError

COPY_BYTES = 1 << 20  # at a time
DEVICES = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))  # folders of devices and open files
NAMED_PIPE = "a named pipe"
STANDARD_STREAMS = (Path("/dev/stdin"), Path("/dev/stdout"), Path("/dev/stderr"))
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content`, so that `path` holds either all of it or what it held before.

    A temporary file in the same folder is written, flushed, synchronised and renamed; pipes and devices are
    written to. Raises NettrainError with the file's name when the disk refuses.
    """
    data = content.encode() if isinstance(content, str) else content
    _replace(path, lambda f: f.write(data), len(data))


def append_atomic(path: Path, content: str) -> None:
    """Append `content`, so that `path` holds either all of both or what it held before."""
    data = content.encode()

    def write(f: IO[bytes]) -> None:
        if path.exists():
            with path.open("rb") as before:
                shutil.copyfileobj(before, f, COPY_BYTES)
        f.write(data)

    before = path.stat().st_size if path.exists() else 0
    _replace(path, write, before + len(data))


def check_readable(path: Path) -> None:
    """Raise StoredFileError naming a file that cannot be read, for readers that do not say why they fail."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise StoredFileError(f"{path}: is not a file")
        path.open("rb").close()
    except OSError as error:
        raise StoredFileError(f"{path}: cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class InputFile:
    """A file that a command must leave as it is, and the reason: `is the data that is read`."""

    path: Path
    role: str


def refuse_overwriting(output: Path, inputs: Iterable[InputFile], option: str = "--out") -> None:
    """Raise SpecError, which begins with the option, when writing `output` would replace an input.

    Files are compared by identity: links and other spellings of a path are the same file.
    """
    for one in inputs:
        if is_same_file(output, one.path):
            alias = "" if output == one.path else f"is another name of {one.path}, which "
            raise SpecError(f"{option}: {output}: {alias}{one.role}, and is not overwritten")


def is_same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one regular file that exists."""
    try:
        one, other = first.stat(), second.stat()
    except OSError:
        return False
    return stat.S_ISREG(one.st_mode) and os.path.samestat(one, other)


def write_error(error: OSError, path: Path, size: int) -> NettrainError:
    """The error to raise when the disk refuses a file of `size` bytes."""
    return NettrainError(f"{path}: cannot be written: {_reason(error, path, size)}")


def remove_temporary_files(folder: Path) -> None:
    """Remove what a killed process has left of its writing, in a folder that no other process writes to."""
    for temporary in folder.glob(".*.????????"):
        temporary.unlink(missing_ok=True)


def numbered_folders(parent: Path, name: str) -> Iterator[Path]:
    """The folders `parent/name`, `parent/name-2`, `parent/name-3`…, each created unless it exists.

    Raises SpecError when the parent is a file, NettrainError when a folder cannot be created.
    """
    safe = safe_name(name)
    for number in count(1):
        folder = parent / (safe if number == 1 else f"{safe}-{number}")
        _make_folder(parent, folder)
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError:
            continue  # a file of that name
        except OSError as error:
            raise NettrainError(f"{folder}: cannot be created: {error.strerror}") from error
        yield folder


def create_folder(path: Path) -> None:
    """Create a folder. Raises SpecError when it is or lies in a file, NettrainError when it is refused."""
    _make_folder(path, path)
    if not os.access(path, os.W_OK):
        raise NettrainError(f"{path}: cannot be written: {os.strerror(errno.EACCES)}")


def _make_folder(path: Path, wanted: Path) -> None:
    """Create a folder and those around it; errors of the disk name the folder that is `wanted`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except ValueError:
        raise SpecError(f"{str(path)!r}: is no name of a folder (it holds the character U+0000)") from None
    except OSError as error:
        nearest = next((one for one in (path, *path.parents) if os.path.lexists(one)), path)
        if os.path.lexists(nearest) and not os.path.isdir(nearest):
            raise SpecError(f"{nearest}: is {_no_folder(nearest)}, not a folder") from None
        raise NettrainError(f"{wanted}: cannot be created: {error.strerror}") from error


def _no_folder(path: Path) -> str:
    """What a path is that is no folder."""
    if os.path.islink(path) and not os.path.exists(path):
        return "a link that leads nowhere"
    return special_kind(path) or "a file"


def is_unused(folder: Path) -> bool:
    """Whether a folder holds nothing but hidden files, which a process keeps there while it works."""
    return all(path.name.startswith(".") for path in folder.iterdir())


def safe_name(name: str) -> str:
    """The name with everything but letters, digits, dots, dashes and underscores replaced by dashes."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"


def is_pipe_or_device(path: Path) -> bool:
    """Whether a path leads to a pipe or a device, or to a file that this process was given open."""
    return path.absolute().parent in DEVICES or (path.exists() and not (path.is_file() or path.is_dir()))


def special_kind(path: Path) -> str:
    """`a named pipe`, `a socket` or `a device` where reading may wait or never end; "" for all other paths.

    Files that this process was given open, such as standard input and what shells write as `<(…)`, are no
    special ones.
    """
    if path.absolute() in STANDARD_STREAMS or path.absolute().parent in DEVICES[1:]:
        return ""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    kinds = {stat.S_IFIFO: NAMED_PIPE, stat.S_IFSOCK: "a socket"}
    kinds |= {stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "")


def _replace(path: Path, write: Callable[[IO[bytes]], object], size: int) -> None:
    temporary: Path | None = None
    try:
        if is_pipe_or_device(path):
            with path.open("wb") as stream:
                write(stream)
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as f:
            temporary = Path(f.name)
            write(f)
            f.flush()
            os.fsync(f.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path, size) from error
    finally:  # also after Ctrl-C
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _reason(error: OSError, path: Path, size: int) -> str:
    """The system's message; where space is missing, also how much is needed and how much there is."""
    if error.errno == errno.ENOENT and not path.parent.exists():
        return f"there is no folder {path.parent}"
    if error.errno not in NO_SPACE:
        return str(error.strerror)
    free = shutil.disk_usage(path.parent).free
    return f"{error.strerror}: it takes {_megabytes(size)}, {_megabytes(free)} are free"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size:,} bytes"
