"""Backends beside NumPy on which a test runs: the double always, a GPU where one answers."""

from functools import partial
from typing import Any

import pytest

from nettrain.backend.choose import open_backend
from nettrain.errors import BackendError
from tests.double.backend import DoubleBackend

PLACES = ["double", pytest.param("gpu", marks=pytest.mark.gpu)]


def opener(name: str) -> Any:
    """What opens a backend of this name, given dtype and threads; skips the test where there is no GPU."""
    if name == "double":
        return DoubleBackend
    try:
        open_backend("cupy", dtype="float32", threads=1)
    except BackendError as error:
        pytest.skip(str(error))
    return partial(open_backend, "cupy")
