"""Sides that take turns: each lives in a process of its own and is asked for one block of steps at a time.

Processes, because the thread pools of OpenBLAS, OpenMP and XLA would disturb each other in one. A side
says its lines as JSON on standard output; what libraries print there goes to standard error.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from peers.problem import BATCH, THREADS, Array, digits

SIDES = {"nettrain": "peers.ours", "jax": "peers.with_jax", "torch": "peers.with_torch"}
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class MissingError(Exception):
    """A side's library is not installed."""


@dataclass
class Turns:
    """What one side has shown: seconds per block and the mean loss of each block."""

    version: str
    steps: int
    first_loss: float
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @property
    def microseconds(self) -> Array:
        """Microseconds per step of each round (T,)."""
        return np.array(self.seconds) / self.steps * 1e6


class Side:
    """A side in this process: its model, and the order in which rows are drawn."""

    def __init__(self, name: str, data: Path, steps: int) -> None:
        try:
            module = import_module(SIDES[name])
        except ModuleNotFoundError as error:
            if name == "nettrain":
                raise
            raise MissingError(f"no module {error.name}") from error
        x, y = digits(data)
        self.trainer, self.rows, self.steps = module.Trainer(x, y), len(x), steps
        self.generator = np.random.default_rng(1)
        self.warm_steps = max(1, steps // 10)
        first = self.block(self.warm_steps)["loss"]
        self.block(steps)
        self.hello = {"version": version(name) if name != "nettrain" else module.VERSION, "first_loss": first}

    def block(self, steps: int) -> dict[str, float]:
        """Some steps on fresh rows: their seconds and their mean loss."""
        index = self.generator.integers(0, self.rows, (steps, BATCH))
        started = perf_counter()
        loss = self.trainer.block(index)
        return {"seconds": perf_counter() - started, "loss": loss}

    def turn(self) -> dict[str, float]:
        """One timed block, after a few steps that fill the caches and wake the threads."""
        self.block(self.warm_steps)
        return self.block(self.steps)

    def close(self) -> None:
        pass


class Worker:
    """A side in a process of its own; raises MissingError when its library is not there."""

    def __init__(self, name: str, data: Path, steps: int) -> None:
        command = [sys.executable, sys.argv[0], "side", name, str(data), str(steps)]
        pools = dict.fromkeys(POOLS, str(THREADS))
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **pools}
        )
        self.hello = self._answer()
        if "missing" in self.hello:
            raise MissingError(self.hello["missing"])

    def turn(self) -> dict[str, float]:
        assert self.process.stdin is not None
        print("turn", file=self.process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side ended with exit code {self.process.wait()}; its error is above")
        return json.loads(line)  # type: ignore[no-any-return]


def serve(name: str, data: Path, steps: int) -> None:
    """Be a worker: say hello, then answer every line on standard input with a turn."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    try:
        side = Side(name, data, steps)
    except MissingError as error:
        print(json.dumps({"missing": str(error)}), file=answers, flush=True)
        return
    print(json.dumps(side.hello), file=answers, flush=True)
    for _ in sys.stdin:
        print(json.dumps(side.turn()), file=answers, flush=True)


def compare(
    names: list[str], data: Path, *, steps: int, rounds: int, together: bool
) -> tuple[dict[str, Turns], dict[str, str]]:
    """Rounds of A B C A B C …: what each side has shown, and why the missing ones are missing."""
    sides: dict[str, Side | Worker] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            sides[name] = (Side if together else Worker)(name, data, steps)
        except MissingError as error:
            missing[name] = str(error)
    shown = {name: Turns(steps=steps, **side.hello) for name, side in sides.items()}
    for _ in range(rounds):
        for name, side in sides.items():
            answer = side.turn()
            shown[name].seconds.append(answer["seconds"])
            shown[name].losses.append(answer["loss"])
    for side in sides.values():
        side.close()
    return shown, missing
