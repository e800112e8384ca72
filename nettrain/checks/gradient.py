"""The gradient check of one problem: which coordinates and directions are compared, by which methods."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.backpropagation import step_gradient
from nettrain.checks.comparison import (
    MIN_SHARE_OF_NETWORK,
    MIN_SHARE_OF_OBJECTIVE,
    SUSPICIOUS,
    DirectionalComparison,
    GradientComparison,
    TensorComparison,
    difference_error,
)
from nettrain.checks.differences import (
    Differences,
    directional_differences,
    neighbourhood_of,
    partial_differences,
)
from nettrain.checks.forward_mode import directional_derivatives, partial_derivatives
from nettrain.checks.objective import Objective, Tensors
from nettrain.checks.options import CheckOptions
from nettrain.checks.problem import GradientProblem
from nettrain.model.parameters import ParameterLayout, Slot, views
from nettrain.training.rows.batches import Index

DIRECTIONS = 3
AFFORDABLE = 10**11  # multiplications that a check may take by default
REFINEMENT = 16.0  # by which h is divided to remeasure a difference
MIN_SAMPLES = 20  # coordinates of a tensor in any case


def check(problem: GradientProblem, options: CheckOptions | None = None) -> GradientComparison:
    """Compare the gradient that training uses with central differences and dual numbers."""
    options = options or CheckOptions()
    generator = np.random.default_rng(options.seed)
    samples = affordable_samples(problem) if options.samples is None else options.samples
    coordinates = [sampled_coordinates(slot, samples, generator) for slot in problem.layout.slots]
    directions = random_directions(problem.layout, generator)
    with np.errstate(over="ignore", invalid="ignore"):  # of a network whose numbers overflow
        check = _Check(problem, max(1, sum(map(len, coordinates))), options)
        return GradientComparison(
            check.tensors(coordinates),
            check.along(directions),
            check.step_gradient.gradient,
            check.step_gradient.loss + check.penalty(),
            check.definition,
        )


class _Check:
    """One problem with its gradient, its objective by definition, and pairs of points around it."""

    def __init__(self, problem: GradientProblem, pairs: int, options: CheckOptions) -> None:
        self.problem, self.options = problem, options
        self.neighbourhood, self.step_gradient = neighbourhood_of(problem, pairs), step_gradient(problem)
        self.objective = Objective(problem, self.step_gradient)

    def tensors(self, coordinates: Sequence[Index]) -> list[TensorComparison]:
        """These flat coordinates of each tensor, by all methods."""
        slots = self.problem.layout.slots
        flat = [slot.start + some for slot, some in zip(slots, coordinates, strict=True)]
        differences = self._partial_differences(np.concatenate(flat)).split([len(some) for some in flat])
        duals = [
            partial_derivatives(self.problem, self.objective, slot, some)
            for slot, some in zip(slots, coordinates, strict=True)
        ]
        min_scales = self.min_scales(max(float(np.abs(dual).max(initial=0.0)) for dual in duals))
        return [
            TensorComparison(
                slot,
                some,
                self.step_gradient.gradient[slot.start + some],
                difference.values,
                dual,
                difference.crosses_kink,
                difference.uncertainty,
                float(min_scales[slot.layer]),
                self.options.tolerance,
            )
            for slot, some, difference, dual in zip(slots, coordinates, differences, duals, strict=True)
        ]

    def _partial_differences(self, flat: Index) -> Differences:
        """Those in coordinates (n,) of the point's row, refined."""
        h, around = self.options.step, self.neighbourhood
        return refined(
            partial_differences(around, flat, h),
            self.step_gradient.gradient[flat],
            lambda which: partial_differences(around, flat[which], h / REFINEMENT),
        )

    def along(self, directions: Floats) -> DirectionalComparison:
        """The derivatives along directions (T, P) of length 1, by all methods."""
        h = self.options.step * max(1.0, float(np.abs(self.problem.point).max()))
        analytic, around = directions @ self.step_gradient.gradient, self.neighbourhood
        differences = refined(
            directional_differences(around, directions, h),
            analytic,
            lambda which: directional_differences(around, directions[which], h / REFINEMENT),
        )
        return DirectionalComparison(
            analytic,
            differences.values,
            directional_derivatives(self.problem, self.objective, directions),
            differences.crosses_kink,
            differences.on_kink,
            differences.uncertainty,
            max(float(np.linalg.norm(self.step_gradient.gradient)), self.min_derivative),
            self.options.tolerance,
        )

    def min_scales(self, largest: float) -> Floats:
        """The smallest scale of each layer's derivatives (L,), given the network's largest derivative."""
        amplified = self.objective.amplification(self._tensors)
        return np.maximum(MIN_SHARE_OF_NETWORK * largest * amplified, self.min_derivative)

    @property
    def min_derivative(self) -> float:
        """A derivative so small that its effect on the objective is rounding."""
        return MIN_SHARE_OF_OBJECTIVE * max(1.0, abs(self.definition))

    @cached_property
    def definition(self) -> float:
        """The objective as its formulas define it."""
        return float(np.sum(self.objective(self._tensors)))

    def penalty(self) -> float:
        return float(np.sum(self.objective.penalty(self._tensors)))

    @property
    def _tensors(self) -> Tensors:
        return views(self.problem.point[None], self.problem.layout)


D = TypeVar("D", bound=Differences)


def refined(differences: D, analytic: Floats, remeasure: Callable[[Index], Differences]) -> D:
    """The differences, those far from the gradient (n,) measured again with a smaller h.

    Where the objective is strongly curved, two differences differ by about their truncation error, which is
    added to their uncertainty; a wrong gradient is equally far from both. `remeasure` takes the positions of
    some of the n.
    """
    errors = difference_error(analytic, differences.values, differences.uncertainty)
    far = np.flatnonzero((errors > SUSPICIOUS) & ~differences.crosses_kink)
    if not len(far):
        return differences
    values, uncertainty = differences.values.copy(), differences.uncertainty.copy()
    finer = remeasure(far)
    uncertainty[far] = finer.uncertainty + np.abs(finer.values - values[far])
    values[far] = finer.values
    return replace(differences, values=values, uncertainty=uncertainty)


def random_directions(layout: ParameterLayout, generator: np.random.Generator) -> Floats:
    """Directions (T, P) of length 1 along which every parameter moves by a similar amount."""
    directions = np.zeros((DIRECTIONS, layout.size))
    for slot in layout.slots:
        components = random_components(generator, (DIRECTIONS, slot.size))
        directions[:, slot.start : slot.start + slot.size] = components
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions


def random_components(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Numbers of either sign whose magnitude is between ½ and 1½, so that none is tiny."""
    sign = np.where(generator.random(shape) < 0.5, -1.0, 1.0)
    components: Floats = sign * (0.5 + generator.random(shape))
    return components


def sampled_coordinates(slot: Slot, samples: int, generator: np.random.Generator) -> Index:
    """So many flat coordinates of a tensor in ascending order; all of them when there are no more."""
    if samples >= slot.size:
        return np.arange(slot.size)
    return np.sort(generator.choice(slot.size, samples, replace=False))


def affordable_samples(problem: GradientProblem) -> int:
    """Coordinates of each tensor that AFFORDABLE multiplications allow: all of a small network."""
    forward = len(problem.rows) * problem.architecture.parameters
    return max(MIN_SAMPLES, AFFORDABLE // (3 * forward * len(problem.layout.slots)))
