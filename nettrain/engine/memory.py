"""What a run takes of a device's memory beside its rows and the arrays of its population."""

import numpy as np

from nettrain.backend.base import Backend
from nettrain.engine.batches import Plan
from nettrain.model.architecture import Architecture

MOST_ROWS = 1024  # of a chunk
TRAINED, INFERRED = 5, 2  # arrays as large as a layer's signal: in a step at most, in a pass without training
PASSES = 3  # copies of parameters: the networks that are measured, and what penalties are summed up from


def chunk_rows(plan: Architecture, chunk_bytes: int) -> int:
    """Rows per chunk: a power of two from 64 to 1024 whose widest signal fits, in float64."""
    fitting = chunk_bytes // (8 * max(plan.widths))
    return int(2 ** np.clip(np.floor(np.log2(max(fitting, 1))), 6, np.log2(MOST_ROWS)))


def working_bytes(backend: Backend, plan: Architecture, members: int, groups: int, batches: Plan) -> int:
    """About what the steps, the passes without training and an epoch's end need; rather too much.

    Signals and masks of one batch and of one chunk, the gathered rows and their noise, orders, and
    temporary copies of parameters.
    """
    chunk, size = chunk_rows(plan, backend.chunk_bytes), backend.dtype.itemsize
    columns = sum(layer.columns + layer.units for layer in plan.layers)
    last = plan.layers[-1].units
    gathered = groups + (members if plan.input_noise > 0 else 0)
    signals = members * columns * (TRAINED * batches.batch_size + INFERRED * chunk)
    rows = gathered * batches.batch_size * (plan.inputs + last)
    measured = 4 * members * chunk * last  # a loss and a metric of each row, in float64
    orders = groups * (batches.rows + batches.batch_size)
    return size * (signals + rows) + 8 * (measured + orders + PASSES * members * plan.parameters)
