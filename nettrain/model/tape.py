"""The tape: the operations of a step in order, recorded before they are bound to a backend.

Layers append one operation at a time, as in the formulas: a product, a bias, a kernel. `bound` fuses
neighbouring entries (see `model.fusing`) and turns them into calls of the backend. Binding compiles kernels;
replaying the calls allocates nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from nettrain.backend.base import Array, Backend, Call
from nettrain.backend.kernel import Kernel
from nettrain.backend.product import add_bias, lower_limit

if TYPE_CHECKING:
    from nettrain.model.architecture import Node

LONG = 4096  # elements of a merged row, at most


class Entry(Protocol):
    """An operation on a tape."""

    def bind(self, backend: Backend) -> Call:
        """The backend's call for this operation."""


@dataclass(frozen=True, eq=False)
class Product:
    """out = a @ b; fused also max(a @ b + bias, clamp_min) where relu_mask > 0, else 0."""

    a: Array
    b: Array
    out: Array
    bias: tuple[Array, int] | None = None
    clamp_min: float | None = None
    relu_mask: Array | None = None

    def bind(self, backend: Backend) -> Call:
        return backend.product(
            self.a, self.b, self.out, bias=self.bias, clamp_min=self.clamp_min, relu_mask=self.relu_mask
        )


@dataclass(frozen=True, eq=False)
class AddBias:
    """out (R, B, H) += the H numbers at `start` in each row of w (R, P)."""

    out: Array
    w: Array
    start: int

    def bind(self, backend: Backend) -> Call:
        return backend.launch(
            add_bias, self.out.size, self.out, self.w, self.start, lower_limit(backend, None)
        )


@dataclass(frozen=True, eq=False)
class Multiply:
    """out = a·b, element by element."""

    a: Array
    b: Array
    out: Array

    def bind(self, backend: Backend) -> Call:
        return partial(backend.xp.multiply, self.a, self.b, out=self.out)


@dataclass(frozen=True, eq=False)
class Launch:
    """A kernel and its arrays; the first `signals` of them are visited element by element."""

    kernel: Kernel
    arrays: tuple[Any, ...]
    signals: int
    work: int | None

    def bind(self, backend: Backend) -> Call:
        arrays = [*longer_rows(self.arrays[: self.signals], backend), *self.arrays[self.signals :]]
        return backend.launch(self.kernel, self.work or self.arrays[0].size, *arrays)


@dataclass(frozen=True, eq=False)
class BoundCall:
    """A call that needs no binding."""

    call: Call

    def bind(self, backend: Backend) -> Call:
        return self.call


@dataclass(frozen=True)
class Phase:
    """Marks the beginning of a phase of the step."""

    name: str


class Tape(list[Entry | Phase]):
    """The operations of a step, in order."""

    def phase(self, name: str) -> None:
        """Begin a phase: the entries from here on belong to it."""
        self.append(Phase(name))

    def call(self, function: Callable[..., object], *arrays: Any, **named: Any) -> None:
        """Append `function(*arrays, **named)`."""
        self.append(BoundCall(partial(function, *arrays, **named)))

    def formula(self, function: Callable[..., None], *arrays: Array) -> None:
        """Append `function(xp, *arrays)`, which does nothing but call functions of xp that have an `out`."""
        self.append(Deferred(lambda backend: backend.formula(function, *arrays)))

    def add_call(self, call: Call) -> None:
        """Append a call of the backend."""
        self.append(BoundCall(call))

    def product(self, a: Array, b: Array, out: Array) -> None:
        """Append out (R, n, k) = a (1|R, n, m) @ b (1|R, m, k).

        With four axes each member has C matrices of its own: out (R, C, n, k) = a (1|R, C, n, m) @
        b (1|R, C, m, k).
        """
        self.extend(Product(*arrays) for arrays in flat_products(a, b, out))

    def add_bias(self, out: Array, w: Array, start: int) -> None:
        """Append out (R, B, H) += the H numbers at `start` in each row of w (R, P)."""
        self.append(AddBias(out, w, start))

    def sum_rows(self, x: Array, w: Array, start: int) -> None:
        """Append: the H numbers at `start` in each row of w (R, P) = the sums over rows of x (R, B, H)."""
        self.append(Deferred(lambda backend: backend.sum_rows(x, w, start)))

    def transpose(self, out: Array, w: Array, start: int) -> None:
        """Append out (R, n, m) = the transpose of the (m, n) numbers at `start` in each row of w (R, P)."""
        self.append(Deferred(lambda backend: backend.transpose(out, w, start)))

    def multiply(self, a: Array, b: Array, out: Array) -> None:
        """Append out = a·b, element by element."""
        self.append(Multiply(a, b, out))

    def add(self, a: Array, b: Array, out: Array) -> None:
        """Append out = a + b, element by element; b may be (1, B, W)."""
        self.append(Deferred(lambda backend: partial(backend.xp.add, a, b, out=out)))

    def launch(self, kernel: Kernel, *arrays: Any, signals: int = 0, work: int | None = None) -> None:
        """Append a kernel on these arrays.

        The first `signals` arrays may be passed with longer rows, since the kernel is elementwise in them.
        `work` is the number of elements that it visits, by default those of the first array.
        """
        self.append(Launch(kernel, arrays, signals, work))

    def on_input(self, node: "Node", x: Array) -> None:
        """Called when the input x of a layer is complete; a hook for tapes that inspect signals."""

    def on_output(self, node: "Node", y: Array) -> None:
        """Called when the output y of a layer is complete; a hook as well."""

    def on_delta(self, node: "Node", delta: Array) -> None:
        """Called when the gradient delta with respect to a layer's output is complete; a hook as well."""

    def bound(self, backend: Backend, *, fuse: bool = True) -> list[Call]:
        """The backend's calls for all entries, in order."""
        return [call for _, calls in self.phases(backend, fuse=fuse) for call in calls]

    def phases(self, backend: Backend, *, fuse: bool = True) -> list[tuple[str, list[Call]]]:
        """The bound calls of each phase; entries before the first phase belong to it."""
        from nettrain.model.fusing import fused

        parts: list[tuple[str, list[Call]]] = []
        for name, entries in self._cut():
            chosen = fused(entries) if fuse else entries
            parts.append((name, [entry.bind(backend) for entry in chosen]))
        return parts

    def _cut(self) -> list[tuple[str, list[Entry]]]:
        parts: list[tuple[str, list[Entry]]] = []
        waiting: list[Entry] = []
        for entry in self:
            if isinstance(entry, Phase):
                parts.append((entry.name, [] if parts else waiting))
            elif parts:
                parts[-1][1].append(entry)
            else:
                waiting.append(entry)
        return parts or [("", waiting)]


@dataclass(frozen=True, eq=False)
class Deferred:
    """An operation whose call is made when the tape is bound."""

    make: Callable[[Backend], Call]

    def bind(self, backend: Backend) -> Call:
        return self.make(backend)


def flat_products(a: Array, b: Array, out: Array) -> list[tuple[Array, Array, Array]]:
    """A product of four axes as products of three: a single one where the arrays lie in one piece.

    Otherwise one for each member or for each of its C matrices, whichever are fewer. The size of one matrix
    decides how it is computed, so that the result is the same.
    """
    if out.ndim == 3:
        return [(a, b, out)]
    members, each = out.shape[:2]
    if members == 1 or all(map(_joins, (a, b, out))):
        return [tuple(array.reshape(-1, *array.shape[2:]) for array in (a, b, out))]
    if each <= members:
        return [(a[:, c], b[:, c], out[:, c]) for c in range(each)]
    return [(a[r % len(a)], b[r % len(b)], out[r]) for r in range(members)]


def _joins(array: Array) -> bool:
    """Whether the first two axes (R, C) of an array of R members are one axis in memory."""
    return len(array) > 1 and array.strides[0] == array.shape[1] * array.strides[1]


def longer_rows(arrays: Sequence[Array], backend: Backend) -> list[Array]:
    """Signals (R, B, W) with several rows merged into one, on backends that gain from longer rows."""
    if not arrays or not backend.merges_rows:
        return list(arrays)
    members, rows, width = arrays[0].shape
    merged = max(n for n in range(1, rows + 1) if rows % n == 0 and (n == 1 or n * width <= LONG))
    return [array.reshape(members, rows // merged, merged * width) for array in arrays]
