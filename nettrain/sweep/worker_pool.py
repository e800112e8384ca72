"""The workers of a sweep, seen from outside: started, given orders, heard, replaced when they die."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from time import perf_counter

from nettrain.errors import NettrainError
from nettrain.sweep.messages import Order, Ready, Report
from nettrain.sweep.worker import THREADS, work

PATIENCE = 2.0  # seconds that a worker has to end when it is told to


@dataclass(frozen=True)
class Died:
    """A worker has ended by itself, with this exit code."""

    code: int | None


@dataclass(eq=False)
class Worker:
    """One process: the chunk that it trains, and those that wait in it for a decision."""

    process: SpawnProcess
    line: Connection
    busy: int | None = None
    waiting: set[int] = field(default_factory=set)
    ready: bool = False
    device: int | None = None


class WorkerPool:
    """A number of workers, which end with the block that they are opened for.

    They take turns at the devices, if there are any.
    """

    def __init__(self, size: int, devices: Sequence[int] = ()) -> None:
        self.workers: list[Worker] = []
        self._since = 0.0
        self._stillborn = (
            0  # workers that have ended before they were ready; more than there are, and none will live
        )
        for k in range(size):
            self._start(devices[k % len(devices)] if devices else None)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """Since the first worker was ready."""
        return perf_counter() - self._since if self._since else 0.0

    def _start(self, device: int | None) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, device), daemon=True)
        with _one_thread():
            process.start()
        theirs.close()  # so that the end of the process ends the line
        self.workers.append(Worker(process, ours, device=device))

    def reports(self, timeout: float) -> Iterator[tuple[Worker, Report | Died]]:
        """What workers have said within this time; a dead one has been replaced."""
        lines = {worker.line: worker for worker in self.workers}
        for line in wait(list(lines), timeout):
            worker = lines[line]  # type: ignore[index]
            try:
                report = worker.line.recv()
            except (EOFError, OSError):
                yield worker, self._replace(worker)
                continue
            if isinstance(report, Ready):
                worker.ready = True
                self._since = self._since or perf_counter()
            else:
                yield worker, report

    def _replace(self, worker: Worker) -> Died:
        worker.line.close()
        worker.process.join(PATIENCE)
        code = worker.process.exitcode
        self._stillborn += not worker.ready
        if self._stillborn > len(self.workers):
            raise NettrainError(f"a worker process ended at its start (exit code {code})")
        self.workers.remove(worker)
        self._start(worker.device)
        return Died(code)

    def send(self, worker: Worker, order: Order) -> None:
        """Give an order; to a worker that has just died in vain, which its reports will tell."""
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.line.send(order)

    def close(self) -> None:
        """End all workers, also in the middle of their work."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.process.join(PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.line.close()
        self.workers = []


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started in here give one thread to each library of theirs."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
