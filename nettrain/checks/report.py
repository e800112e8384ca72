"""A gradient check as plain data: what --json prints, and what the tables are drawn from."""

from typing import Literal

import numpy as np
from typing_extensions import TypedDict

from nettrain.checks.comparison import Compared, Comparison, Directional, Verdict, shape
from nettrain.checks.diagnosis import diagnosis, layer_name, way_back
from nettrain.checks.problem import Numbers, Problem


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


def report(problem: Problem, comparison: Comparison, seconds: float) -> NetworkReport:
    """The whole check of one network."""
    ordered = sorted(comparison.tensors, key=lambda tensor: tensor.layer)
    tensors = [(layer_name(problem, tensor.layer), tensor) for tensor in ordered]
    return {
        "passed": not comparison.fails and not comparison.empty,
        "objective": comparison.objective,
        "definition": comparison.definition,
        "tensors": [tensor_report(layer, tensor) for layer, tensor in tensors],
        "directional": directional_report(comparison.directional),
        "worst": worst(tensors),
        "diagnosis": diagnosis(problem, comparison),
        "seconds": seconds,
    }


def tensor_report(layer: str, tensor: Compared) -> TensorReport:
    """One row of the table."""
    kept = ~tensor.crossed
    return {
        "layer": layer,
        "tensor": tensor.name,
        "shape": list(shape(tensor.slot)),
        "size": tensor.slot.size,
        "checked": tensor.checked,
        "skipped": tensor.skipped,
        "difference": summary(tensor.difference_errors[kept]),
        "dual": summary(tensor.dual_errors[kept]),
        "wrong": int(tensor.wrong.sum()),
        "verdict": tensor.verdict,
        "skipped_at": [list(tensor.index(int(k))) for k in np.flatnonzero(tensor.crossed)],
    }


def summary(errors: Numbers) -> ErrorReport:
    """The worst and the median error, None where nothing was compared."""
    if not len(errors):
        return {"worst": None, "median": None}
    return {"worst": float(errors.max()), "median": float(np.median(errors))}


def directional_report(directional: Directional) -> DirectionalReport:
    """The check along directions of all parameters."""
    return {
        "directions": len(directional.analytic),
        "skipped": int(directional.crossed.sum()),
        "difference": directional.difference_error,
        "dual": directional.dual_error,
        "passed": not directional.fails,
    }


def largest(pair: tuple[str, Compared]) -> tuple[float, float]:
    """Sorts tensors by their errors."""
    return (float(pair[1].difference_errors.max()), float(pair[1].dual_errors.max()))


def worst(tensors: list[tuple[str, Compared]]) -> WorstReport | None:
    """The worst number of the first wrong tensor on the way back, or of all tensors when none is wrong."""
    able = [(layer, tensor) for layer, tensor in tensors if tensor.checked]
    failing = [pair for pair in able if pair[1].fails]
    if not able:
        return None
    layer, tensor = min(failing, key=lambda pair: way_back(pair[1])) if failing else max(able, key=largest)
    k = tensor.worst
    return {
        "layer": layer,
        "tensor": tensor.name,
        "index": list(tensor.index(k)),
        "analytic": float(tensor.analytic[k]),
        "difference": float(tensor.difference[k]),
        "dual": float(tensor.dual[k]),
    }
