"""What a backend can do. All else is elementwise work through `xp`, with `out=`.

In shapes R is members, B rows of a batch, n × m and m × k the matrices of a product, H the units of a layer
and P the numbers of a member's flat array; 1|R stands for one that serves all members, or one for each.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nettrain.backend.kernel import Kernel

Array = Any  # a NumPy or a CuPy array; shapes are written in the docstrings
HostArray = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]  # on the host
Flags = npt.NDArray[np.bool_]  # on the host
DType = np.dtype[Any]
ArrayModule = ModuleType  # numpy or cupy: functions of arrays under NumPy's names
Call = Callable[[], object]
RowSelection = npt.NDArray[np.intp] | slice  # rows of a table: their numbers, or a range


class Replay(Protocol):
    """Calls that are made in order, again and again."""

    def __call__(self) -> object:
        """Make all calls once."""

    def repeat(self, times: int) -> None:
        """Make all calls so many times."""


class Prefetcher(Protocol):
    """Copies rows that stay on the host to a device while it computes, through two slots by turns."""

    def free_bytes(self) -> int:
        """Bytes that are free on the device."""

    def load(self, slot: int, rows: RowSelection, columns: Sequence[tuple[HostArray, Array]]) -> None:
        """Start copying rows of host arrays to device arrays (B, …), through slot 0 or 1.

        The copy waits for the work that has been requested before, which may still read the device arrays.
        Both arrays of a column have one dtype.
        """

    def ready(self, slot: int) -> None:
        """Let all work that is requested from here on wait for the rows of that slot."""

    def drain(self) -> None:
        """Wait for all copies that are under way."""


class Backend(Protocol):
    """Where arrays live and what computes with them."""

    name: str
    xp: ArrayModule
    dtype: DType
    threads: int
    block: int  # parameters that one pass of an optimizer takes at a time
    transposes_small: bool  # whether products are faster with a small matrix that has been transposed before
    merges_rows: bool  # whether a kernel's loop over a short row takes as long to begin as to run
    rows_per_sum: int  # that an iteration adds up, where the threads of one cannot share them
    chunk_bytes: int  # what a chunk of rows without training may take in its widest layer

    def zeros(self, shape: Sequence[int], dtype: npt.DTypeLike | None = None) -> Array:
        """A new array of zeros, aligned to 64 bytes; in the run's dtype by default."""

    def from_host(self, array: HostArray) -> Array:
        """A host array on the device, floating-point numbers in the run's dtype.

        It may share the host's memory.
        """

    def to_host(self, array: Array) -> HostArray:
        """A copy of a device array on the host."""

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
        """A call: out (R, n, k) = max(a @ b + bias, clamp_min) where relu_mask > 0, else 0.

        a is (1|R, n, m), b (1|R, m, k); transposed and strided views are not copied. `bias` is an array w
        (R, P) and the position in its rows at which the k numbers begin; relu_mask is (R, n, k). What is None
        is left out.
        """

    def sum_rows(self, x: Array, w: Array, start: int) -> Call:
        """A call: the H numbers at `start` in each row of w (R, P) = the sums over rows of x (R, B, H)."""

    def transpose(self, out: Array, w: Array, start: int) -> Call:
        """A call: out (R, n, m) = the transpose of the (m, n) numbers at `start` in each row of w (R, P)."""

    def gather(self, table: Array, index: Array, out: Array) -> Call:
        """A call: out (G, B, …) = table[index], rows of table (N, …) picked by index (G, B)."""

    def launch(self, kernel: "Kernel", work: int, *arrays: Array) -> Call:
        """A call that runs the kernel on these very arrays; `work` is the number of elements it visits."""

    def prefetcher(self) -> Prefetcher | None:
        """What brings rows that stay on the host; None where all arrays lie there."""

    def synchronize(self) -> None:
        """Wait until the device has done all that was requested."""

    def formula(self, function: Callable[..., None], *arrays: Array) -> Call:
        """A call of function(xp, *arrays), which does nothing but call functions of xp."""

    def capture(self, calls: Sequence[Call]) -> Replay:
        """One call that replays all these calls in order."""
