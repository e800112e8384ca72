"""Rows of a scratch file are read into memory by a thread, while steps or evaluations work on others."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, HostArray, RowSelection
from nettrain.backend.scratch_file import BLOCK_BYTES, drop_pages, expect_rows, is_scratch

LOT_BYTES = 4 << 20  # of rows from anywhere in a file that are read before its pages are dropped
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
            if isinstance(rows, slice):
                target[...] = source[rows]
                self._drop(source, target.nbytes)
            elif is_scratch(source):
                self._gather(source, rows, target)
            else:
                # mode="clip" because the default, "raise", goes through a hidden copy of out
                np.take(source, rows, axis=0, out=target, mode="clip")

    def _gather(self, source: HostArray, rows: npt.NDArray[np.intp], target: Array) -> None:
        """Rows in the order of the file, in small lots: the system maps megabytes around each of them."""
        expect_rows(source, rows)
        order = np.argsort(rows, kind="stable")
        lot = max(1, LOT_BYTES // max(1, source.nbytes // len(source)))
        for start in range(0, len(rows), lot):
            some = order[start : start + lot]
            target[some] = source[rows[some]]
            drop_pages(source)

    def _drop(self, source: HostArray, size: int) -> None:
        """Drop the pages of what was read, once that is much."""
        self._touched[id(source)] = source
        self._read += size
        if self._read >= BLOCK_BYTES // 2:
            drop_pages(*self._touched.values())
            self._touched, self._read = {}, 0
