"""How much memory a process can still take on this machine, or in the container that it runs in."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP_2, CGROUP_1 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")
LIMITS = (  # of a control group, what it takes of it, and what of that are files: versions 2 and 1
    (CGROUP_2 / "memory.max", CGROUP_2 / "memory.current", CGROUP_2 / "memory.stat"),
    (CGROUP_1 / "memory.limit_in_bytes", CGROUP_1 / "memory.usage_in_bytes", CGROUP_1 / "memory.stat"),
)
FILES = ("inactive_file", "active_file", "total_inactive_file", "total_active_file")  # which can be dropped
STATUS = Path("/proc/self/status")


def available_memory() -> int:
    """Bytes of memory that are free, or could be at once."""
    return _smallest(_field(MEMINFO, "MemAvailable"))


def obtainable_memory() -> int:
    """Bytes that this process could get at most: more would end it, or be refused.

    Room to swap counts too, and a limit of the process, such as one of `ulimit -v`.
    """
    free, swap = _field(MEMINFO, "MemAvailable"), _field(MEMINFO, "SwapFree") or 0
    return _smallest(None if free is None else free + swap, _left_of_address_space())


def _smallest(*found: int | None) -> int:
    """The smallest of these and of what is left to the control group, the whole memory if none is known."""
    known = [size for size in (*found, *(_left(*files) for files in LIMITS)) if size is not None]
    return min(known) if known else _physical()


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library keeps it and can be asked to."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _field(file: Path, name: str) -> int | None:
    """Bytes in a line such as `MemAvailable: 2048 kB`."""
    for line in _text(file).splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    return None


def _left(limit: Path, usage: Path, statistics: Path) -> int | None:
    """What is left of a limit, cached files aside; None where there is none, or what is taken is unknown."""
    most, taken = _text(limit).strip(), _text(usage).strip()
    if not (most.isdecimal() and taken.isdecimal()):
        return None
    lines = (line.split() for line in _text(statistics).splitlines())
    numbers = {line[0]: int(line[1]) for line in lines if len(line) == 2}
    cached = max(
        sum(numbers.get(name, 0) for name in FILES[:2]), sum(numbers.get(name, 0) for name in FILES[2:])
    )
    return max(0, int(most) - max(0, int(taken) - cached))


def _left_of_address_space() -> int | None:
    """What is left of the limit of the process's addresses; None where there is none."""
    try:
        import resource
    except ImportError:  # on Windows
        return None
    most, taken = resource.getrlimit(resource.RLIMIT_AS)[0], _field(STATUS, "VmSize")
    return None if most == resource.RLIM_INFINITY or taken is None else max(0, most - taken)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _physical() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
