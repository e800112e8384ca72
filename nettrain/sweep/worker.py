"""A worker: a process that trains one chunk after another, with a single thread."""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from nettrain.sweep.messages import (
    ChunkFailed,
    ChunkTooLarge,
    FromWorker,
    Task,
    ToWorker,
    TrialChunk,
    WorkerReady,
)

if TYPE_CHECKING:
    from nettrain.sweep.chunk_training import ChunkTraining

# Ctrl-C reaches all processes, and services send SIGTERM to all: the sweep ends its workers
IGNORED = (signal.SIGINT, signal.SIGTERM)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def work(connection: Connection, device: int | None = None) -> None:
    """The main function of a worker process: prepare it, then `serve`."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # by which the sweep has held them back until now
        signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import nettrain.sweep.chunk_training  # noqa: F401  takes a while, so only after signals are ignored
    from nettrain.data.polars_signals import import_polars

    import_polars()
    connection.send(WorkerReady())
    serve(connection, device)


def serve(connection: Connection, device: int | None) -> None:
    """Train the chunks that arrive until there are no more; those that wait at a rung stay in memory.

    With a `device`, populations train on that GPU, whatever their experiments say.
    """
    waiting: dict[int, ChunkTraining] = {}
    while (task := _receive(connection)) is not None:
        try:
            training = _training(task, waiting, device)
            if training.train_to_rung(connection.send):
                waiting[task.number] = training
        except Exception as error:
            connection.send(chunk_failed(task.number, error, device))


def _training(task: Task, waiting: "dict[int, ChunkTraining]", device: int | None) -> "ChunkTraining":
    from nettrain.sweep.chunk_training import ChunkTraining
    from nettrain.sweep.shared_data import map_shared

    if isinstance(task, TrialChunk):
        # mapped anew for each chunk, since a mapping holds a file open as long as it lives
        return ChunkTraining(task, map_shared(task.data), device)
    training = waiting.pop(task.number)
    training.go_on(task)
    return training


def chunk_failed(number: int, error: Exception, device: int | None) -> FromWorker:
    """The message about an error: ChunkTooLarge when the device is short of memory, else ChunkFailed."""
    from nettrain.backend.device import describe_shortage, is_shortage

    if device is not None and is_shortage(error):
        return ChunkTooLarge(number, describe_shortage(error, device))
    return ChunkFailed(number, " ".join(f"{type(error).__name__}: {error}".split()))


def _receive(connection: Connection) -> ToWorker:
    try:
        task: ToWorker = connection.recv()
    except EOFError:
        return None
    return task


def _end_with_parent() -> None:
    """End at once when the sweep's process has ended without closing its workers, as after kill -9."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
