"""The sides of the comparison, each a process that takes one order at a time and is killed when it is slow.

Orders and replies are lines of JSON on standard input and output; what libraries print there goes to standard
error.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from queue import Empty, Queue
from threading import Thread
from typing import Any

from gpucheck.cases import Case

SIDES = {
    "nettrain": ("gpucheck.ours", "NettrainBenchmark"),
    "torch": ("gpucheck.with_torch", "TorchBenchmark"),
    "torch reduce-overhead": ("gpucheck.with_torch", "CompiledTorchBenchmark"),
    "jax": ("gpucheck.with_jax", "JaxBenchmark"),
}
EQUALITY = ("gpucheck.equality", "EqualityCheck")
OURS = "nettrain"
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class LostError(Exception):
    """A side has failed or taken too long; the message says why."""


class SideProcess:
    """The process of a side, as its parent sees it."""

    def __init__(self, command: list[str], **environment: str) -> None:
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        env = {**os.environ, **environment}
        # a group of its own, so that compilers that it has started end with it
        pipes |= {"stderr": subprocess.DEVNULL, "env": env, "start_new_session": True}
        self.process = subprocess.Popen(command, **pipes)
        self.lines: Queue[str] = Queue()
        self.listener = Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")
        self.process.stdout.close()

    def receive(self, limit: float) -> dict[str, Any]:
        """The next reply. Raises LostError when it does not come in time, or the process has ended."""
        try:
            line = self.lines.get(timeout=max(limit, 0.1))
        except Empty:
            self.end()
            raise LostError(f"no answer within {limit:.0f} s") from None
        if not line:
            self.end()
            raise LostError(f"ended with exit code {self.process.returncode}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def ask(self, order: dict[str, Any], limit: float) -> dict[str, Any]:
        """The reply to an order. Raises LostError as `receive` does, or with the error of the side."""
        assert self.process.stdin is not None
        try:
            print(json.dumps(order), file=self.process.stdin, flush=True)
        except OSError:
            self.end()
            raise LostError(f"ended with exit code {self.process.returncode}") from None
        reply = self.receive(limit)
        if "failed" in reply:
            raise LostError(reply["failed"])
        return reply

    def end(self) -> None:
        """Kill it and all processes that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


def start_side(name: str, backend: str) -> SideProcess:
    """Start the process of a side; without a GPU all sides use one thread."""
    threads = {} if backend == "cupy" else dict.fromkeys(POOLS, "1")
    return SideProcess([sys.executable, sys.argv[0], "side", name, backend], **threads)


def build_order(case: Case) -> dict[str, Any]:
    """The order to build a case."""
    return {"case": asdict(case)}


def serve(name: str, backend: str) -> None:
    """Be a side: report the version, then follow orders to build a case, take a turn or report facts."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, kind = SIDES.get(name, EQUALITY)
    hello = guard(lambda: {"version": import_module(module).VERSION})
    print(json.dumps(hello), file=replies, flush=True)
    side: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        if "case" in order:
            side = None  # frees its memory before the next one is built
            case = Case(**{**order["case"], "widths": tuple(order["case"]["widths"])})
            reply = guard(lambda case=case: {"side": getattr(import_module(module), kind)(case, backend)})
            side = reply.pop("side", None)
        else:
            reply = guard(getattr(side, order["do"]))
        print(json.dumps(reply), file=replies, flush=True)


def guard(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result of a call, or the error that it raised."""
    try:
        return call()
    except ModuleNotFoundError as error:
        return {"failed": f"no module {error.name}"}
    except Exception as error:  # libraries may fail in any way on an unknown machine
        return {"failed": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
