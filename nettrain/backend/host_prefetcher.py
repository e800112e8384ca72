"""Rows of a scratch file are read into memory by a thread, while steps or evaluations work on others."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from nettrain.backend.base import Array, HostArray, RowSelection
from nettrain.backend.scratch_file import BLOCK_BYTES, drop_pages, expect_rows, is_scratch

UNLIMITED = 1 << 62  # bytes; memory that runs out is no reason to leave rows where they are


class HostPrefetcher:
    """Copies rows through two slots by turns (see `base.Prefetcher`), both in host memory.

    The thread calls NumPy alone. Whoever loads a slot has finished what reads it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "rows")
        self._copies: dict[int, Future[None]] = {}
        self._touched, self._read = dict[int, HostArray](), 0  # what was read since pages were dropped

    def free_bytes(self) -> int:
        """Bytes that are free on the device."""
        return UNLIMITED

    def load(self, slot: int, rows: RowSelection, columns: Sequence[tuple[HostArray, Array]]) -> None:
        """Start copying rows of host arrays to others (B, …), through slot 0 or 1."""
        self.ready(slot)
        self._copies[slot] = self._thread.submit(self._copy, rows, columns)

    def ready(self, slot: int) -> None:
        """Wait for the rows of that slot."""
        copy = self._copies.pop(slot, None)
        if copy is not None:
            copy.result()

    def drain(self) -> None:
        """Wait for all copies."""
        for slot in (0, 1):
            self.ready(slot)

    def _copy(self, rows: RowSelection, columns: Sequence[tuple[HostArray, Array]]) -> None:
        for source, target in columns:
            on_disk = is_scratch(source)
            if isinstance(rows, slice):
                target[...] = source[rows]
            else:
                if on_disk:
                    expect_rows(source, rows)
                # mode="clip" because the default, "raise", goes through a hidden copy of out
                np.take(source, rows, axis=0, out=target, mode="clip")
            if on_disk:
                self._touched[id(source)] = source
                self._read += target.nbytes
        if self._read >= BLOCK_BYTES // 2:
            drop_pages(*self._touched.values())
            self._touched, self._read = {}, 0
