"""How much memory a process can still take on this machine, or in the container that it runs in."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
LIMITS = (  # of a control group, and what it takes of it: versions 2 and 1
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def available_memory() -> int:
    """Bytes of memory that are free, or could be at once."""
    found = [_free(), *(_left(limit, usage) for limit, usage in LIMITS)]
    known = [size for size in found if size is not None]
    return min(known, default=0) or _physical()


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library keeps it and can be asked to."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _free() -> int | None:
    for line in _text(MEMINFO).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return None


def _left(limit: Path, usage: Path) -> int | None:
    """What is left of a limit; None where there is none, or what is taken is unknown."""
    most, taken = _text(limit).strip(), _text(usage).strip()
    return max(0, int(most) - int(taken)) if most.isdecimal() and taken.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _physical() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
