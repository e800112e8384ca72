"""The gradient check of one problem: which coordinates, by which methods, and what came of it."""

import numpy as np

from nettrain.checks.backpropagation import Backpropagated, backpropagated
from nettrain.checks.comparison import TOLERANCE, Compared, Comparison, Directional
from nettrain.checks.differences import STEP, directional_differences, partial_differences
from nettrain.checks.forward_mode import directional_derivatives, partial_derivatives
from nettrain.checks.objective import Objective
from nettrain.checks.problem import Numbers, Problem
from nettrain.engine.batches import Index
from nettrain.model.parameters import Slot, views

DIRECTIONS = 3
AFFORDABLE = 10**11  # multiplications that a check may cost when nobody says how much it shall do
FEWEST = 20  # coordinates of a tensor in any case


def check(
    problem: Problem,
    *,
    samples: int | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> Comparison:
    """Compare the gradient that training uses with differences and dual numbers.

    `samples` coordinates of every tensor, drawn by `seed`; None takes as many as are affordable. `step` times
    max(1, |w|) is h, `tolerance` the dual numbers' share of a tensor's largest derivative.
    """
    found = backpropagated(problem)
    objective = Objective(problem, found)
    slots = problem.place.slots
    generator = np.random.default_rng(seed)
    wanted = affordable(problem) if samples is None else samples
    places = [drawn(slot, wanted, generator) for slot in slots]
    duals = [
        partial_derivatives(problem, objective, slot, own) for slot, own in zip(slots, places, strict=True)
    ]
    along = directional(problem, found, objective, step, tolerance, generator)
    largest = max([float(np.abs(dual).max(initial=0.0)) for dual in duals])
    tensors = compared(problem, found.gradient, places, duals, step, tolerance, largest)
    tensors_now = views(problem.point[None], problem.place)
    penalty = float(np.sum(objective.penalty(tensors_now)))
    definition = float(np.sum(objective(tensors_now)))
    return Comparison(tensors, along, found.gradient, found.loss + penalty, definition)


def compared(
    problem: Problem,
    gradient: Numbers,
    places: list[Index],
    duals: list[Numbers],
    step: float,
    tolerance: float,
    largest: float,
) -> list[Compared]:
    """Every tensor's coordinates by all methods; one population measures the differences of all tensors."""
    slots = problem.place.slots
    flat = np.concatenate([slot.start + own for slot, own in zip(slots, places, strict=True)])
    ends = np.cumsum([len(own) for own in places])[:-1]
    measured = partial_differences(problem, flat, step) if len(flat) else (np.zeros(0), flat > 0, np.zeros(0))
    parts = [np.split(values, ends) for values in (gradient[flat], *measured)]
    return [
        Compared(slot, own, analytic, difference, dual, crossed, rounding, largest, tolerance)
        for slot, own, dual, analytic, difference, crossed, rounding in zip(
            slots, places, duals, *parts, strict=True
        )
    ]


def directional(
    problem: Problem,
    found: Backpropagated,
    objective: Objective,
    step: float,
    tolerance: float,
    generator: np.random.Generator,
) -> Directional:
    """The derivative along directions of length 1 that move every parameter, none of them hardly at all."""
    moves = np.zeros((DIRECTIONS, problem.place.size))
    for slot in problem.place.slots:
        moves[:, slot.start : slot.start + slot.size] = steady(generator, (DIRECTIONS, slot.size))
    moves /= np.linalg.norm(moves, axis=1, keepdims=True)
    h = step * max(1.0, float(np.abs(problem.point).max()))
    difference, crossed, upon, rounding = directional_differences(problem, moves, h)
    dual = directional_derivatives(problem, objective, moves)
    length = float(np.linalg.norm(found.gradient))
    along = moves @ found.gradient
    return Directional(along, difference, dual, crossed, upon, rounding, length, tolerance)


def steady(generator: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Numbers of either sign between ½ and 1½: a direction in which nothing stands nearly still."""
    sign = np.where(generator.random(shape) < 0.5, -1.0, 1.0)
    steps: Numbers = sign * (0.5 + generator.random(shape))
    return steps


def drawn(slot: Slot, samples: int, generator: np.random.Generator) -> Index:
    """Flat places of so many coordinates of a tensor, in order; all of them when there are no more."""
    if samples >= slot.size:
        return np.arange(slot.size)
    return np.sort(generator.choice(slot.size, samples, replace=False))


def affordable(problem: Problem) -> int:
    """Coordinates of each tensor that AFFORDABLE multiplications allow: all of a small network."""
    forward = len(problem.rows) * problem.plan.parameters
    return max(FEWEST, AFFORDABLE // (3 * forward * len(problem.place.slots)))
