"""A side of a comparison in a process of its own, which takes a turn when it is asked to.

They are processes because the thread pools of OpenBLAS, OpenMP and XLA would disturb each other in one.
Replies are lines of JSON on standard output; what libraries print there goes to standard error.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class MissingError(Exception):
    """The library of a peer is not installed."""


class PeerProcess:
    """A peer in another process, which these arguments of the script and environment variables start.

    Raises MissingError when its library is not installed.
    """

    def __init__(self, arguments: Sequence[str], variables: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, sys.argv[0], *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **variables},
        )
        self.hello = self._reply()
        if "missing" in self.hello:
            raise MissingError(self.hello["missing"])

    def turn(self, request: object = "turn") -> dict[str, Any]:
        """One turn, for which the peer gets this line."""
        assert self.process.stdin is not None
        print(request, file=self.process.stdin, flush=True)
        return self._reply()

    def close(self) -> None:
        """Let the process end, by closing its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _reply(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a peer ended with exit code {self.process.wait()}; its error is above")
        return json.loads(line)  # type: ignore[no-any-return]


def keep_to_processors(threads: int) -> None:
    """Keep this process to as many processors as it has threads, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


class Spent(NamedTuple):
    """Seconds that a process took."""

    wall: float
    processor: float


def spent(command: Sequence[str], folder: Path, output: Path | None = None) -> Spent:
    """What a command of this Python takes in a folder, from its start to its end.

    `output` is the file for what it prints, which is nowhere by default. Raises OSError when it fails.
    """
    with open(output or os.devnull, "w") as printed, open(os.devnull, "w") as nowhere:
        begun = perf_counter()
        process = subprocess.Popen([sys.executable, *command], cwd=folder, stdout=printed, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise OSError(f"{' '.join(command)} failed in {folder}")
    return Spent(wall, usage.ru_utime + usage.ru_stime)
