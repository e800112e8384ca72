"""Parts of arrays that were put together, taken from the parts themselves.

Preprocessing puts columns side by side, takes some of them, and puts those beside others again. Here every
array that is made so is one concatenation of parts, or where the parts are many, one selection of a
concatenation. That moves numbers and changes none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nettrain.export.node import GraphNode, constant, is_rows
from nettrain.export.simplification import rewritten, simplified

Indices = npt.NDArray[np.int64]
MOST_PARTS = 6  # of which an array is put together without a selection, or as many as there are arrays


def selected(ends: Sequence[GraphNode]) -> list[GraphNode]:
    """The same arrays with fewer selections."""
    return simplified(rewritten(ends, _simpler))


def _simpler(node: GraphNode) -> GraphNode:
    if 0 in node.shape:
        return node
    positions = positions_of(node)
    if positions is not None:
        return _put_together(list(_sources(node.inputs[0], node.axis, positions)), node)
    if node.operation == "concatenate" and not any(is_rows(one.shape[node.axis]) for one in node.inputs):
        return _put_together(list(_sources(node, node.axis, np.arange(node.shape[node.axis]))), node)
    return node


def positions_of(node: GraphNode) -> Indices | None:
    """Which parts of an axis a node takes; None if it is no selection of one vector of known positions."""
    if node.operation == "slice":
        return np.arange(node.number("start"), node.number("stop"), node.number("step"))
    if node.operation == "take" and node.inputs[1].is_constant and len(node.inputs[1].shape) == 1:
        whole = not is_rows(node.inputs[0].shape[node.axis])
        return node.inputs[1].constant.astype(np.int64) if whole else None
    return None


Source = tuple[GraphNode, Indices]  # an array, and positions along the axis


def _sources(array: GraphNode, axis: int, positions: Indices) -> Iterator[Source]:
    """The arrays that these parts come from, in order, with their positions there."""
    inner = positions_of(array)
    if inner is not None and array.axis == axis:
        yield from _sources(array.inputs[0], axis, inner[positions])
    elif array.operation == "concatenate" and array.axis == axis and len(positions):
        ends = np.cumsum([one.shape[axis] for one in array.inputs])
        own = np.searchsorted(ends, positions, side="right")
        for run in np.split(np.arange(len(own)), np.flatnonzero(np.diff(own)) + 1):
            part = array.inputs[own[run[0]]]
            yield from _sources(part, axis, positions[run] - (ends[own[run[0]]] - part.shape[axis]))
    else:
        yield from [(array, positions)] if len(positions) else []


def _put_together(sources: Sequence[Source], node: GraphNode) -> GraphNode:
    """The array of these parts, in the place of a node."""
    runs: list[Source] = []
    for array, positions in sources:
        follows = runs and runs[-1][0] is array and runs[-1][1][-1] + 1 == positions[0]
        if follows:
            runs[-1] = array, np.concatenate([runs[-1][1], positions])
        else:
            runs.append((array, positions))
    arrays = list(dict.fromkeys(array for array, _ in runs))
    if len(runs) <= max(MOST_PARTS, len(arrays)):
        return _joined([_part(array, node.axis, own, node) for array, own in runs], node)
    whole = _joined(arrays, node)
    starts = dict(zip(arrays, np.cumsum([0, *(one.shape[node.axis] for one in arrays)]), strict=False))
    return _part(whole, node.axis, np.concatenate([starts[array] + own for array, own in runs]), node)


def _part(array: GraphNode, axis: int, positions: Indices, like: GraphNode) -> GraphNode:
    """The parts of an axis at these positions."""
    if np.array_equal(positions, np.arange(array.shape[axis])):
        return array
    if array.is_constant:
        return constant(np.take(array.constant, positions, axis), array.name, array.part)
    shape = (*array.shape[:axis], len(positions), *array.shape[axis + 1 :])
    step = int(positions[1] - positions[0]) if len(positions) > 1 else 1
    if step and (np.diff(positions) == step).all():
        first, last = int(positions[0]), int(positions[-1])
        stop = last + (1 if step > 0 else -1)
        options = {"axis": axis, "start": first, "stop": stop, "step": step}
        return replace(like, operation="slice", shape=shape, inputs=(array,), options=options)
    index = constant(positions)
    return replace(like, operation="take", shape=shape, inputs=(array, index), options={"axis": axis})


def _joined(parts: Sequence[GraphNode], like: GraphNode) -> GraphNode:
    if len(parts) == 1:
        return parts[0]
    shape = list(parts[0].shape)
    shape[like.axis] = sum(one.shape[like.axis] for one in parts)
    return replace(
        like,
        operation="concatenate",
        shape=tuple(shape),
        inputs=tuple(parts),
        options={"axis": like.axis},
    )
