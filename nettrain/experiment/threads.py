"""How many threads a run uses when the experiment file leaves it open."""

import os

from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of

SHARED_FROM = 1 << 23  # multiplications in one product; two threads begin to pay off near here


def available_cores() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting_threads(experiment: Experiment, data: Prepared) -> int:
    """All processors if the matrix product of some layer is large enough to be shared, otherwise one.

    Waking threads for small products gains nothing, and costs much where other programs keep the processors
    busy: a waiting thread spins. The decision depends on a single member, never on how many there are.
    """
    architecture = network_of(experiment, data)
    rows = experiment.training.batch_rows(len(data.train.x)) * architecture.sub_members
    largest = max(rows * m * n for m, n in architecture.products)
    return available_cores() if largest >= SHARED_FROM else 1
