"""What the machines of a cluster have installed, which must be the same for equal results."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import nettrain

LIBRARIES = ("numpy", "numba")
ON_SCHEDULER = frozenset({"nettrain", "python"})  # which reads tasks, and computes nothing
MISSING = "missing"
SHOWN = 3  # machines that a message names


@cache
def versions_here() -> dict[str, str]:
    """The versions on this machine by name; that of nettrain has a fingerprint of its source files."""
    return {
        "nettrain": f"{nettrain.__version__} ({_source_fingerprint()})",
        "python": ".".join(map(str, sys.version_info[:2])),
        **{name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return MISSING


def _source_fingerprint() -> str:
    """A fingerprint of all files of the package, since a checkout changes without its version."""
    root, content = Path(nettrain.__file__).parent, blake2b(digest_size=4)
    for path in sorted(root.rglob("*.py")):
        content.update(path.relative_to(root).as_posix().encode())
        content.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return content.hexdigest()


@dataclass(frozen=True)
class Machine:
    """A process of a cluster, by its address, and its versions by name."""

    address: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class OtherVersions:
    """Which machines differ from this one, and one line for each version that differs."""

    addresses: frozenset[str]
    lines: tuple[str, ...]


def differences(machines: Iterable[Machine], here: Mapping[str, str]) -> OtherVersions:
    """Compare the versions of machines with those here."""
    found: dict[tuple[str, str], list[str]] = {}
    for machine in machines:
        for name, there in machine.versions.items():
            if there != here[name]:
                found.setdefault((name, there), []).append(machine.address)
    lines = [
        f"{name} is {here[name]} here but {there} on {listed(addresses)}"
        for (name, there), addresses in sorted(found.items())
    ]
    return OtherVersions(frozenset(chain.from_iterable(found.values())), tuple(lines))


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
