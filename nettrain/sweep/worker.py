"""A worker: a process of its own that trains one chunk after another, with one thread."""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from nettrain.sweep.messages import Broken, Continue, Order, Ready, TrialChunk

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def work(orders: Connection, device: int | None = None) -> None:
    """Follow orders until there are no more; chunks that wait at a rung stay in memory.

    With a device, populations are trained on that GPU whatever their experiments say.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the sweep ends its workers itself
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from nettrain.sweep.shared import mapped
    from nettrain.sweep.training import TrialTraining

    orders.send(Ready())
    waiting: dict[int, TrialTraining] = {}
    while (order := _next(orders)) is not None:
        number = order.chunk if isinstance(order, Continue) else order.number
        try:
            if isinstance(order, TrialChunk):
                # mapped anew for each chunk, since a mapping holds a file open as long as it lives
                training = TrialTraining(order, mapped(order.data), device)
            else:
                training = waiting.pop(order.chunk)
                training.pruned = set(order.without)
            if training.until_it_waits(orders.send):
                waiting[number] = training
        except Exception as error:
            orders.send(_broken(number, error, device))


def _broken(number: int, error: Exception, device: int | None) -> Broken:
    """What is said of an error; a device that is short of memory is told from all else."""
    from nettrain.backend.device import is_shortage, shortage

    if device is not None and is_shortage(error):
        return Broken(number, shortage(error, device), short=True)
    return Broken(number, " ".join(f"{type(error).__name__}: {error}".split()))


def _next(orders: Connection) -> Order:
    try:
        order: Order = orders.recv()
    except EOFError:
        return None
    return order


def _end_with_parent() -> None:
    """End at once when the sweep has ended without a word, as after kill -9."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
