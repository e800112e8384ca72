"""Derivatives of the objective by forward mode with dual numbers, many directions at a time."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.dual import Dual, seeded, seeded_by_coordinate
from nettrain.checks.objective import Objective, Tensors
from nettrain.checks.problem import GradientProblem
from nettrain.model.parameters import Slot, views
from nettrain.training.rows.batches import Index

BLOCK_BYTES = 1 << 23  # of tangents in one signal of the widest layer


def partial_derivatives(
    problem: GradientProblem, objective: Objective, slot: Slot, coordinates: Index
) -> Floats:
    """∂objective/∂w (n,) for flat coordinates (n,) of one tensor.

    Only that tensor carries a tangent, so the layers in front of it compute with plain arrays.
    """
    tensors, derivatives = views(problem.point[None], problem.layout), [np.zeros(0)]
    array = tensors[slot.layer][slot.name]
    size = directions_per_block(problem, slot)
    for start in range(0, len(coordinates), size):
        variable = seeded_by_coordinate(array, coordinates[start : start + size])
        derivatives.append(tangent_of(objective, _replaced(tensors, slot, variable)))
    return np.concatenate(derivatives)


def directional_derivatives(problem: GradientProblem, objective: Objective, directions: Floats) -> Floats:
    """The derivative of the objective (T,) along each of the directions (T, P)."""
    tensors, seeds = views(problem.point[None], problem.layout), views(directions, problem.layout)
    variables = [
        {name: seeded(array, seed[name]) for name, array in arrays.items()}
        for arrays, seed in zip(tensors, seeds, strict=True)
    ]
    return tangent_of(objective, variables)


def tangent_of(objective: Objective, tensors: Tensors) -> Floats:
    """The derivatives (T,) of the objective along the seed directions of these tensors."""
    value = objective(tensors)
    assert isinstance(value, Dual), "no tensor carries a tangent"
    return np.array(value.tangent[:, 0])


def directions_per_block(problem: GradientProblem, slot: Slot) -> int:
    """How many tangents of this tensor and of the signals behind it fit BLOCK_BYTES."""
    rows, behind = len(problem.rows), problem.architecture.nodes[slot.layer :]
    widest = max(slot.size, *(rows * node.outputs for node in behind))
    return max(1, BLOCK_BYTES // (8 * widest))


def _replaced(tensors: Tensors, slot: Slot, variable: Dual) -> Tensors:
    changed = [dict(arrays) for arrays in tensors]
    changed[slot.layer][slot.name] = variable
    return changed
