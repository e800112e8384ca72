"""How many threads an estimator may use: what joblib, threadpoolctl and the environment have left to it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from nettrain.backend.blas_threads import allowed_blas_threads, borrowed_blas_threads
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.settings import Experiment
from nettrain.experiment.threads import available_cores
from nettrain.store.trained_run import TrainedRun

LIMITS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")  # set by joblib in its workers


def most_threads() -> int:
    """How many threads may be used here: one beside other threads of Python, which may do the same."""
    if threading.current_thread() is not threading.main_thread():
        return 1
    named = [int(value) for value in map(os.environ.get, LIMITS) if value and value.isdigit()]
    cores = available_cores()
    return max(1, min(*named, allowed_blas_threads() or cores, cores))


def within_limit(experiment: Experiment) -> Experiment:
    """The experiment, resolved with its data, with as many threads as it may use."""
    threads = min(int(experiment.backend.threads), most_threads())
    backend = experiment.backend.model_copy(update={"threads": threads})
    return experiment.model_copy(update={"backend": backend})


@contextmanager
def predicting(trained: TrainedRun) -> Iterator[TrainedRun]:
    """The networks, which inside predict with as many threads as they were trained with, or may use."""
    with borrowed_blas_threads():
        if trained.backend.threads > most_threads():
            backend = named_backend(within_limit(trained.experiment).backend)
            trained = replace(trained, backend=backend)
        with borrowed_blas_threads(1):  # ours share out its products
            yield trained
