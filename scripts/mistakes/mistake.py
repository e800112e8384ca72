"""What a mistake is: files, a command, and the error that it ends with."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from signal import Signals

EXPERIMENT = """\
experiment: flowers
data: {source: flowers.csv, target: species}
model: {hidden: [4]}
training: {epochs: 5}
"""
SPECIES = {"setosa": (5.0, 1.4), "versicolor": (5.9, 4.3), "virginica": (6.6, 5.6)}
TABLE = "length,petal,species\n" + "".join(
    f"{length + k % 5 / 10:.1f},{petal + k % 3 / 10:.1f},{name}\n"
    for k in range(8)
    for name, (length, petal) in SPECIES.items()
)
FILES = {"flowers.yaml": EXPERIMENT, "flowers.csv": TABLE}

COMMAND_LINE = "the command line"
PURPOSE = "an unsuccessful run"
INTERRUPT = "Ctrl-C and SIGTERM"
INTERNAL = "an internal error"


@dataclass(frozen=True)
class Mistake:
    """A command that fails in a folder with `FILES`, other `files`, and the run `runs/flowers`.

    `kind` is the class of the error, or one of the kinds above that have none. `machine` makes this machine
    one that the mistake needs, which `where` describes; with `signal` the command is stopped once it trains.
    """

    kind: str
    title: str
    command: str
    remedy: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    machine: Callable[[], AbstractContextManager[object]] | None = None
    where: str = ""
    signal: Signals | None = None
