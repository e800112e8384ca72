"""Scratch memory by name."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend


class Pool:
    """Scratch memory by name: one allocation each, carved into contiguous arrays of what shape is needed.

    The first request fixes the size, so the largest shape must come first; smaller batches and smaller
    populations share its memory.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._flat: dict[str, Array] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """An array of this shape at the start of the memory called `name`."""
        size = int(np.prod(shape))
        if name not in self._flat:
            self._flat[name] = self._backend.zeros((size,), dtype)
        flat = self._flat[name]
        assert dtype is None or flat.dtype == dtype, f"{name} is scratch of another type"
        return flat[:size].reshape(shape)

    def prefixed(self, prefix: str) -> Callable[..., Array]:
        """An allocator whose names all start with `prefix`."""
        return lambda name, shape, dtype=None: self.take(f"{prefix}.{name}", shape, dtype)
