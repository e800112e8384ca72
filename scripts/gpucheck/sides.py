"""Sides in processes of their own, asked for one thing at a time and ended when it takes too long.

A side says its lines as JSON on standard output; what libraries print there goes to standard error.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from queue import Empty, Queue
from threading import Thread
from typing import Any

from gpucheck.cases import Case

SIDES = {
    "nettrain": ("gpucheck.ours", "Side"),
    "torch": ("gpucheck.with_torch", "Side"),
    "torch reduce-overhead": ("gpucheck.with_torch", "Reduced"),
    "jax": ("gpucheck.with_jax", "Side"),
}
EQUALITY = ("gpucheck.equality", "Side")
OURS = "nettrain"
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class LostError(Exception):
    """A side has gone: why."""


class Side:
    """A process that answers lines with lines."""

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

    def hear(self, limit: float) -> dict[str, Any]:
        """The next line. Raises LostError when it does not come in time, or ever."""
        try:
            line = self.lines.get(timeout=max(limit, 0.1))
        except Empty:
            self.end()
            raise LostError(f"no answer within {limit:.0f} s") from None
        if not line:
            self.end()
            raise LostError(f"ended with exit code {self.process.returncode}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, order: dict[str, Any], limit: float) -> dict[str, Any]:
        """An answer to an order. Raises LostError as `hear` does, or with what went wrong there."""
        assert self.process.stdin is not None
        try:
            print(json.dumps(order), file=self.process.stdin, flush=True)
        except OSError:
            self.end()
            raise LostError(f"ended with exit code {self.process.returncode}") from None
        answer = self.hear(limit)
        if "failed" in answer:
            raise LostError(answer["failed"])
        return answer

    def end(self) -> None:
        """End it at once, and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


def started(name: str, backend: str) -> Side:
    """The process of a side; without a GPU all sides have one thread."""
    threads = {} if backend == "cupy" else dict.fromkeys(POOLS, "1")
    return Side([sys.executable, sys.argv[0], "side", name, backend], **threads)


def order_of(case: Case) -> dict[str, Any]:
    """The order to build a case."""
    return {"case": asdict(case)}


def serve(name: str, backend: str) -> None:
    """Be a side: say hello, then build a case, take a turn or tell facts, whatever a line asks for."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, kind = SIDES.get(name, EQUALITY)
    hello = guarded(lambda: {"version": import_module(module).VERSION})
    print(json.dumps(hello), file=answers, flush=True)
    side: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        if "case" in order:
            side = None  # frees its memory before the next one is built
            made = Case(**{**order["case"], "widths": tuple(order["case"]["widths"])})
            answer = guarded(lambda made=made: {"side": getattr(import_module(module), kind)(made, backend)})
            side = answer.pop("side", None)
        else:
            answer = guarded(getattr(side, order["do"]))
        print(json.dumps(answer), file=answers, flush=True)


def guarded(call: Any) -> dict[str, Any]:
    """The answer of a call, or why there is none."""
    try:
        answer: dict[str, Any] = call()
    except ModuleNotFoundError as error:
        return {"failed": f"no module {error.name}"}
    except Exception as error:  # whatever a library meets on a machine nobody has seen
        return {"failed": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
    return answer
