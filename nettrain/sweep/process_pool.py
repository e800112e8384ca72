"""Workers that are processes on this machine: a pool starts them, and replaces those that die."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from time import perf_counter

from nettrain.errors import NettrainError
from nettrain.sweep.messages import FromWorker, ToWorker, WorkerReady
from nettrain.sweep.worker import IGNORED, THREADS, work
from nettrain.sweep.worker_pool import Report, Worker, WorkerDied

PATIENCE = 2.0  # seconds that a worker has to end when it is asked to


@dataclass(eq=False, kw_only=True)
class ProcessWorker(Worker):
    """One process, which may train on a GPU."""

    process: SpawnProcess
    connection: Connection
    device: int | None = None


class ProcessPool:
    """A context manager around `size` workers, which end when it is left; they share out the devices."""

    def __init__(self, size: int, devices: Sequence[int] = ()) -> None:
        self.workers: list[ProcessWorker] = []
        self._began = 0.0
        self._failed_starts = 0  # workers that ended before they were ready
        for k in range(size):
            self._start(devices[k % len(devices)] if devices else None)

    def __enter__(self) -> "ProcessPool":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """The time since the first worker was ready."""
        return perf_counter() - self._began if self._began else 0.0

    def messages(self, timeout: float) -> Iterator[tuple[ProcessWorker, Report]]:
        """What arrives from workers within this time (s); a dead worker has already been replaced.

        Raises NettrainError when more workers have died at their start than there are in the pool.
        """
        workers = {worker.connection: worker for worker in self.workers}
        for connection in wait(list(workers), timeout):
            worker = workers[connection]  # type: ignore[index]
            try:
                message: FromWorker = worker.connection.recv()
            except (EOFError, OSError):
                yield worker, self._replace(worker)
                continue
            if isinstance(message, WorkerReady):
                worker.ready = True
                self._began = self._began or perf_counter()
            else:
                yield worker, message

    def send(self, worker: ProcessWorker, task: ToWorker) -> None:
        """Send a task; that a worker has just died is left for `messages` to report."""
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send(task)

    def expect(self, chunks: int) -> None:
        """Their number is fixed."""

    def take_notes(self) -> tuple[str, ...]:
        """There are none."""
        return ()

    def close(self) -> None:
        """End all workers, even in the middle of their work."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.connection.close()
        self.workers = []

    def _start(self, device: int | None) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, device), daemon=True)
        with _single_threaded(), _signals_held_back():
            process.start()
        theirs.close()  # so that the end of the process ends the connection
        self.workers.append(ProcessWorker(process=process, connection=ours, device=device))

    def _replace(self, worker: ProcessWorker) -> WorkerDied:
        worker.connection.close()
        worker.process.join(PATIENCE)
        code = worker.process.exitcode
        self._failed_starts += not worker.ready
        if self._failed_starts > len(self.workers):
            raise NettrainError(f"a worker process ended at its start (exit code {code})")
        self.workers.remove(worker)
        self._start(worker.device)
        return WorkerDied(code)


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes that are started inside this block use one thread in each numerical library."""
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


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Processes that are started in this block get the signals for the sweep only when they allow them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # else `start` would, and allow them
    before = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
