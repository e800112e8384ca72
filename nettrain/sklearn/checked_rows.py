"""Rows as scikit-learn checks them: X, y and their weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from nettrain.sklearn.table import Array, dense, is_frame

INPUTS: dict[str, Any] = {
    "ensure_all_finite": "allow-nan",
    "dtype": None,
    "accept_sparse": ("csr", "csc", "coo"),
}


@dataclass(frozen=True, eq=False)
class FitRows:
    """X (N, D), y (N,) or (N, K), weights and groups (N,) to fit, as far as there are any.

    `x_val` and `y_val` are validation rows as they were passed.
    """

    x: Any
    y: Array
    weight: Array | None
    x_val: Any = None
    y_val: Any = None
    groups: Any = None


def checked_inputs(estimator: BaseEstimator, X: Any) -> Any:
    """X of rows to predict, with the columns of training."""
    if is_frame(X):
        validate_data(estimator, X, reset=False, skip_check_array=True)
        check_rows(X, type(estimator).__name__)
        return X
    return dense(validate_data(estimator, X, reset=False, **INPUTS))


def check_rows(frame: Any, name: str) -> None:
    """Raise ValueError, as scikit-learn does of arrays, when a frame has no rows or no columns."""
    rows, columns = frame.shape
    for count, what in ((rows, "sample"), (columns, "feature")):
        if not count:
            shape = f"(shape=({rows}, {columns}))"
            raise ValueError(
                f"Found array with 0 {what}(s) {shape} while a minimum of 1 is required by {name}."
            )


def checked_weight(sample_weight: Any, y: Array) -> Array | None:
    """The weights of rows (N,), which must not be negative."""
    if sample_weight is None:
        return None
    weight: Array = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    return weight


def flat_column(y: Any) -> Array:
    """Y as an array, (N,) where it has one column."""
    targets: Array = np.asarray(dense(y))
    if targets.ndim == 2 and targets.shape[1] == 1:
        return np.asarray(column_or_1d(targets, warn=True))
    return targets
