"""Backpropagation beside differences and dual numbers: errors, bands, and a verdict for every tensor.

The error of a difference n of a gradient a is max(0, |a-n| - u) / max(|a|, |n|), and 0 where both are below
u, the uncertainty of the difference: its rounding error, and its truncation error where that was estimated.
The error of a dual number d is |a-d| / s, where the scale s is the tensor's max |d|, or `min_scale` where
that is more. Where all terms cancel, as in a bias before a batch norm, the derivative is nothing but
rounding: `min_scale` is as much as the network's other derivatives, the norms behind the tensor and the
objective make of it. Dual numbers decide, differences confirm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from nettrain.backend.base import Flags, Floats
from nettrain.model.parameters import Slot
from nettrain.training.rows.batches import Index

Verdict = Literal["good", "look", "wrong", "skipped", "unchecked"]

TOLERANCE = 1e-10  # for dual numbers, as a share of the tensor's largest derivative
SUSPICIOUS, WRONG = 1e-4, 1e-2  # errors of a difference: from which on it is remeasured, or an error
MIN_SHARE_OF_NETWORK = 1e-4  # of the network's largest derivative: the smallest scale of a tensor
MIN_SHARE_OF_OBJECTIVE = 1e-5  # of max(1, |J|): likewise, in networks that hardly have any derivative
TRUNCATION = 1e-6  # of the tensor's largest derivative: truncation error that a difference may have
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class TensorComparison:
    """Some coordinates of one tensor: analytic, difference and dual derivatives, each (n,).

    `coordinates` are flat positions in the tensor, `crosses_kink` says where the interval w ± h crosses a
    kink, `uncertainty` how far a difference may be from the derivative.
    """

    slot: Slot
    coordinates: Index
    analytic: Floats
    difference: Floats
    dual: Floats
    crosses_kink: Flags
    uncertainty: Floats
    min_scale: float
    tolerance: float = TOLERANCE

    @property
    def layer(self) -> int:
        return self.slot.layer

    @property
    def name(self) -> str:
        return self.slot.name

    @property
    def checked(self) -> int:
        """Coordinates that are not skipped."""
        return int((~self.crosses_kink).sum())

    @property
    def skipped(self) -> int:
        return int(self.crosses_kink.sum())

    @cached_property
    def scale(self) -> float:
        """What errors are relative to: the tensor's largest derivative, but at least `min_scale`."""
        return max(float(np.abs(self.dual).max(initial=0.0)), self.min_scale)

    @cached_property
    def dual_errors(self) -> Floats:
        """(n,), 0 where skipped."""
        return self._unless_skipped(np.abs(self.analytic - self.dual) / max(self.scale, TINY))

    @cached_property
    def difference_errors(self) -> Floats:
        """(n,), 0 where skipped."""
        return self._unless_skipped(difference_error(self.analytic, self.difference, self.uncertainty))

    @cached_property
    def wrong(self) -> Flags:
        """Which derivatives (n,) are wrong: by dual numbers, or by far more than a truncation error."""
        excess = self._unless_skipped(np.abs(self.analytic - self.difference) - self.uncertainty)
        by_difference = (excess > TRUNCATION * self.scale) & (self.difference_errors > WRONG)
        wrong: Flags = by_difference | ~(self.dual_errors <= self.tolerance)
        return wrong

    @property
    def fails(self) -> bool:
        return bool(self.wrong.any())

    @property
    def verdict(self) -> Verdict:
        """`wrong`, `skipped` or `unchecked` when nothing was compared, else by the differences' errors."""
        if self.fails:
            return "wrong"
        if not self.checked:
            return "skipped" if self.skipped else "unchecked"
        return "good" if self.difference_errors.max() <= SUSPICIOUS else "look"

    @property
    def worst(self) -> int:
        """Which of the n has the largest error: by dual numbers if these find one, else by differences."""
        decisive = self.dual_errors if (self.dual_errors > self.tolerance).any() else self.difference_errors
        errors = decisive if decisive.any() else self.dual_errors
        return int(np.where(np.isnan(errors), np.inf, errors).argmax())

    def index(self, k: int) -> tuple[int, ...]:
        """The index of the k-th coordinate in the tensor."""
        return tuple(map(int, np.unravel_index(self.coordinates[k], shape(self.slot))))

    def _unless_skipped(self, errors: Floats) -> Floats:
        return np.where(self.crosses_kink, 0.0, errors)


def shape(slot: Slot) -> tuple[int, ...]:
    """A tensor's shape as people write it: a bias is (n,)."""
    return slot.shape[1:] if slot.shape[0] == 1 and slot.group != "weight" else slot.shape


def difference_error(analytic: Floats, difference: Floats, uncertainty: Floats | float) -> Floats:
    """max(0, |a-n| - u) / max(|a|, |n|), and 0 where both are below u: each (n,)."""
    larger = np.maximum(np.abs(analytic), np.abs(difference))
    excess = np.maximum(0.0, np.abs(analytic - difference) - uncertainty)
    with np.errstate(invalid="ignore"):  # of infinities becomes NaN, which is an error too
        relative: Floats = excess / np.maximum(larger, TINY)
    return np.where(larger <= uncertainty, 0.0, relative)


@dataclass(frozen=True, eq=False)
class DirectionalComparison:
    """The derivative along some directions of all parameters at once, by all three methods: each (T,).

    `crosses_kink` says where the interval crosses a kink, `on_kink` where the point itself lies on one.
    """

    analytic: Floats
    difference: Floats
    dual: Floats
    crosses_kink: Flags
    on_kink: Flags
    uncertainty: Floats
    scale: float  # what errors are relative to: the norm of the gradient, or a smallest derivative
    tolerance: float = TOLERANCE

    @property
    def dual_error(self) -> float | None:
        """The largest |a-d| relative to the scale, None where the point lies on kinks."""
        apart = np.abs(self.analytic - self.dual)[~self.on_kink]
        return float(apart.max() / max(self.scale, TINY)) if len(apart) else None

    @property
    def difference_error(self) -> float | None:
        """The largest error of a difference, None when every one crosses a kink."""
        errors = self._difference_errors()[~self.crosses_kink]
        return float(errors.max()) if len(errors) else None

    @property
    def fails(self) -> bool:
        if not np.isfinite(self.analytic).all():
            return True
        excess = np.abs(self.analytic - self.difference) - self.uncertainty
        large = (excess > TRUNCATION * self.scale) & (self._difference_errors() > WRONG)
        return (self.dual_error or 0.0) > self.tolerance or bool((large & ~self.crosses_kink).any())

    def _difference_errors(self) -> Floats:
        return difference_error(self.analytic, self.difference, self.uncertainty)


@dataclass(frozen=True, eq=False)
class GradientComparison:
    """The whole comparison: the tensors, the directions, and the objective by either definition."""

    tensors: Sequence[TensorComparison]
    directional: DirectionalComparison
    gradient: Floats  # all of it (P,), as training uses it
    objective: float  # as training computes it
    definition: float  # as its formulas define it

    @property
    def objective_fails(self) -> bool:
        apart = abs(self.objective - self.definition)
        return not apart <= 1e-12 * max(1.0, abs(self.definition))

    @property
    def empty(self) -> bool:
        """Whether nothing was compared, because the point lies on kinks."""
        return self.directional.dual_error is None and not any(tensor.checked for tensor in self.tensors)

    @property
    def failing(self) -> list[TensorComparison]:
        return [tensor for tensor in self.tensors if tensor.fails]

    @property
    def fails(self) -> bool:
        return bool(self.failing) or self.directional.fails or self.objective_fails
