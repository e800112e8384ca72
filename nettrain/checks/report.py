"""A gradient check as plain data: what --json prints, and what the tables are drawn from."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Floats
from nettrain.checks.comparison import (
    DirectionalComparison,
    GradientComparison,
    TensorComparison,
    Verdict,
    shape,
)
from nettrain.checks.diagnosis import backward_position, block_name, diagnosis
from nettrain.checks.problem import GradientProblem


class ErrorReport(TypedDict):
    """Errors of one method; None where nothing was compared."""

    worst: float | None
    median: float | None


class TensorReport(TypedDict):
    """What was compared of one tensor."""

    layer: str
    tensor: str
    shape: list[int]
    size: int
    checked: int
    skipped: int
    difference: ErrorReport
    dual: ErrorReport
    wrong: int
    verdict: Verdict
    skipped_at: list[list[int]]


class WorstReport(TypedDict):
    """One derivative by every method; None in JSON where it is not finite."""

    layer: str
    tensor: str
    index: list[int]
    analytic: float | None
    difference: float | None
    dual: float | None


class DirectionalReport(TypedDict):
    """Derivatives along random directions of all parameters at once."""

    directions: int
    skipped: int
    difference: float | None
    dual: float | None
    passed: bool


class CheckReport(TypedDict):
    """What the checks of a network and of a function have in common."""

    passed: bool
    tensors: list[TensorReport]
    worst: WorstReport | None
    diagnosis: list[str]
    seconds: float


class NetworkReport(CheckReport):
    """The check of a network: `objective` by training's code, `definition` by the definitions."""

    objective: float | None
    definition: float | None
    directional: DirectionalReport


class FunctionReport(CheckReport):
    """The check of a function; `without_duals` says why there are no dual numbers."""

    checked: str
    value: float | None
    without_duals: str


class FailureReport(TypedDict):
    """A network of the catalogue whose gradient is wrong; `of` is its loss in the grid of activations."""

    of: str
    worst: WorstReport | None
    diagnosis: list[str]


class CatalogueRow(TypedDict):
    """One row of the catalogue's table; `cells` says for each loss whether the gradient is right."""

    group: str
    name: str
    passed: bool
    networks: int
    checked: int
    skipped: int
    difference: float
    dual: float
    cells: dict[str, bool]
    failures: list[FailureReport]


class CatalogueReport(TypedDict):
    """The check of every entry of the catalogue."""

    checked: Literal["catalogue"]
    passed: bool
    losses: list[str]
    rows: list[CatalogueRow]
    networks: int
    seconds: float


def network_report(problem: GradientProblem, comparison: GradientComparison, seconds: float) -> NetworkReport:
    """The whole check of one network."""
    in_order = sorted(comparison.tensors, key=lambda tensor: tensor.layer)
    tensors = [(block_name(problem, tensor.layer), tensor) for tensor in in_order]
    return {
        "passed": not comparison.fails and not comparison.empty,
        "objective": comparison.objective,
        "definition": comparison.definition,
        "tensors": [tensor_report(block, tensor) for block, tensor in tensors],
        "directional": directional_report(comparison.directional),
        "worst": worst_derivative(tensors),
        "diagnosis": diagnosis(problem, comparison),
        "seconds": seconds,
    }


def tensor_report(block: str, tensor: TensorComparison) -> TensorReport:
    """One row of the table, under the name of the block to which the tensor belongs."""
    compared = ~tensor.crosses_kink
    return {
        "layer": block,
        "tensor": tensor.name,
        "shape": list(shape(tensor.slot)),
        "size": tensor.slot.size,
        "checked": tensor.checked,
        "skipped": tensor.skipped,
        "difference": error_summary(tensor.difference_errors[compared]),
        "dual": error_summary(tensor.dual_errors[compared]),
        "wrong": int(tensor.wrong.sum()),
        "verdict": tensor.verdict,
        "skipped_at": [list(tensor.index(int(k))) for k in np.flatnonzero(tensor.crosses_kink)],
    }


def error_summary(errors: Floats) -> ErrorReport:
    """The worst and the median error, None where nothing was compared."""
    if not len(errors):
        return {"worst": None, "median": None}
    return {"worst": float(errors.max()), "median": float(np.median(errors))}


def directional_report(directional: DirectionalComparison) -> DirectionalReport:
    """The check along directions of all parameters."""
    return {
        "directions": len(directional.analytic),
        "skipped": int(directional.crosses_kink.sum()),
        "difference": directional.difference_error,
        "dual": directional.dual_error,
        "passed": not directional.fails,
    }


def worst_derivative(tensors: Sequence[tuple[str, TensorComparison]]) -> WorstReport | None:
    """The worst derivative of the first wrong tensor in the backward pass, or of all when none is wrong.

    Each tensor comes with the name of its block.
    """
    compared = [(block, tensor) for block, tensor in tensors if tensor.checked]
    if not compared:
        return None
    failing = [pair for pair in compared if pair[1].fails]
    first = min(failing, key=lambda pair: backward_position(pair[1])) if failing else None
    block, tensor = first or max(compared, key=_largest_errors)
    k = tensor.worst
    return {
        "layer": block,
        "tensor": tensor.name,
        "index": list(tensor.index(k)),
        "analytic": float(tensor.analytic[k]),
        "difference": float(tensor.difference[k]),
        "dual": float(tensor.dual[k]),
    }


def _largest_errors(pair: tuple[str, TensorComparison]) -> tuple[float, float]:
    """Sorts tensors by their errors."""
    return (float(pair[1].difference_errors.max()), float(pair[1].dual_errors.max()))
