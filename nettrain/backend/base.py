"""What a backend is: everything else is elementwise work through `xp` with `out=`."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = Any  # a NumPy or a CuPy array; shapes are written in the docstrings
HostArray = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]  # on the host
ArrayModule = ModuleType  # numpy or cupy: functions of arrays under NumPy's names
Call = Callable[[], object]
Picked = npt.NDArray[np.intp] | slice  # rows of a table, by number or side by side


class Prefetcher(Protocol):
    """What brings rows that stay on the host to a device while it computes; two blocks take turns."""

    def room(self) -> int:
        """Bytes that the device has free."""

    def load(self, turn: int, rows: Picked, columns: Sequence[tuple[HostArray, Array]]) -> None:
        """Set rows of host arrays off to device arrays (B, …), which all that was asked for before may read.

        `turn` is 0 or 1, whose block they take. Both arrays of a column have one dtype.
        """

    def ready(self, turn: int) -> None:
        """What is asked for from here on is done when the rows of that turn have arrived."""

    def drain(self) -> None:
        """Wait for all rows that are on their way."""


class Backend(Protocol):
    """A place for arrays. Passed as an argument, never global."""

    name: str
    xp: ArrayModule
    dtype: "np.dtype[Any]"
    threads: int
    block: int  # parameters that one pass of an optimizer takes at a time
    transposes_small: bool  # whether products take a small matrix faster when it has been turned before
    merges_rows: bool  # whether a kernel's loop over a short row takes as long to begin as to run
    chunk_bytes: int  # what a chunk of rows without training may take in its widest layer

    def zeros(self, shape: Sequence[int], dtype: Any = None) -> Array:
        """A new array of zeros on the device, aligned to 64 bytes, in the run's dtype unless told."""

    def from_host(self, array: HostArray) -> Array:
        """A host array on the device; numbers become the run's dtype. It may share the host's memory."""

    def to_host(self, array: Array) -> HostArray:
        """A copy of a device array on the host."""

    def matmul(self, a: Array, b: Array, out: Array) -> None:
        """out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k): transposed and strided views, never a copy."""

    def product(
        self,
        a: Array,
        b: Array,
        out: Array,
        *,
        bias: tuple[Array, int] | None = None,
        clamp_min: float | None = None,
        relu_mask: Array | None = None,
    ) -> Call:
        """A call: out = max(a @ b + bias, clamp_min) where relu_mask > 0, else 0, of what `matmul` takes.

        `bias` is an array w (R, P) and where in its rows the k numbers begin, relu_mask is (R, n, k). What is
        None is left out.
        """

    def sum_rows(self, x: Array, w: Array, start: int) -> Call:
        """A call: the H numbers at `start` in each row of w (R, P) = the sums over rows of x (R, B, H)."""

    def transpose(self, out: Array, w: Array, start: int) -> Call:
        """A call: out (R, n, m) = the transpose of the (m, n) numbers at `start` in each row of w (R, P)."""

    def gather(self, table: Array, index: Array, out: Array) -> Call:
        """A call: out (G, B, …) = table[index], rows of table (N, …) picked by index (G, B)."""

    def launch(self, kernel: Any, work: int, *arrays: Array) -> Call:
        """A call that runs the kernel on these very arrays; `work` is the number of elements it visits."""

    def pipe(self) -> Prefetcher | None:
        """What brings rows that stay on the host; None where all arrays lie there."""

    def synchronize(self) -> None:
        """Wait until the device has done all that was asked."""

    def capture(self, calls: Sequence[Call]) -> Call:
        """One call that replays all these calls in order."""
