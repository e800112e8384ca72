"""Derivatives of the objective by dual numbers: one coordinate after the other, many at a time."""

import numpy as np

from nettrain.checks.dual import Dual, one_by_one, toward
from nettrain.checks.objective import Objective, Tensors
from nettrain.checks.problem import Numbers, Problem
from nettrain.model.parameters import Slot, views
from nettrain.training.rows.batches import Index

BLOCK_BYTES = 1 << 23  # of tangents in one signal of the widest layer


def partial_derivatives(problem: Problem, objective: Objective, slot: Slot, places: Index) -> Numbers:
    """∂objective/∂w (n,) for the numbers at flat places (n,) of one tensor.

    Only that tensor moves, so the layers in front of it stay plain arrays.
    """
    tensors, found = views(problem.point[None], problem.layout), [np.zeros(0)]
    at = tensors[slot.layer][slot.name]
    size = directions(problem, slot)
    for start in range(0, len(places), size):
        moving = one_by_one(at, places[start : start + size])
        found.append(derivatives(objective, _with(tensors, slot, moving)))
    return np.concatenate(found)


def directional_derivatives(problem: Problem, objective: Objective, moves: Numbers) -> Numbers:
    """∂objective along every one of the directions (T, P)."""
    at, ahead = views(problem.point[None], problem.layout), views(moves, problem.layout)
    tensors = [
        {name: toward(array, move[name]) for name, array in own.items()}
        for own, move in zip(at, ahead, strict=True)
    ]
    return derivatives(objective, tensors)


def derivatives(objective: Objective, tensors: Tensors) -> Numbers:
    """The derivatives (T,) of the objective where these tensors move."""
    value = objective(tensors)
    assert isinstance(value, Dual), "no tensor moves"
    return np.array(value.tangent[:, 0])


def directions(problem: Problem, slot: Slot) -> int:
    """How many tangents of this tensor and of the signals behind it fit BLOCK_BYTES."""
    rows, behind = len(problem.rows), problem.architecture.nodes[slot.layer :]
    widest = max(slot.size, *(rows * node.outputs for node in behind))
    return max(1, BLOCK_BYTES // (8 * widest))


def _with(tensors: Tensors, slot: Slot, moving: Dual) -> Tensors:
    changed = [dict(own) for own in tensors]
    changed[slot.layer][slot.name] = moving
    return changed
