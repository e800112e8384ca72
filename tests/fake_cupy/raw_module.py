"""CUDA sources as CuPy takes them, compiled for the host."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.fake_cupy import on_host
from tests.fake_cupy.arrays import ndarray
from tests.fake_cupy.queue import queue


class RawModule:
    """A source that CuPy would compile with NVRTC; a kernel is called with grid, block and arguments."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()) -> None:
        assert isinstance(options, tuple), "CuPy takes a tuple"
        self._code = code

    def get_function(self, name: str) -> Callable[..., None]:
        def launch(
            grid: tuple[int], block: tuple[int, int], args: Sequence[Any], *, shared_mem: int = 0
        ) -> None:
            assert shared_mem == 0, "the host has no shared memory"
            words = [_word(value) for value in args]
            queue.do(lambda: on_host.run(self._code, name, grid[0], block, words))

        return launch


def _word(value: Any) -> int | np.integer[Any]:
    """An address, or a whole number, for which CuPy passes 64 bits."""
    if isinstance(value, ndarray):
        return int(value.data.ptr)
    if type(value) is not int:
        raise TypeError(f"Unsupported type {type(value)}")
    return value
