"""What an optimizer is, and what the passes of all families share.

Conventions, with R members of P parameters each: w, g (R, P) are parameters and gradient, state (R, S, P)
the rule's arrays, named by `slots()` and zero at the start. c (R, G, 1 + K) holds, for each of G groups of
parameters, αλ of the decoupled decay and then the values of `coefficients`, which are computed on the host in
float64 for steps t from 1 and rounded to the run's dtype.

A pass goes through blocks (T, 4) of parameters: member, first, last + 1 and group; l2 (R, G) is a
member's penalty on each group. One pass adds the penalty to the gradient, updates the state, takes the step
and decays the old w. Kernels slice arrays by block and count from 0: only then does the compiler see that no
index is negative, and makes vector code. Moments that decay below the smallest normal number become 0, since
arithmetic on denormals is 10 to 20 times slower.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, TypeAdapter, WrapValidator

from nettrain.backend.base import Array, Floats
from nettrain.backend.kernel import Kernel, inline
from nettrain.catalogue.optimizers.groups import ParameterGroups
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Number, expects, number, option

optimizers: Registry["Optimizer"] = Registry("optimizer")

Positive = Annotated[float, Field(gt=0)]
_positive = TypeAdapter(
    Positive, config=ConfigDict(strict=True, allow_inf_nan=False, defer_build=True)
)  # errors of a number say what is wrong with it, those of a union would name all forms


def _number_or_word(value: object, inner: Callable[[object], object]) -> object:
    return inner(value) if isinstance(value, str) else _positive.validate_python(value)


LearningRate = Annotated[
    Positive | Literal["auto"], expects("a number, or auto"), WrapValidator(_number_or_word)
]
RATE = "step size α; auto: what lr-find suggests"
DECAYS = 1  # columns of c before those of the rule


class Optimizer(Variant):
    """An update rule; `momentum_field` names the number that momentum schedules and cycles move."""

    momentum_field: ClassVar[str | None] = None
    full_batch: ClassVar[bool] = False  # one step per epoch, on all rows at once, see training.step.lbfgs

    def slots(self) -> tuple[str, ...]:
        """Names of its arrays of state."""
        return ()

    def coefficients(self, rate: Floats, t: Floats) -> list[Number]:
        """What the pass needs at steps t (T,) with these rates (R, T): K values that broadcast to (R, T)."""
        raise NotImplementedError

    def step(self) -> Kernel:
        """The pass `step(w, g, state, c, l2, blocks)`; with a look-ahead, `step(w, ahead, g, …)`."""
        raise NotImplementedError

    def ahead(self) -> Kernel | None:
        """The pass `look_ahead(w, ahead, state, c, blocks)`, if the gradient is taken ahead of w.

        Then c holds the values of the next step behind those of this one, and `step` leaves the next
        step's point in `ahead`: only the first step of an epoch needs this pass.
        """
        return None


class Rule(Optimizer):
    """An update rule with a step size."""

    learning_rate: LearningRate = number(0.01, RATE)
    groups: ParameterGroups | None = option(
        None, "factors on rate, decay and penalties by group of parameters"
    )


@inline
def flushed(x: Array) -> Array:
    """x, or 0 where x is smaller than any normal number of its type; NaN stays NaN."""
    tiny = np.finfo(type(x)).tiny
    return type(x)(0) if abs(x) < tiny else x


def unbiased(beta: Number, t: Floats) -> Floats:
    """1 - βᵗ, the weight that a running mean started at 0 has gathered after t steps.

    Through logarithms, not np.power: its shortcut for squares would make the bits depend on R.
    """
    with np.errstate(divide="ignore"):
        return -np.expm1(t * np.log(beta))


def blocks(members: int, ranges: Sequence[tuple[int, int, int]], most: int) -> npt.NDArray[np.int64]:
    """What a pass over w (R, P) goes through, so many parameters at a time at most.

    `ranges` are first, last + 1 and group of the parts of a row.
    """
    table = [
        (r, first, min(first + most, stop), group)
        for r in range(members)
        for start, stop, group in ranges
        for first in range(start, stop, most)
    ]
    return np.array(table, dtype=np.int64).reshape(-1, 4)
