"""One process at a time in a folder.

The lock is the operating system's, on a hidden file that names its owner: it ends with the process that
holds it, however that ends. A name that is still there when the lock is free is that of a dead process.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nettrain.errors import NettrainError, SpecError

NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[str | None]:
    """Hold `folder` for this process; what it yields is a note when a dead process's lock was taken over.

    Raises SpecError naming the process when another one holds it.
    """
    path = folder / NAME
    handle = _acquire(path)
    try:
        before = os.read(handle, 100).decode(errors="replace").strip()
        with suppress(OSError):  # a full disk: it is ours all the same
            _name(handle, str(os.getpid()))
        yield f"{folder}: process {before} ended without letting go of it; taken over" if before else None
    finally:
        path.unlink(missing_ok=True)  # before it is let go: the next owner makes a file of its own
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Whether a process holds the folder now."""
    try:
        handle = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(handle)
    finally:
        os.close(handle)


def _acquire(path: Path) -> int:
    """An open lock file that is ours and is still the one in the folder."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise NettrainError(f"{path}: cannot be written: {error.strerror}") from error
        if not _try(handle):
            owner = os.read(handle, 100).decode(errors="replace").strip() or "another one"
            os.close(handle)
            raise SpecError(f"{path.parent}: in use by process {owner}")
        if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
            return handle
        os.close(handle)  # its owner removed it between our opening and locking it


def _name(handle: int, owner: str) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    os.truncate(handle, 0)
    os.write(handle, f"{owner}\n".encode())


if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        """Lock a byte far behind the name, for Windows refuses to read locked bytes."""
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try(handle: int) -> bool:
        """Lock the file unless another process holds it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
