"""A verdict on each layer by its diagnostics: what is ok, worth a look, or wrong.

The ratio of an update to its weights is the rule of thumb of Karpathy's lectures (CS231n, Stanford 2015):
about 1e-3 is healthy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nettrain.backend.base import Floats
from nettrain.model.architecture import OUTPUT
from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics

Grade = Literal["ok", "look", "wrong"]
GRADES: tuple[Grade, ...] = ("ok", "look", "wrong")
HEALTHY_UPDATES = (1e-4, 1e-2)  # ratios of an update to its weights: a factor of 10 around 1e-3
BAD_UPDATES = (1e-6, 1e-1)  # beyond which weights stay where they are, or are thrown about
MANY_FLAT, NEARLY_ALL_FLAT = 0.5, 0.9  # share of saturated activations
MANY_DEAD, NEARLY_ALL_DEAD = 0.5, 0.9  # share of units without a slope for any row
FADED, GONE = 1e-2, 1e-4  # gradient norm relative to that of the layer where it is largest
ARRIVED = 1e-3  # of the largest gradient so far: below, there is nothing left to descend


@dataclass(frozen=True)
class LayerVerdict:
    """A layer's figures, medians over members, with what is not ok about them as (words, grade)."""

    layer: str
    figures: Mapping[str, float]
    findings: tuple[tuple[str, Grade], ...]

    @property
    def grade(self) -> Grade:
        """The worst of its findings."""
        return max((grade for _, grade in self.findings), key=GRADES.index, default="ok")


def layer_verdicts(
    measured: LayerDiagnostics, *, annealed: bool = False, steepest_so_far: float = 0.0
) -> list[LayerVerdict]:
    """The verdict on each layer.

    Small steps are meant where a schedule has lowered the rate (`annealed`), and where the loss is at a
    minimum: the gradients of all layers are next to nothing beside the steepest of the training so far,
    while the output still tells rows apart.
    """
    middle = _medians(measured)
    steepest = steepest_gradient(measured)
    arrived = steepest <= ARRIVED * steepest_so_far and middle["activation_spread"][-1] > 0
    verdicts = []
    for k, name in enumerate(measured.layers):
        figures = {quantity: float(values[k]) for quantity, values in middle.items()}
        hidden, small_meant = name != OUTPUT, annealed or bool(arrived)
        findings = _findings(figures, steepest, hidden=hidden, small_meant=small_meant)
        verdicts.append(LayerVerdict(name, figures, tuple(findings)))
    return verdicts


def steepest_gradient(measured: LayerDiagnostics) -> float:
    """The norm of the gradient of the layer where it is largest; 0 where none is finite."""
    norms = _medians(measured)["gradient_norm"]
    return float(np.max(norms[np.isfinite(norms)], initial=0.0))


def _medians(measured: LayerDiagnostics) -> dict[str, Floats]:
    """The median over the members of each quantity (L,)."""
    return {name: np.median(table, axis=0) for name, table in measured.values.items()}


def _findings(
    figures: Mapping[str, float], steepest: float, *, hidden: bool, small_meant: bool
) -> Iterator[tuple[str, Grade]]:
    faded: list[tuple[str, Grade]] = []
    if hidden and steepest > 0:
        faded += _graded("small gradient", -figures["gradient_norm"] / steepest, -FADED, -GONE)
    if "update_ratio" in figures:  # small steps along a small gradient need no word of their own
        yield from _update(figures["update_ratio"], may_be_small=small_meant or bool(faded))
    yield from faded
    yield from _graded("saturated", figures["saturated"], MANY_FLAT, NEARLY_ALL_FLAT)
    yield from _graded("dead", figures["dead"], MANY_DEAD, NEARLY_ALL_DEAD)


def _update(ratio: float, *, may_be_small: bool) -> Iterator[tuple[str, Grade]]:
    yield from _graded("large steps", ratio, HEALTHY_UPDATES[1], BAD_UPDATES[1])
    if not may_be_small:
        yield from _graded("small steps", -ratio, -HEALTHY_UPDATES[0], -BAD_UPDATES[0])


def _graded(words: str, value: float, most: float, limit: float) -> Iterator[tuple[str, Grade]]:
    """Nothing up to `most`, worth a look up to `limit`, and wrong above it."""
    if value > most:
        yield words, "look" if value <= limit else "wrong"
