"""Which processes there are."""

import subprocess
from collections.abc import Iterator, Mapping


def spawned(pid: int) -> list[int]:
    """The workers among the children of a process, and of its children."""
    lines = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, check=True, text=True
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for line in lines.stdout.splitlines():
        one, parent, arguments = line.split(None, 2)
        found.setdefault(int(parent), []).append((int(one), arguments))
    return [*_below(pid, found)]


def _below(pid: int, children: Mapping[int, list[tuple[int, str]]]) -> Iterator[int]:
    for child, arguments in children.get(pid, []):
        if "spawn_main" in arguments:
            yield child
        yield from _below(child, children)
