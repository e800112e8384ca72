"""How much of a device's memory a run needs beside its rows and the arrays of its population."""

from nettrain.backend.base import Backend
from nettrain.inference.predict import chunk_rows
from nettrain.model.architecture import Architecture
from nettrain.training.rows.batches import BatchPlan, order_table_rows

TRAINED, INFERRED = 5, 2  # arrays as large as a layer's output: in a step at most, in a pass without training
COPIES = 3  # of the parameters: the networks that are evaluated, and what penalties are computed from


def working_bytes(
    backend: Backend, architecture: Architecture, members: int, order_count: int, batches: BatchPlan
) -> int:
    """An estimate, rather too large, of what steps, evaluation and the end of an epoch need.

    It counts signals and masks of one batch and of one chunk, the gathered rows and their noise, orders, and
    temporary copies of parameters.
    """
    chunk, size = chunk_rows(architecture, backend.chunk_bytes), backend.dtype.itemsize
    columns = sum(n for _, n in architecture.products) + sum(architecture.widths[1:])
    columns *= architecture.sub_members
    last = architecture.outputs
    signals = members * columns * (TRAINED * batches.batch_size + INFERRED * chunk)
    rows = (order_count + members) * batches.batch_size * (architecture.inputs + last)
    metrics = 4 * members * chunk * last  # a loss and a metric of each row, in float64
    orders = order_table_rows(order_count, batches) + order_count * batches.batch_size
    return size * (signals + rows) + 8 * (metrics + orders + COPIES * members * architecture.parameters)
