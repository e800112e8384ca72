"""Locks that keep a folder for one process at a time.

A lock is the operating system's, on a hidden file that holds the owner's process number. It is released
when its process ends, in whatever way. A number in a file that is not locked is that of a dead process.
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
    """Lock a folder for this process; yields a note if the lock of a dead process was taken over.

    Raises SpecError naming the other process when the folder is locked.
    """
    path = folder / NAME
    handle = _acquire(path)
    try:
        before = os.read(handle, 100).decode(errors="replace").strip()
        with suppress(OSError):  # a full disk; the lock is ours all the same
            _write_owner(handle, str(os.getpid()))
        yield f"{folder}: process {before} ended without letting go of it; taken over" if before else None
    finally:
        path.unlink(missing_ok=True)  # before the lock is released: the next owner creates its own file
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Whether a process has locked the folder."""
    try:
        handle = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def _acquire(path: Path) -> int:
    """A handle of the lock file that is in the folder, locked by this process."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise NettrainError(f"{path}: cannot be written: {error.strerror}") from error
        if not _try_lock(handle):
            owner = os.read(handle, 100).decode(errors="replace").strip() or "another one"
            os.close(handle)
            raise SpecError(f"{path.parent}: in use by process {owner}")
        if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
            return handle
        os.close(handle)  # its owner removed the file between our opening and our locking it


def _write_owner(handle: int, owner: str) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    os.truncate(handle, 0)
    os.write(handle, f"{owner}\n".encode())


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        """Lock a byte far behind the number, since Windows does not let other processes read locked bytes."""
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

    def _try_lock(handle: int) -> bool:
        """Lock the file unless another process has locked it; returns whether it is locked now."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
