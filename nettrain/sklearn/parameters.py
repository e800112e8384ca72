"""Which values the parameters of estimators may have."""

from collections.abc import Mapping
from functools import cache
from numbers import Integral, Real
from os import PathLike
from typing import Any, cast

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar

INF = float("inf")
RANGES: dict[str, tuple[type, float | None, float | None, str]] = {  # type, least, most, included
    "alpha": (Real, 0, None, "left"),
    "learning_rate_init": (Real, 0, None, "neither"),
    "power_t": (Real, 0, None, "left"),
    "max_iter": (Integral, 1, None, "left"),
    "tol": (Real, 0, None, "left"),
    "momentum": (Real, 0, 1, "left"),
    "validation_fraction": (Real, 0, 1, "neither"),
    "beta_1": (Real, 0, 1, "left"),
    "beta_2": (Real, 0, 1, "left"),
    "epsilon": (Real, 0, None, "neither"),
    "max_fun": (Integral, 1, None, "left"),
}
FLAGS = ("shuffle", "nesterovs_momentum", "early_stopping", "warm_start")


def parameters_of(estimator: BaseEstimator) -> dict[str, Any]:
    """The parameters of an estimator, as `get_params(deep=False)` has them, which takes longer."""
    return {name: getattr(estimator, name) for name in parameter_names(cast(Any, type(estimator)))}


@cache
def parameter_names(kind: Any) -> tuple[str, ...]:
    """The names of the parameters of a class of estimators."""
    return tuple(kind._get_param_names())


def check_parameters(estimator: BaseEstimator) -> None:
    """Raise ValueError or TypeError at the first parameter that is out of range.

    What names a variant, such as an activation, is checked with the experiment.
    """
    parameters = parameters_of(estimator)
    for name, (kind, least, most, included) in RANGES.items():
        if parameters[name] is not None:
            check_scalar(
                parameters[name], name, kind, min_val=least, max_val=most, include_boundaries=included
            )
    for name in FLAGS:
        if not isinstance(parameters[name], bool | np.bool_ | None):
            raise TypeError(f"{name} must be True, False or None, got {parameters[name]!r}")
    _check_patience(parameters["n_iter_no_change"])
    _check_sizes(parameters["hidden_layer_sizes"])
    _check_batch_size(parameters["batch_size"])
    config = parameters["config"]
    if not isinstance(config, str | PathLike | Mapping | None):
        raise TypeError(f"config must be an experiment file or a mapping, got {type(config).__name__}")


def _check_patience(epochs: Any) -> None:
    if epochs not in (None, INF):
        check_scalar(epochs, "n_iter_no_change", Integral, min_val=1)


def _check_sizes(sizes: Any) -> None:
    if sizes is None:
        return
    widths = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if not all(isinstance(width, Integral) and int(width) > 0 for width in widths):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")


def _check_batch_size(size: Any) -> None:
    if size is None or size == "auto":
        return
    if not isinstance(size, Integral) or size < 1:
        raise ValueError(f"batch_size must be 'auto' or a whole number from 1, got {size!r}")
