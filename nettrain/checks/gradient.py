"""The gradient check of one problem: which coordinates, by which methods, and what came of it."""

from collections.abc import Callable

import numpy as np

from nettrain.checks.backpropagation import Backpropagated, backpropagated
from nettrain.checks.comparison import (
    LOOK,
    SMALL,
    SMALLEST,
    TOLERANCE,
    Compared,
    Comparison,
    Directional,
    Flags,
    difference_error,
)
from nettrain.checks.differences import (
    STEP,
    Neighbourhood,
    directional_differences,
    neighbourhood,
    partial_differences,
)
from nettrain.checks.forward_mode import directional_derivatives, partial_derivatives
from nettrain.checks.objective import Objective, Tensors
from nettrain.checks.problem import Numbers, Problem
from nettrain.model.parameters import ParameterLayout, Slot, views
from nettrain.training.rows.batches import Index

DIRECTIONS = 3
AFFORDABLE = 10**11  # multiplications that a check may cost when nobody says how much it shall do
CLOSER = 16.0  # by how much h shrinks for a second look
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
    generator = np.random.default_rng(seed)
    wanted = affordable(problem) if samples is None else samples
    places = [drawn(slot, wanted, generator) for slot in problem.layout.slots]
    moves = directions(problem.layout, generator)
    around = neighbourhood(problem, max(1, sum(map(len, places))))
    with np.errstate(over="ignore", invalid="ignore"):  # of a network that is beyond all bounds
        check = _Check(problem, backpropagated(problem), around, step, tolerance)
        return Comparison(
            check.tensors(places),
            check.along(moves),
            check.found.gradient,
            check.found.loss + check.penalty(),
            check.definition(),
        )


class _Check:
    """One problem, its gradient, its objective as formulas have it, and its neighbourhood."""

    def __init__(
        self, problem: Problem, found: Backpropagated, around: Neighbourhood, step: float, tolerance: float
    ) -> None:
        self.problem, self.found, self.around = problem, found, around
        self.step, self.tolerance = step, tolerance
        self.objective = Objective(problem, found)

    def tensors(self, places: list[Index]) -> list[Compared]:
        """The coordinates at these flat places of each tensor, by all methods."""
        slots = self.problem.layout.slots
        flat = np.concatenate([slot.start + own for slot, own in zip(slots, places, strict=True)])
        measured = (self.found.gradient[flat], *self.differences(flat, self.found.gradient[flat]))
        ends = np.cumsum([len(own) for own in places])[:-1]
        analytic, difference, crossed, rounding = (np.split(values, ends) for values in measured)
        duals = [
            partial_derivatives(self.problem, self.objective, slot, own)
            for slot, own in zip(slots, places, strict=True)
        ]
        least = self.least(max(float(np.abs(dual).max(initial=0.0)) for dual in duals))
        return [
            Compared(slot, own, a, n, d, beyond, noise, float(least[slot.layer]), self.tolerance)
            for slot, own, a, n, d, beyond, noise in zip(
                slots, places, analytic, difference, duals, crossed, rounding, strict=True
            )
        ]

    def differences(self, flat: Index, analytic: Numbers) -> tuple[Numbers, Flags, Numbers]:
        """Central differences, where they cross kinks, and the doubt in them: each (n,)."""
        first = partial_differences(self.around, flat, self.step)

        def finer(far: Index) -> tuple[Numbers, Numbers]:
            difference, _, rounding = partial_differences(self.around, flat[far], self.step / CLOSER)
            return difference, rounding

        return second_look(analytic, *first, finer)

    def along(self, moves: Numbers) -> Directional:
        """The derivatives along directions (T, P) of length 1, by all methods."""
        h = self.step * max(1.0, float(np.abs(self.problem.point).max()))
        along = moves @ self.found.gradient
        difference, crossed, upon, rounding = directional_differences(self.around, moves, h)

        def finer(far: Index) -> tuple[Numbers, Numbers]:
            difference, _, _, rounding = directional_differences(self.around, moves[far], h / CLOSER)
            return difference, rounding

        difference, crossed, doubt = second_look(along, difference, crossed, rounding, finer)
        dual = directional_derivatives(self.problem, self.objective, moves)
        length = max(float(np.linalg.norm(self.found.gradient)), self.nearly_nothing())
        return Directional(along, difference, dual, crossed, upon, doubt, length, self.tolerance)

    def least(self, largest: float) -> Numbers:
        """What each layer's derivatives (L,) are measured by at least, given the network's largest one."""
        amplified = self.objective.amplified(self._here())
        return np.maximum(SMALL * largest * amplified, self.nearly_nothing())

    def nearly_nothing(self) -> float:
        """A derivative whose share in the objective is rounding."""
        return SMALLEST * max(1.0, abs(self.definition()))

    def penalty(self) -> float:
        return float(np.sum(self.objective.penalty(self._here())))

    def definition(self) -> float:
        """The objective as formulas have it."""
        return float(np.sum(self.objective(self._here())))

    def _here(self) -> Tensors:
        return views(self.problem.point[None], self.problem.layout)


def second_look(
    analytic: Numbers,
    difference: Numbers,
    crossed: Flags,
    rounding: Numbers,
    finer: Callable[[Index], tuple[Numbers, Numbers]],
) -> tuple[Numbers, Flags, Numbers]:
    """Differences (n,) again with a smaller h where they are far from the gradient; and the doubt in them.

    Where the objective is strongly curved two differences differ, and by so much each may err; from a wrong
    gradient both are equally far. `finer` measures at some of the n places, and gives the rounding there.
    """
    far = np.flatnonzero((difference_error(analytic, difference, rounding) > LOOK) & ~crossed)
    doubt = rounding.copy()
    if len(far):
        nearer, coarser = finer(far)
        doubt[far] = coarser + np.abs(nearer - difference[far])
        difference[far] = nearer
    return difference, crossed, doubt


def directions(place: ParameterLayout, generator: np.random.Generator) -> Numbers:
    """Directions (T, P) of length 1 that move every parameter, none of them hardly at all."""
    moves = np.zeros((DIRECTIONS, place.size))
    for slot in place.slots:
        moves[:, slot.start : slot.start + slot.size] = steady(generator, (DIRECTIONS, slot.size))
    moves /= np.linalg.norm(moves, axis=1, keepdims=True)
    return moves


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
    forward = len(problem.rows) * problem.architecture.parameters
    return max(FEWEST, AFFORDABLE // (3 * forward * len(problem.layout.slots)))
