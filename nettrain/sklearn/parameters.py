"""Which values the parameters of estimators may have."""

from collections.abc import Collection, Mapping
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
    "validation_fraction": (Real, 0, 1, "left"),
    "beta_1": (Real, 0, 1, "left"),
    "beta_2": (Real, 0, 1, "left"),
    "epsilon": (Real, 0, None, "neither"),
    "max_fun": (Integral, 1, None, "left"),
}
FLAGS = ("shuffle", "nesterovs_momentum", "early_stopping", "warm_start")
VARIANTS = ("activation", "solver", "learning_rate", "loss", "recipe")
KEYS = {  # of an experiment, for which parameters stand
    "model.hidden": "hidden_layer_sizes",
    "model.activation": "activation",
    "loss": "loss",
    "regularization.l2": "alpha",
    "optimizer": "solver",
    "optimizer.learning_rate": "learning_rate_init",
    "schedule": "learning_rate",
    "training.early_stopping.monitor": "early_stopping",
    "data.validation": "validation_fraction",
    "data.class_weights": "class_weight",
    "seed": "random_state",
}


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
            if parameters[name] != parameters[name]:
                raise ValueError(f"{name} must be a number, got nan")
    for name in FLAGS:
        if not isinstance(parameters[name], bool | np.bool_ | None):
            raise TypeError(f"{name} must be True, False or None, got {parameters[name]!r}")
    for name in VARIANTS:
        if not isinstance(parameters.get(name), str | Mapping | None):
            raise TypeError(f"{name} must be a name, got {parameters[name]!r}")
    _check_seed(parameters["random_state"])
    _check_verbose(parameters["verbose"])
    _check_patience(parameters["n_iter_no_change"])
    _check_sizes(parameters["hidden_layer_sizes"])
    _check_batch_size(parameters["batch_size"])
    config = parameters["config"]
    if not isinstance(config, str | PathLike | Mapping | None):
        raise TypeError(f"config must be an experiment file or a mapping, got {type(config).__name__}")


def named_parameter(problem: str, decided: Collection[str]) -> str:
    """The line of an error, with names of parameters for the keys of settings that they have `decided`."""
    names = {key: name for key, name in KEYS.items() if name in decided}
    key, colon, rest = problem.partition(": ")
    for inner, name in names.items():
        rest = rest.replace(inner, name) if "." in inner else rest
    return f"{names.get(key, key)}{colon}{rest}"


def _check_seed(seed: Any) -> None:
    if isinstance(seed, Integral) and int(seed) < 0:
        raise ValueError(f"random_state must be a whole number from 0, a RandomState or None, got {seed}")


def _check_verbose(verbose: Any) -> None:
    if not isinstance(verbose, Integral | np.bool_):
        raise TypeError(f"verbose must be True, False or a whole number, got {verbose!r}")


def _check_patience(epochs: Any) -> None:
    if epochs not in (None, INF):
        check_scalar(epochs, "n_iter_no_change", Integral, min_val=1)


def _check_sizes(sizes: Any) -> None:
    if sizes is None:
        return
    widths = [sizes] if np.ndim(sizes) == 0 else list(sizes)
    if not all(isinstance(width, Integral) for width in widths):
        raise ValueError(f"hidden_layer_sizes must be a whole number or several, got {sizes!r}")
    if not all(int(width) > 0 for width in widths):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")


def _check_batch_size(size: Any) -> None:
    if size is None or size == "auto":
        return
    if not isinstance(size, Integral) or size < 1:
        raise ValueError(f"batch_size must be 'auto' or a whole number from 1, got {size!r}")
