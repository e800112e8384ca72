"""The backends other than NumPy on which a test runs.

`fake` has the rules of a device and the host's kernels. `cupy` is the real CuPy backend on top of the fake
CuPy, with kernels compiled for the host, which is slow. `gpu` is the same on a device, where there is one.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from nettrain.backend.choose import open_backend
from nettrain.errors import BackendError
from tests.fake_cupy import on_host
from tests.fake_cupy.backend import FakeCupyBackend
from tests.fake_cupy.module import in_place_of_cupy

BACKENDS = ["fake", pytest.param("cupy", marks=pytest.mark.slow), pytest.param("gpu", marks=pytest.mark.gpu)]


def backend_factory(name: str) -> Iterator[Any]:
    """A function of dtype and threads that opens the backend; skips the test where it cannot be used."""
    if name == "fake":
        yield FakeCupyBackend
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
