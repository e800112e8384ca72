"""What a run takes of a device's memory beside its rows and the arrays of its population."""

from nettrain.backend.base import Backend
from nettrain.inference.predict import chunk_rows
from nettrain.model.architecture import Architecture
from nettrain.training.rows.batches import BatchPlan

TRAINED, INFERRED = 5, 2  # arrays as large as a layer's signal: in a step at most, in a pass without training
PASSES = 3  # copies of parameters: the networks that are measured, and what penalties are summed up from


def working_bytes(
    backend: Backend, architecture: Architecture, members: int, groups: int, batches: BatchPlan
) -> int:
    """About what the steps, the passes without training and an epoch's end need; rather too much.

    Signals and masks of one batch and of one chunk, the gathered rows and their noise, orders, and
    temporary copies of parameters.
    """
    chunk, size = chunk_rows(architecture, backend.chunk_bytes), backend.dtype.itemsize
    columns = sum(n for _, n in architecture.products) + sum(architecture.widths[1:])
    last = architecture.outputs
    gathered = groups + members
    signals = members * columns * (TRAINED * batches.batch_size + INFERRED * chunk)
    rows = gathered * batches.batch_size * (architecture.inputs + last)
    measured = 4 * members * chunk * last  # a loss and a metric of each row, in float64
    orders = groups * (batches.rows + batches.batch_size)
    return size * (signals + rows) + 8 * (measured + orders + PASSES * members * architecture.parameters)
