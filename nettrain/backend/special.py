"""Special functions as ufuncs of an array module, imported when they are first needed."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from nettrain.backend.base import Array, ArrayModule

Ufunc = Callable[..., Array]  # of NumPy or CuPy
HOMES = {"numpy": "scipy.special", "cupy": "cupyx.scipy.special"}


def normal_cdf(xp: ArrayModule) -> Ufunc:
    """Φ, the distribution function of N(0, 1), as a ufunc that takes `out=`."""
    return cast(Ufunc, import_module(HOMES[xp.__name__]).ndtr)


def logistic(xp: ArrayModule) -> Ufunc:
    """1/(1+e^-z) as a ufunc that takes `out=`."""
    return cast(Ufunc, import_module(HOMES[xp.__name__]).expit)
