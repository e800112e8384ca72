"""How wrong derivatives differ from right ones: by a factor, transposed, by a penalty, and so on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.comparison import TensorComparison

CLOSE = 1e-6  # of the larger one: by how much numbers may differ that count as equal
COMMON_FACTORS = [
    (-1.0, "the sign is wrong"),
    (2.0, "a factor 2 is too many, as from a square"),
    (0.5, "a factor 2 is missing, as from a square"),
]


@dataclass(frozen=True, eq=False)
class WrongTensor:
    """A tensor with wrong derivatives, and what may explain them.

    `gradient` and `values` are all of its gradient and of its numbers, flat (size,). `factors` are those that
    get lost or doubled in this network, with what that means; `others` are the other tensors by name;
    `penalties` the strengths by name that it should have.
    """

    comparison: TensorComparison
    gradient: Floats
    values: Floats
    factors: Sequence[tuple[float, str]] = ()
    others: Mapping[str, TensorComparison] = field(default_factory=dict)
    penalties: Mapping[str, float] = field(default_factory=dict)

    @property
    def computed(self) -> Floats:
        """The derivatives by backpropagation that were not skipped."""
        return self.comparison.analytic[~self.comparison.crosses_kink]

    @property
    def right(self) -> Floats:
        """The same derivatives by dual numbers."""
        return self.comparison.dual[~self.comparison.crosses_kink]

    @property
    def compared_values(self) -> Floats:
        """The numbers by which these are derivatives."""
        return self.values[self.comparison.coordinates][~self.comparison.crosses_kink]


def describe(tensor: WrongTensor) -> str:
    """The first pattern that fits, as the end of a sentence; "" when none does."""
    return next((text for pattern in PATTERNS if (text := pattern(tensor))), "")


def close(a: Floats, b: Floats) -> bool:
    """Whether two arrays are equal up to rounding."""
    return bool(np.abs(a - b).max(initial=0.0) <= CLOSE * np.abs(b).max(initial=0.0))


def multiple(a: Floats, b: Floats) -> float | None:
    """c where a = c·b, or None."""
    square = float(b @ b)
    c = float(a @ b) / square if square else 0.0
    return c if c and close(a, c * b) else None


def zero(tensor: WrongTensor) -> str:
    """All zeros."""
    return "" if tensor.computed.any() else "is 0 everywhere: nothing writes it, or what should reach it is 0"


def scaled(tensor: WrongTensor) -> str:
    """A multiple of the right gradient, and what that factor is."""
    c = multiple(tensor.computed, tensor.right) if len(tensor.right) > 1 else None
    if c is None:
        return ""
    factors = [*COMMON_FACTORS, *tensor.factors]
    meanings = [meaning for value, meaning in factors if abs(c - value) < CLOSE * abs(value)]
    return f"is {c:.6g} times what it should be" + (f": {meanings[0]}" if meanings else "")


def transposed(tensor: WrongTensor) -> str:
    """The right numbers in transposed order."""
    shape = tensor.comparison.slot.shape
    if len(shape) != 2 or 1 in shape:
        return ""
    m, n = shape
    rows, columns = np.divmod(tensor.comparison.coordinates, n)
    return "is transposed" if close(tensor.gradient[columns * m + rows], tensor.comparison.dual) else ""


def other_tensor(tensor: WrongTensor) -> str:
    """The gradient of another tensor of the same size."""
    size, comparison = len(tensor.gradient), tensor.comparison
    for name, other in tensor.others.items():
        same_size = len(other.dual) == len(comparison.dual) > 1 and other.slot.size == size
        if same_size and close(comparison.analytic, other.dual):
            return f"has the gradient of the {name}"
    return ""


def shifted(tensor: WrongTensor) -> str:
    """The right numbers one element off."""
    coordinates, dual = tensor.comparison.coordinates, tensor.comparison.dual
    inner = (coordinates > 0) & (coordinates < len(tensor.gradient) - 1)
    for by, side in ((1, "early"), (-1, "late")):
        moved = np.roll(tensor.gradient, by)[coordinates][inner]
        if len(moved) > 1 and close(moved, dual[inner]):
            return f"is one element too {side}: its view starts at a wrong offset"
    return ""


def penalised(tensor: WrongTensor) -> str:
    """The right numbers plus or minus the gradient of a penalty."""
    rest, w = tensor.computed - tensor.right, tensor.compared_values
    for name, strength in tensor.penalties.items():
        c = multiple(rest, w if name == "l2" else np.sign(w)) if len(w) > 1 else None
        if c is not None and strength and abs(c + strength) < CLOSE * strength:
            return f"lacks the {name} penalty"
        if c is not None:
            return f"has an {name} penalty of {c:.6g} too much"
    return ""


def constant(tensor: WrongTensor) -> str:
    """The same number everywhere."""
    computed, right = tensor.computed, tensor.right
    same = len(computed) > 1 and close(computed, np.full_like(computed, computed[0]))
    wrong = same and not close(right, computed)
    return "has the same value everywhere, as if summed over its units" if wrong else ""


PATTERNS: list[Callable[[WrongTensor], str]] = [
    zero,
    scaled,
    transposed,
    other_tensor,
    shifted,
    penalised,
    constant,
]
