"""Copies from host memory to a device, while the device computes.

CUDA overlaps a copy with other work only if the system cannot move the host's memory: pinned memory. Rows are
gathered into a pinned block, and a stream for copies transfers that. Events order the two streams where they
depend on each other; the host waits only for a block that it is about to fill again. Source: CUDA C++
Programming Guide, "Overlap of Data Transfer and Kernel Execution".
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray, RowSelection
from nettrain.backend.coded_rows import CodedRows

ALIGNMENT = 64  # bytes between the beginnings of the arrays in one block
Stream = Any  # of CuPy, which has no types


class PinnedPrefetcher:
    """Two slots, each with a pinned block, and the stream that copies them (see `base.Prefetcher`).

    `xp` is the module of the device's arrays, `stream` the one that computes with them, `free_bytes` returns
    how much memory is free on the device.
    """

    def __init__(self, xp: ArrayModule, stream: Stream, free_bytes: Callable[[], int]) -> None:
        self._xp, self._stream, self.free_bytes = xp, stream, free_bytes
        self._copies = xp.cuda.Stream(non_blocking=True)
        self._blocks = [np.empty(0, np.uint8) for _ in range(2)]
        self._read, self._copied = (
            [xp.cuda.Event(block=True, disable_timing=True) for _ in range(2)] for _ in range(2)
        )

    def load(self, slot: int, rows: RowSelection, columns: Sequence[tuple[HostArray, Array]]) -> None:
        """Start copying rows of host arrays to device arrays (B, …), through slot 0 or 1."""
        self._copied[slot].synchronize()  # the copy of the rows that the block held before
        self._read[slot].record(self._stream)
        self._copies.wait_event(self._read[slot])
        block = self._block(slot, sum(_padded(target.nbytes) for _, target in columns))
        for source, target in columns:
            part = block[: target.nbytes].view(source.dtype).reshape(target.shape)
            block = block[_padded(target.nbytes) :]
            _gather(source, rows, part)
            target.set(part, stream=self._copies)
        self._copied[slot].record(self._copies)

    def ready(self, slot: int) -> None:
        """Let all work that is requested from here on wait for the rows of that slot."""
        self._stream.wait_event(self._copied[slot])

    def drain(self) -> None:
        """Wait for all copies, before their target memory is used for something else."""
        self._copies.synchronize()

    def _block(self, slot: int, size: int) -> HostArray:
        if self._blocks[slot].size < size:
            memory = self._xp.cuda.alloc_pinned_memory(size)
            self._blocks[slot] = np.frombuffer(memory, np.uint8, size)
        return self._blocks[slot]


def _gather(source: HostArray, rows: RowSelection, out: HostArray) -> None:
    if isinstance(rows, slice) or isinstance(source, CodedRows):
        out[...] = source[rows]
    else:  # mode="clip" because the default, "raise", goes through a hidden copy of out
        np.take(source, rows, axis=0, out=out, mode="clip")


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
