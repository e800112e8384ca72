"""A gradient check as plain data: what --json prints, and what the tables are drawn from."""

from typing import Any

import numpy as np

from nettrain.checks.comparison import Compared, Comparison, Directional, shape
from nettrain.checks.diagnosis import diagnosis, layer_name, way_back
from nettrain.checks.problem import Numbers, Problem

Plain = dict[str, Any]


def report(problem: Problem, comparison: Comparison, seconds: float) -> Plain:
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


def tensor_report(layer: str, tensor: Compared) -> Plain:
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


def summary(errors: Numbers) -> Plain:
    """The worst and the median error, None where nothing was compared."""
    if not len(errors):
        return {"worst": None, "median": None}
    return {"worst": float(errors.max()), "median": float(np.median(errors))}


def directional_report(directional: Directional) -> Plain:
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


def worst(tensors: list[tuple[str, Compared]]) -> Plain | None:
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
