"""Rows on their way from host memory to a device, copied beside what is computed there.

CUDA copies beside its work only from memory that the system may not move: pinned memory. Rows are picked into
a pinned block, and a stream of its own copies that; events keep the two streams apart where they meet, and
the host waits for nothing but a block that it is about to fill again. Source: CUDA C++ Programming Guide,
"Overlap of Data Transfer and Kernel Execution".
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nettrain.backend.base import Array, HostArray, Picked

ALIGNMENT = 64  # bytes between the beginnings of what lies in one block


class PinnedPipe:
    """Two pinned blocks, used in turn, and the stream that copies them.

    `xp` is the module of the device's arrays, `stream` where they are computed with, `room` tells how many
    bytes the device has free.
    """

    def __init__(self, xp: Any, stream: Any, room: Callable[[], int]) -> None:
        self._xp, self._stream, self.room = xp, stream, room
        self._copies = xp.cuda.Stream(non_blocking=True)
        self._blocks = [np.empty(0, np.uint8) for _ in range(2)]
        self._read, self._copied = (
            [xp.cuda.Event(block=True, disable_timing=True) for _ in range(2)] for _ in range(2)
        )

    def load(self, turn: int, rows: Picked, columns: Sequence[tuple[HostArray, Array]]) -> None:
        """Set rows of host arrays off to device arrays (B, …), which all that was asked for before may read.

        `turn` is 0 or 1, whose block they take.
        """
        self._copied[turn].synchronize()  # with the rows that the block held the last time
        self._read[turn].record(self._stream)
        self._copies.wait_event(self._read[turn])
        block = self._block(turn, sum(_padded(target.nbytes) for _, target in columns))
        for source, target in columns:
            part = block[: target.nbytes].view(source.dtype).reshape(target.shape)
            block = block[_padded(target.nbytes) :]
            _pick(source, rows, part)
            target.set(part, stream=self._copies)
        self._copied[turn].record(self._copies)

    def ready(self, turn: int) -> None:
        """What is asked for from here on is done when the rows of that turn have arrived."""
        self._stream.wait_event(self._copied[turn])

    def drain(self) -> None:
        """Wait for all copies, before the memory that they go to becomes somebody else's."""
        self._copies.synchronize()

    def _block(self, turn: int, size: int) -> HostArray:
        if self._blocks[turn].size < size:
            memory = self._xp.cuda.alloc_pinned_memory(size)
            self._blocks[turn] = np.frombuffer(memory, np.uint8, size)
        return self._blocks[turn]


def _pick(source: HostArray, rows: Picked, out: HostArray) -> None:
    if isinstance(rows, slice):
        out[...] = source[rows]
    else:  # mode="clip" because the default, "raise", goes through a hidden copy of out
        np.take(source, rows, axis=0, out=out, mode="clip")


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
