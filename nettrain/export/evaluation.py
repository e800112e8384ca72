"""The plain evaluation of a graph with NumPy and SciPy, node by node: what every exported file must equal."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import special

from nettrain.backend.base import HostArray
from nettrain.data.columns.words import words_of
from nettrain.export.node import ELEMENTWISE, ROWS, GraphNode, in_order, is_rows

REDUCTIONS: Mapping[str, Callable[..., HostArray]] = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
}
UFUNCS: Mapping[str, Callable[..., HostArray]] = {
    name: getattr(np, name, None) or getattr(special, name) for name in ELEMENTWISE
}


def evaluate(ends: Sequence[GraphNode], inputs: Mapping[str, HostArray], rows: int) -> list[HostArray]:
    """The arrays of these nodes, for so many rows whose columns are `inputs` (N,) by name."""
    values: dict[GraphNode, HostArray] = {}
    for node in in_order(ends):
        if node.operation == "input":
            values[node] = inputs[str(node.options["column"])]
        else:
            values[node] = computed(node, [values[one] for one in node.inputs], rows)
    return [values[end] for end in ends]


@np.errstate(all="ignore")  # as in the prediction, what is not finite stays so
def computed(node: GraphNode, arrays: Sequence[HostArray], rows: int = 0) -> HostArray:
    """The array of a node from those that it takes."""
    if node.operation in UFUNCS:
        return np.asarray(UFUNCS[node.operation](*arrays))
    if node.operation in REDUCTIONS:
        return np.asarray(
            REDUCTIONS[node.operation](arrays[0], axis=node.axis, keepdims=bool(node.options["keepdims"]))
        )
    return np.asarray(STRUCTURAL[node.operation](node, arrays, rows))


def sized(shape: Sequence[int], rows: int) -> tuple[int, ...]:
    """A shape for so many rows."""
    return tuple(length // ROWS * rows if is_rows(length) else length for length in shape)


def _sliced(node: GraphNode, arrays: Sequence[HostArray], rows: int) -> HostArray:
    start, step = node.number("start"), node.number("step")
    stop = node.number("stop")
    part = slice(start, None if stop < 0 else stop, step)
    return arrays[0][(slice(None),) * node.axis + (part,)]


def _looked_up(node: GraphNode, arrays: Sequence[HostArray], rows: int) -> HostArray:
    assert node.table is not None, "every lookup has a table"
    found = [node.table.get(text, node.number("other")) for text in arrays[0].reshape(-1).tolist()]
    return np.array(found, np.int64).reshape(arrays[0].shape)


def _with_word(node: GraphNode, arrays: Sequence[HostArray], rows: int) -> HostArray:
    found = [node.options["word"] in words_of(text) for text in arrays[0].reshape(-1).tolist()]
    return np.array(found, bool).reshape(arrays[0].shape)


Structural = Callable[[GraphNode, Sequence[HostArray], int], HostArray]
STRUCTURAL: Mapping[str, Structural] = {
    "constant": lambda node, arrays, rows: node.constant,
    "where": lambda node, arrays, rows: np.where(*arrays),
    "cast": lambda node, arrays, rows: arrays[0].astype(node.dtype),
    "matmul": lambda node, arrays, rows: np.matmul(*arrays),
    "argmax": lambda node, arrays, rows: np.argmax(arrays[0], axis=node.axis),
    "reshape": lambda node, arrays, rows: arrays[0].reshape(sized(node.shape, rows)),
    "swapaxes": lambda node, arrays, rows: arrays[0].swapaxes(node.number("first"), node.number("second")),
    "slice": _sliced,
    "take": lambda node, arrays, rows: np.take(arrays[0], arrays[1], axis=node.axis),
    "concatenate": lambda node, arrays, rows: np.concatenate(arrays, axis=node.axis),
    "expand": lambda node, arrays, rows: np.broadcast_to(arrays[0], sized(node.shape, rows)),
    "has_word": _with_word,
    "lookup": _looked_up,
    "interp": lambda node, arrays, rows: np.interp(arrays[0], arrays[1], arrays[2]),
}
