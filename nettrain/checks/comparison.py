"""Backpropagation beside the two other methods: errors, bands, and a verdict for every tensor.

The error of a difference n of a gradient a is max(0, |a-n| - doubt) / max(|a|, |n|), 0 where both are below
the doubt: what rounding may do to it, and curvature where it shows. The error of a dual number's d is
|a-d| / max |d| of the tensor, or beside `least` where that is more. Where all terms cancel, as in a bias
before batch normalisation, rounding is all there is: as much as the network's other derivatives, the batch
norms above and the objective make of it. Dual numbers decide, differences confirm.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nettrain.checks.problem import Numbers
from nettrain.model.parameters import Slot

Flags = npt.NDArray[np.bool_]
Verdict = Literal["good", "look", "wrong", "skipped", "unchecked"]

TOLERANCE = 1e-10  # of the tensor's largest derivative, for dual numbers
GOOD, LOOK, SUSPICIOUS = 1e-7, 1e-4, 1e-2  # bands of the differences' error
SMALL = 1e-4  # of the network's largest derivative: what a tensor's are measured by at least
SMALLEST = 1e-5  # of max(1, |J|): likewise, in networks that hardly have any derivative
TRUNCATION = 1e-6  # of the tensor's largest derivative: what curvature may do to a difference


@dataclass(frozen=True, eq=False)
class Compared:
    """Some numbers of one tensor: analytic, difference and dual derivatives, each (n,).

    `places` are flat positions in the tensor, `crossed` says where w ± h lies across a kink, `doubt` how far
    a difference may be from the derivative.
    """

    slot: Slot
    places: npt.NDArray[np.intp]
    analytic: Numbers
    difference: Numbers
    dual: Numbers
    crossed: Flags
    doubt: Numbers
    least: float  # derivative that errors are measured by
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
        return int((~self.crossed).sum())

    @property
    def skipped(self) -> int:
        return int(self.crossed.sum())

    @cached_property
    def size(self) -> float:
        """What errors are a share of: the tensor's largest derivative, and `least` at least."""
        return max(float(np.abs(self.dual).max(initial=0.0)), self.least)

    @cached_property
    def dual_errors(self) -> Numbers:
        """(n,), 0 where skipped."""
        return self._kept(np.abs(self.analytic - self.dual) / max(self.size, np.finfo(float).tiny))

    @cached_property
    def difference_errors(self) -> Numbers:
        """(n,), 0 where skipped."""
        return self._kept(difference_error(self.analytic, self.difference, self.doubt))

    @cached_property
    def wrong(self) -> Flags:
        """Which numbers (n,) are wrong: by dual numbers, or by a difference that is not just bent."""
        apart = self._kept(np.abs(self.analytic - self.difference) - self.doubt)
        bent = (apart > TRUNCATION * self.size) & (self.difference_errors > SUSPICIOUS)
        wrong: Flags = bent | ~(self.dual_errors <= self.tolerance)
        return wrong

    @property
    def fails(self) -> bool:
        return bool(self.wrong.any())

    @property
    def verdict(self) -> Verdict:
        """`wrong`, `skipped` or `unchecked` when nothing was compared, else by the differences' band."""
        if self.fails:
            return "wrong"
        if not self.checked:
            return "skipped" if self.skipped else "unchecked"
        return "good" if self.difference_errors.max() <= LOOK else "look"

    @property
    def worst(self) -> int:
        """Which of the n has the largest error by the method that decides, or by the other one."""
        decided = self.dual_errors if (self.dual_errors > self.tolerance).any() else self.difference_errors
        errors = decided if decided.any() else self.dual_errors
        return int(np.where(np.isnan(errors), np.inf, errors).argmax())

    def index(self, k: int) -> tuple[int, ...]:
        """The k-th coordinate's place in the tensor."""
        return tuple(map(int, np.unravel_index(self.places[k], shape(self.slot))))

    def _kept(self, errors: Any) -> Numbers:
        kept: Numbers = np.where(self.crossed, 0.0, errors)
        return kept


def shape(slot: Slot) -> tuple[int, ...]:
    """A tensor's shape as people write it: a bias is (n,)."""
    return slot.shape[1:] if slot.shape[0] == 1 and slot.group != "weight" else slot.shape


def difference_error(analytic: Numbers, difference: Numbers, doubt: Any) -> Numbers:
    """max(0, |a-n| - doubt) / max(|a|, |n|), 0 where both are below the doubt."""
    larger = np.maximum(np.abs(analytic), np.abs(difference))
    apart = np.maximum(0.0, np.abs(analytic - difference) - doubt)
    with np.errstate(invalid="ignore"):  # what is infinite becomes NaN, which is an error too
        share: Numbers = apart / np.maximum(larger, np.finfo(float).tiny)
    return np.where(larger <= doubt, 0.0, share)


@dataclass(frozen=True, eq=False)
class Directional:
    """The derivative along some directions of all parameters at once, by all three methods: each (T,).

    `crossed` says where a kink is on the way, `upon` where the point itself lies on one.
    """

    analytic: Numbers
    difference: Numbers
    dual: Numbers
    crossed: Flags
    upon: Flags
    doubt: Numbers
    scale: float  # what errors are measured by: the length of the gradient, or `least`
    tolerance: float = TOLERANCE

    @property
    def dual_error(self) -> float | None:
        """The largest |a-d| as a share of the gradient's length, None where all points lie on kinks."""
        apart = np.abs(self.analytic - self.dual)[~self.upon]
        return float(apart.max() / max(self.scale, np.finfo(float).tiny)) if len(apart) else None

    @property
    def difference_error(self) -> float | None:
        """The largest error of a difference, None when every one crosses a kink."""
        errors = difference_error(self.analytic, self.difference, self.doubt)[~self.crossed]
        return float(errors.max()) if len(errors) else None

    @property
    def fails(self) -> bool:
        if not np.isfinite(self.analytic).all():
            return True
        apart = np.abs(self.analytic - self.difference) - self.doubt
        errors = difference_error(self.analytic, self.difference, self.doubt)
        matters = ~self.crossed & (apart > TRUNCATION * self.scale) & (errors > SUSPICIOUS)
        return (self.dual_error or 0.0) > self.tolerance or bool(matters.any())


@dataclass(frozen=True, eq=False)
class Comparison:
    """All of it: the tensors, the directions, and the objective by either definition."""

    tensors: list[Compared]
    directional: Directional
    gradient: Numbers  # all of it (P,), as training uses it
    objective: float  # as training computes it
    definition: float  # as the formulas have it

    @property
    def objective_fails(self) -> bool:
        apart = abs(self.objective - self.definition)
        return not apart <= 1e-12 * max(1.0, abs(self.definition))

    @property
    def empty(self) -> bool:
        """Whether nothing was compared, since all of it lies at kinks."""
        return self.directional.dual_error is None and not any(tensor.checked for tensor in self.tensors)

    @property
    def failing(self) -> list[Compared]:
        return [tensor for tensor in self.tensors if tensor.fails]

    @property
    def fails(self) -> bool:
        return bool(self.failing) or self.directional.fails or self.objective_fails
