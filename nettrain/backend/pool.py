"""Scratch memory by name."""

from math import prod
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Backend, DType


class Allocate(Protocol):
    """A function that returns an array of a shape, in the backend's dtype by default, under a name."""

    def __call__(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike | None = None) -> Array:
        """The array; its values are arbitrary."""


class Pool:
    """Scratch memory by name: one block each, of which arrays of different shapes use the beginning.

    Steps for different batch sizes, and for populations that get smaller, share the blocks. A block never
    grows, since arrays that use it would be left behind: what it must hold is reserved before the first array
    is taken from it. Without a reservation, the first array has to be the largest. Taking a larger one is an
    error.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._blocks: dict[str, Array] = {}
        self._reserved: dict[str, tuple[int, DType]] = {}

    @property
    def nbytes(self) -> int:
        """The size of all blocks; one that is only reserved takes no memory yet."""
        return sum(int(block.nbytes) for block in self._blocks.values())

    def reserve(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike | None = None) -> None:
        """Let the block called `name` be large enough for this shape.

        Raises a ValueError when the block is in use and smaller, or is one of another dtype.
        """
        size, kind = prod(shape), np.dtype(self._backend.dtype if dtype is None else dtype)
        reserved, reserved_kind = self._reserved.get(name, (0, kind))
        if kind != reserved_kind:
            raise ValueError(f"scratch memory {name!r}: {kind} requested, it is {reserved_kind}")
        if name in self._blocks and size > reserved:
            raise ValueError(f"scratch memory {name!r}: {size} numbers requested, {reserved} reserved")
        self._reserved[name] = max(size, reserved), kind

    def take(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike | None = None) -> Array:
        """An array of this shape at the beginning of the block called `name`.

        Raises a ValueError when it is larger than what is reserved and in use, or of another dtype.
        """
        self.reserve(name, shape, dtype)
        if name not in self._blocks:
            size, kind = self._reserved[name]
            self._blocks[name] = self._backend.zeros((size,), kind)
        return self._blocks[name][: prod(shape)].reshape(shape)

    def prefixed(self, prefix: str) -> Allocate:
        """`take`, for names that all start with `prefix`."""

        def take(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike | None = None) -> Array:
            return self.take(f"{prefix}.{name}", shape, dtype)

        return take

    def planned(self, prefix: str) -> Allocate:
        """`reserve`, for names that all start with `prefix`: to go through a computation without doing it.

        The arrays that it returns are temporary, unless their block is in use.
        """

        def plan(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike | None = None) -> Array:
            full_name = f"{prefix}.{name}"
            self.reserve(full_name, shape, dtype)
            in_use = full_name in self._blocks
            return self.take(full_name, shape, dtype) if in_use else self._backend.zeros(shape, dtype)

        return plan
