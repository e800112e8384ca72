"""How many threads a run uses when the experiment file leaves it open."""

import os

from nettrain.backend.product_blocks import block_count
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of


def available_cores() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fitting_threads(experiment: Experiment, data: Prepared) -> int:
    """As many as the largest product of a layer has blocks, up to the number of processors.

    The decision depends on a single member, never on how many there are, and changes no bit.
    """
    architecture = network_of(experiment, data)
    rows = experiment.training.batch_rows(len(data.train.x)) * architecture.sub_members
    blocks = max(block_count(rows, m, n) for m, n in architecture.products)
    return min(blocks, available_cores())
