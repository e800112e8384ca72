"""What wrong derivatives look like beside right ones: a factor, a transposed block, the sign of a penalty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.checks.comparison import Compared
from nettrain.checks.problem import Numbers

ALIKE = 1e-6  # of the larger one: how near numbers must be to be the same
COMMON = [  # factors that get lost anywhere
    (-1.0, "the sign is wrong"),
    (2.0, "a 2 too many, as of a square"),
    (0.5, "a 2 is missing, as of a square"),
]


@dataclass(frozen=True, eq=False)
class Suspect:
    """A wrong tensor and all that may explain it.

    `whole` is all of its gradient and `at` the numbers themselves, each (size,) as they lie. `factors` are
    numbers that get lost, with what that means; `others` the other tensors by name; `penalties` by name the
    strength that they should have.
    """

    tensor: Compared
    whole: Numbers
    at: Numbers
    factors: Sequence[tuple[float, str]] = ()
    others: Mapping[str, Compared] | None = None
    penalties: Mapping[str, float] | None = None

    @property
    def seen(self) -> Numbers:
        """The wrong derivatives that were not skipped."""
        return self.tensor.analytic[~self.tensor.crossed]

    @property
    def true(self) -> Numbers:
        return self.tensor.dual[~self.tensor.crossed]

    @property
    def values(self) -> Numbers:
        """The numbers themselves where derivatives were compared."""
        return self.at[self.tensor.places][~self.tensor.crossed]


def form(suspect: Suspect) -> str:
    """The first form that fits, as the end of a sentence; "" when none does."""
    return next((what for look in FORMS if (what := look(suspect))), "")


def alike(one: Numbers, other: Numbers) -> bool:
    """Whether two arrays are the same but for rounding."""
    return bool(np.abs(one - other).max(initial=0.0) <= ALIKE * np.abs(other).max(initial=0.0))


def multiple(one: Numbers, other: Numbers) -> float | None:
    """c where one = c·other, or None."""
    size = float(other @ other)
    c = float(one @ other) / size if size else 0.0
    return c if c and alike(one, c * other) else None


def nothing(suspect: Suspect) -> str:
    """All zeros."""
    return "" if suspect.seen.any() else "has no gradient: nothing writes it, or what should reach it is 0"


def factor(suspect: Suspect) -> str:
    """A multiple of the right gradient, and what number that is."""
    c = multiple(suspect.seen, suspect.true) if len(suspect.true) > 1 else None
    if c is None:
        return ""
    meant = [why for value, why in [*COMMON, *suspect.factors] if abs(c - value) < ALIKE * abs(value)]
    return f"is {c:.6g} times what it should be" + (f": {meant[0]}" if meant else "")


def transposed(suspect: Suspect) -> str:
    """The right numbers in transposed order."""
    shape = suspect.tensor.slot.shape
    if len(shape) != 2 or 1 in shape:
        return ""
    m, n = shape
    rows, columns = np.divmod(suspect.tensor.places, n)
    return "is transposed" if alike(suspect.whole[columns * m + rows], suspect.tensor.dual) else ""


def another(suspect: Suspect) -> str:
    """The gradient of another tensor of the same size."""
    for name, other in (suspect.others or {}).items():
        same = len(other.dual) == len(suspect.tensor.dual) > 1 and other.slot.size == len(suspect.whole)
        if same and alike(suspect.tensor.analytic, other.dual):
            return f"has the gradient of the {name}"
    return ""


def moved(suspect: Suspect) -> str:
    """The right numbers one place further on."""
    inner = (suspect.tensor.places > 0) & (suspect.tensor.places < len(suspect.whole) - 1)
    true = suspect.tensor.dual[inner]
    for by, side in ((1, "before"), (-1, "behind")):
        if len(true) > 1 and alike(np.roll(suspect.whole, by)[suspect.tensor.places][inner], true):
            return f"lies one place {side} where it should: its view starts at a wrong number"
    return ""


def penalised(suspect: Suspect) -> str:
    """The right numbers and a penalty's gradient too much or too little."""
    rest, w = suspect.seen - suspect.true, suspect.values
    for name, strength in (suspect.penalties or {}).items():
        c = multiple(rest, w if name == "l2" else np.sign(w)) if len(w) > 1 else None
        if c is not None and strength and abs(c + strength) < ALIKE * strength:
            return f"lacks the {name} penalty"
        if c is not None:
            return f"has an {name} penalty of {c:.6g} too much"
    return ""


def summed(suspect: Suspect) -> str:
    """Everywhere the same number."""
    seen, true = suspect.seen, suspect.true
    same = len(seen) > 1 and alike(seen, np.full_like(seen, seen[0]))
    return "has one number everywhere, as if summed over its units" if same and not alike(true, seen) else ""


FORMS: list[Callable[[Suspect], str]] = [nothing, factor, transposed, another, moved, penalised, summed]
