"""What turns a valid input into another one: short functions under a decorator, by the kind of input.

A mutation takes the bytes of a file, its path, or the arguments of a command, and a random generator from
which all its choices come. One that `keeps` changes the spelling alone: the figures must stay the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

LARGEST = 50_000_000  # bytes of a file that is mutated further
Arguments = list[str]
OfBytes = Callable[[bytes, Random], bytes]
OfPath = Callable[[Path, Random], None]
OfArguments = Callable[[Arguments, Random], Arguments]


@dataclass(frozen=True)
class Mutation:
    """A change of a file, by its name: `csv: quote every cell`."""

    name: str
    change: OfPath
    keeps: bool = False


MUTATIONS: dict[str, list[Mutation]] = {}  # by the kind of file
ARGUMENT_MUTATIONS: dict[str, OfArguments] = {}


def path_mutation(kind: str, *, keeps: bool = False) -> Callable[[OfPath], OfPath]:
    """Register a change of what is at a path: a file, or a folder with files."""

    def register(function: OfPath) -> OfPath:
        add(kind, function.__name__, function, keeps=keeps)
        return function

    return register


def mutation(kind: str, *, keeps: bool = False) -> Callable[[OfBytes], OfBytes]:
    """Register a change of the bytes of a file."""

    def register(function: OfBytes) -> OfBytes:
        add(kind, function.__name__, on_path(function), keeps=keeps)
        return function

    return register


def argument_mutation(function: OfArguments) -> OfArguments:
    """Register a change of the arguments of a command."""
    ARGUMENT_MUTATIONS[_words(function.__name__)] = function
    return function


def add(kind: str, name: str, change: OfPath, *, keeps: bool = False) -> None:
    """Register a change under a name; two of a kind may not have the same."""
    known = MUTATIONS.setdefault(kind, [])
    one = Mutation(f"{kind}: {_words(name)}", change, keeps)
    if any(other.name == one.name for other in known):
        raise ValueError(f"two mutations are called {one.name}")
    known.append(one)


def on_path(function: OfBytes) -> OfPath:
    """The change of bytes, as a change of the file at a path."""

    def change(path: Path, draw: Random) -> None:
        # a mutation before this one may have put something else there
        if path.is_file() and path.stat().st_size <= LARGEST:
            path.write_bytes(function(path.read_bytes(), draw))

    return change


def _words(name: str) -> str:
    return name.replace("_", " ")
