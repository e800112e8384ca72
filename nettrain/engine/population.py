"""The one owner of the member axis.

Every array with one row per member is listed here, host and device alike, and `compact` moves the rows of
the members that go on to the front of all of them. Nobody else may keep a view across it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Backend
from nettrain.engine.members import select

COMPACT_FROM = 8  # rows move when one in this many has stopped


class Population:
    """R members that train side by side; `members` holds their stacked settings.

    `original` (R,) says which of the members at the start each row is, `active` (R,) which still train.
    """

    def __init__(self, members: Any, size: int) -> None:
        self.members = members
        self.size = size
        self._rows: dict[str, Array] = {}
        self._scratch: set[str] = set()
        self.own("original", np.arange(size))
        self.own("active", np.ones(size, dtype=bool))

    def own(self, name: str, array: Array, *, scratch: bool = False) -> None:
        """List an array whose first axis is the members; `scratch` is written anew in every step."""
        self._rows[name] = array
        if scratch:
            self._scratch.add(name)

    def kept(self) -> list[str]:
        """Names of the arrays on which the run's future depends."""
        return [name for name in self._rows if name not in self._scratch]

    def __contains__(self, name: object) -> bool:
        """Whether an array of this name is listed."""
        return name in self._rows

    def __getitem__(self, name: str) -> Array:
        """The rows of the members that are still here; a view, void after `compact`."""
        return self._rows[name][: self.size]

    def ripe(self) -> bool:
        """Whether enough members have stopped to be worth moving the others."""
        stopped = self.size - int(self["active"].sum())
        return 0 < stopped < self.size and stopped * COMPACT_FROM >= self.size

    def compact(self, keep: npt.NDArray[np.bool_]) -> None:
        """Move the rows to keep (R,) to the front of every listed array."""
        self.pick(np.flatnonzero(keep))

    def pick(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these rows alone, in this order."""
        for array in self._rows.values():
            array[: len(rows)] = array[rows]
        self.members = select(self.members, rows)
        self.size = len(rows)


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
