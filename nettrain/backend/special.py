"""Special functions as ufuncs of a namespace, imported when they are first needed."""

from importlib import import_module
from typing import Any

HOMES = {"numpy": "scipy.special", "cupy": "cupyx.scipy.special"}


def normal_cdf(xp: Any) -> Any:
    """Φ, the distribution function of N(0, 1), as a ufunc that takes `out=`."""
    return import_module(HOMES[xp.__name__]).ndtr


def logistic(xp: Any) -> Any:
    """1/(1+e^-z) as a ufunc that takes `out=`."""
    return import_module(HOMES[xp.__name__]).expit
