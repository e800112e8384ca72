"""What to look at when a gradient is wrong: where on the way back it begins, and what the numbers look like.

Backpropagation goes from the output down. All that it has computed before the first wrong tensor is right, so
the mistake lies between the two; and often the wrong numbers still show what was done to the right ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nettrain.checks.comparison import Compared, Comparison
from nettrain.checks.problem import Numbers, Problem

ALIKE = 1e-6  # of the larger one: how near numbers must be to be the same
INSIDE = ("weight", "bias")  # what a layer computes last on the way back


@dataclass(frozen=True, eq=False)
class Suspect:
    """The first wrong tensor on the way back, and all that may explain it.

    `whole` is its gradient as training has it (m·n,), `at` its numbers.
    """

    problem: Problem
    comparison: Comparison
    tensor: Compared
    whole: Numbers
    at: Numbers

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


def diagnosis(problem: Problem, comparison: Comparison) -> list[str]:
    """Sentences that say where to look; none when all is right."""
    sentences = []
    if comparison.objective_fails:
        sentences.append(
            f"the objective itself differs, training computes {comparison.objective:.10g} and its definition"
            f" gives {comparison.definition:.10g}: look at the forward pass and the loss first"
        )
    if comparison.failing:
        first = min(comparison.failing, key=way_back)
        slot = first.slot
        part = slice(slot.start, slot.start + slot.size)
        suspect = Suspect(problem, comparison, first, comparison.gradient[part], problem.point[part])
        sentences += [place(suspect), *form(suspect)]
    elif comparison.directional.fails:
        sentences.append(
            "all numbers that were compared are right, but a derivative along a direction of all is not:"
            " compare more of them with --all"
        )
    return sentences


def way_back(tensor: Compared) -> tuple[int, bool]:
    """Sorts tensors as backpropagation meets them: from the output down, a layer's weight and bias last."""
    return (-tensor.layer, tensor.name in INSIDE)


def layer_name(problem: Problem, layer: int) -> str:
    """`hidden 1`, …, `output`."""
    return "output" if layer == len(problem.plan.layers) - 1 else f"hidden {layer + 1}"


def place(suspect: Suspect) -> str:
    """Which tensors are wrong, and what stands between them and the right ones."""
    tensor, problem, comparison = suspect.tensor, suspect.problem, suspect.comparison
    failing, name = comparison.failing, layer_name(problem, tensor.layer)
    only = {other.name for other in failing}
    below = [other for other in comparison.tensors if way_back(other) >= way_back(tensor) and other.checked]
    if len(failing) == 1:
        return f"only {tensor.name} of {name} is wrong: look at what writes this tensor's gradient"
    if len(only) == 1 and len(failing) < len(below):
        return f"only tensors called {tensor.name} are wrong: look at what writes them, delta itself is right"
    if len({other.layer for other in failing}) == 1:
        return (
            f"only {name} is wrong, what lies below it is right: look at what writes this layer's gradients"
        )
    return f"wrong from {name} down: look at {between(suspect)}"


def between(suspect: Suspect) -> str:
    """What delta has passed since the last right tensor."""
    problem, tensor = suspect.problem, suspect.tensor
    k, layers = tensor.layer, problem.plan.layers
    layer, last = layers[k], k == len(layers) - 1
    if tensor.name in INSIDE and layer.batch_norm is not None:
        return "the way back through its batch_norm, whose gain and shift are right"
    origin = f"delta of {problem.loss.name}" if last else f"delta @ Wᵀ of {layer_name(problem, k + 1)}"
    parts = [] if layer.activation.identity else [f"the derivative of {layer.activation.name}"]
    parts += ["the dropout mask"] * bool(layer.dropout)
    return ", ".join([*parts, origin]) if parts else origin


def form(suspect: Suspect) -> list[str]:
    """What the wrong numbers look like: one sentence, or none."""
    for look in FORMS:
        what = look(suspect)
        if what:
            return [f"{suspect.tensor.name} of {layer_name(suspect.problem, suspect.tensor.layer)} {what}"]
    return []


def alike(one: Numbers, other: Numbers) -> bool:
    """Whether two arrays are the same but for rounding, and not just nothing."""
    apart, size = np.abs(one - other).max(initial=0.0), np.abs(other).max(initial=0.0)
    return bool(apart <= ALIKE * size)


def share(one: Numbers, other: Numbers) -> float | None:
    """c where one = c·other, or None."""
    size = float(other @ other)
    c = float(one @ other) / size if size else 0.0
    return c if c and alike(one, c * other) else None


def nothing(suspect: Suspect) -> str | None:
    """All zeros."""
    return None if suspect.seen.any() else "has no gradient at all: nothing writes it, or delta is 0 there"


def factor(suspect: Suspect) -> str | None:
    """A multiple of the right gradient, and what number that is."""
    c = share(suspect.seen, suspect.true)
    if c is None:
        return None
    for name, value in known_factors(suspect):
        if abs(c - value) < ALIKE * abs(value):
            return f"is {c:.6g} times what it should be: {name}"
    return f"is {c:.6g} times what it should be"


def known_factors(suspect: Suspect) -> list[tuple[str, float]]:
    """Numbers that get lost, and what they are."""
    problem = suspect.problem
    rows, outputs = float(len(problem.rows)), float(problem.plan.outputs)
    weight = float(problem.data.train.weight[problem.rows].sum())
    found = [
        ("the sign", -1.0),
        ("the number of rows in the batch, so the mean over them is missing", rows),
        ("one by the number of rows, so they are averaged twice", 1 / rows),
        ("the sum of the rows' weights, so the mean over them is missing", weight),
        ("the number of outputs, so the mean over them is missing", outputs),
        ("one by the number of outputs, so they are averaged and should be summed", 1 / outputs),
        ("the 2 of a square's derivative is one too many", 2.0),
        ("the 2 of a square's derivative is missing", 0.5),
    ]
    for layer in problem.plan.layers:
        kept = 1 - layer.dropout
        if 0 < kept < 1:
            found.append(("the share of units that dropout keeps, so its mask is not scaled", kept))
            found.append(
                ("one by the share of units that dropout keeps, so its mask is scaled twice", 1 / kept)
            )
    return found


def transposed(suspect: Suspect) -> str | None:
    """The right numbers in transposed order."""
    m, n = suspect.tensor.slot.shape
    rows, columns = np.divmod(suspect.tensor.places, n)
    if m == 1 or n == 1 or not alike(suspect.whole[columns * m + rows], suspect.tensor.dual):
        return None
    return "is transposed: the product should be a_prevᵀ @ delta"


def moved(suspect: Suspect) -> str | None:
    """The right numbers some places further on."""
    for by in (1, -1):
        shifted = np.roll(suspect.whole, by)[suspect.tensor.places]
        if len(shifted) > 2 and alike(shifted[1:-1], suspect.tensor.dual[1:-1]):
            side = "before" if by == 1 else "behind"
            return f"lies one place {side} its own: its view starts at a wrong number"
    return None


def of_another(suspect: Suspect) -> str | None:
    """The gradient of another tensor."""
    for other in suspect.comparison.tensors:
        same = other is not suspect.tensor and len(other.dual) == len(suspect.tensor.dual) > 1
        if same and alike(suspect.tensor.analytic, other.dual):
            return f"has the gradient of {other.name} of {layer_name(suspect.problem, other.layer)}"
    return None


def summed(suspect: Suspect) -> str | None:
    """Everywhere the same number, which is the sum of all."""
    seen = suspect.seen
    if len(seen) > 1 and alike(seen, np.full_like(seen, seen[0])) and not alike(suspect.true, seen):
        return "has one number everywhere: it is summed over units"
    return None


def penalised(suspect: Suspect) -> str | None:
    """The right numbers and a penalty's gradient too much or too little."""
    rest, w = suspect.seen - suspect.true, suspect.values
    for name, direction in (("l2", w), ("l1", np.sign(w))):
        c = share(rest, direction) if len(w) > 1 else None
        if c is not None:
            strength = float(getattr(suspect.problem.experiment.regularization, name, 0.0) or 0.0)
            missing = strength and abs(c + strength) < ALIKE * strength
            return f"lacks the {name} penalty" if missing else f"has {c:.6g} times an {name} penalty too much"
    return None


FORMS: list[Callable[[Suspect], str | None]] = [
    nothing,
    factor,
    transposed,
    of_another,
    moved,
    penalised,
    summed,
]
