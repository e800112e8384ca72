"""Peers that take turns: each is a process that trains one block of steps at a time.

They are processes because the thread pools of OpenBLAS, OpenMP and XLA would disturb each other in one.
Replies are lines of JSON on standard output; what libraries print there goes to standard error.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from peers.problem import BATCH, THREADS, Array, digits

TRAINERS = {  # module and class by peer
    "nettrain": ("peers.ours", "NettrainTrainer"),
    "jax": ("peers.with_jax", "JaxTrainer"),
    "torch": ("peers.with_torch", "TorchTrainer"),
}
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class MissingError(Exception):
    """The library of a peer is not installed."""


@dataclass
class Turns:
    """The seconds and mean losses of the blocks of one peer."""

    version: str
    steps: int
    first_loss: float
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @property
    def microseconds(self) -> Array:
        """Microseconds per step of each round (T,)."""
        return np.array(self.seconds) / self.steps * 1e6


class LocalPeer:
    """A peer in this process: its trainer, and the order in which rows are drawn."""

    def __init__(self, name: str, data: Path, steps: int) -> None:
        path, trainer = TRAINERS[name]
        try:
            module = import_module(path)
        except ModuleNotFoundError as error:
            if name == "nettrain":
                raise
            raise MissingError(f"no module {error.name}") from error
        x, y = digits(data)
        self.trainer, self.rows, self.steps = getattr(module, trainer)(x, y), len(x), steps
        self.generator = np.random.default_rng(1)
        self.warm_steps = max(1, steps // 10)
        first = self.block(self.warm_steps)["loss"]
        self.block(steps)
        self.hello = {"version": version(name) if name != "nettrain" else module.VERSION, "first_loss": first}

    def block(self, steps: int) -> dict[str, float]:
        """Some steps on rows that are drawn anew: their seconds and their mean loss."""
        index = self.generator.integers(0, self.rows, (steps, BATCH))
        started = perf_counter()
        loss = self.trainer.block(index)
        return {"seconds": perf_counter() - started, "loss": loss}

    def turn(self) -> dict[str, float]:
        """One timed block, after a few steps that warm up caches and threads."""
        self.block(self.warm_steps)
        return self.block(self.steps)

    def close(self) -> None:
        pass


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


def peer_process(name: str, data: Path, steps: int) -> PeerProcess:
    """The peer of this name in a process of its own."""
    return PeerProcess(["side", name, str(data), str(steps)], dict.fromkeys(POOLS, str(THREADS)))


def serve(name: str, data: Path, steps: int) -> None:
    """Be the process of a peer: report the version, then take a turn for every line on standard input."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    keep_to_processors()
    try:
        peer = LocalPeer(name, data, steps)
    except MissingError as error:
        print(json.dumps({"missing": str(error)}), file=replies, flush=True)
        return
    print(json.dumps(peer.hello), file=replies, flush=True)
    for _ in sys.stdin:
        print(json.dumps(peer.turn()), file=replies, flush=True)


def keep_to_processors() -> None:
    """Keep this process to as many processors as it has threads, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


def compare(
    names: list[str], data: Path, *, steps: int, rounds: int, together: bool
) -> tuple[dict[str, Turns], dict[str, str]]:
    """Rounds of A B C A B C …: the turns of each peer, and why others are missing."""
    peers: dict[str, LocalPeer | PeerProcess] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            peers[name] = LocalPeer(name, data, steps) if together else peer_process(name, data, steps)
        except MissingError as error:
            missing[name] = str(error)
    shown = {name: Turns(steps=steps, **peer.hello) for name, peer in peers.items()}
    for _ in range(rounds):
        for name, peer in peers.items():
            block = peer.turn()
            shown[name].seconds.append(block["seconds"])
            shown[name].losses.append(block["loss"])
    for peer in peers.values():
        peer.close()
    return shown, missing
