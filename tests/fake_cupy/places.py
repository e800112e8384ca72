"""Backends beside NumPy on which a test runs.

`double` has the rules of a device and the host's kernels, `cupy` is the CuPy backend itself on the double, its
kernels compiled for the host and slow, `gpu` is the same where a device answers.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from nettrain.backend.choose import open_backend
from nettrain.errors import BackendError
from tests.fake_cupy import on_host
from tests.fake_cupy.backend import DoubleBackend
from tests.fake_cupy.module import in_place_of_cupy

PLACES = ["double", pytest.param("cupy", marks=pytest.mark.slow), pytest.param("gpu", marks=pytest.mark.gpu)]


def opened(name: str) -> Iterator[Any]:
    """What opens a backend of this name, given dtype and threads; skips the test where it cannot be."""
    if name == "double":
        yield DoubleBackend
    elif name == "cupy":
        if on_host.COMPILER is None:
            pytest.skip("no g++")
        with in_place_of_cupy():
            yield partial(open_backend, "cupy")
    else:
        try:
            open_backend("cupy", dtype="float32", threads=1)
        except BackendError as error:
            pytest.skip(str(error))
        yield partial(open_backend, "cupy")
