"""Forward passes over any number of rows, in chunks that fit the cache.

The chunk's size follows from the architecture alone: were it to follow from the number of members, a
member's figures would depend on its neighbours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Array, Backend, Call, HostArray, Prefetcher
from nettrain.backend.pool import Pool
from nettrain.inference.dataset import fitting, in_dtype
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import stacked_layers
from nettrain.model.layers.base import DropoutState
from nettrain.model.network import Network
from nettrain.model.tape import Tape


@dataclass(frozen=True)
class Given:
    """What passes are over: x (N, D) and what lies beside it.

    All of it is on the device or, with a `prefetcher`, on the host.
    """

    x: Array
    beside: tuple[Array, ...] = ()
    prefetcher: Prefetcher | None = None


@dataclass(frozen=True)
class RowChunk:
    """Some rows, what was given beside them, and the call that computes their outputs (R, B, K).

    All but the numbers of the rows is overwritten by later chunks.
    """

    rows: slice
    compute: Call
    output: Array
    beside: tuple[Array, ...] = ()


def chunks(
    net: Network, given: Given, pool: Pool, dropout_state: DropoutState | None = None
) -> Iterable[RowChunk]:
    """Inference: layers go by their running statistics, no dropout unless by `dropout_state`, no noise.

    Nothing is computed yet. Rows of the host come while the chunk before them is computed, each time that
    somebody goes through the chunks. Void when the memory of the network's parameters moves.
    """
    size, passes = chunk_rows(net.architecture, net.backend.chunk_bytes), _Passes(net, pool, dropout_state)
    rows = [slice(start, min(start + size, len(given.x))) for start in range(0, len(given.x), size)]
    if given.prefetcher is not None:
        return _Passing(given, given.prefetcher, rows, passes, pool)
    return [
        RowChunk(part, *passes.over(given.x[part], part.start), tuple(array[part] for array in given.beside))
        for part in rows
    ]


class _Passes:
    """Forward passes of a network, all in the same scratch memory."""

    def __init__(self, net: Network, pool: Pool, dropout_state: DropoutState | None) -> None:
        self._net, self._dropout_state, self._allocate = net, dropout_state, pool.prefixed("infer")
        self.size = chunk_rows(net.architecture, net.backend.chunk_bytes)
        one = net.backend.zeros((1, 1, 1))
        largest = net.backend.xp.broadcast_to(one, (1, self.size, net.architecture.inputs))
        net.forward(Tape(), largest, pool.planned("infer"), dropout_state=dropout_state)

    @property
    def drawing(self) -> bool:
        """Whether what a pass does depends on the numbers of its rows."""
        return self._dropout_state is not None

    def over(self, x: Array, first: int) -> tuple[Call, Array]:
        """The call that computes outputs (R, B, K) of x (B, D), rows whose numbers begin with `first`."""
        dropout_state, tape = self._dropout_state and replace(self._dropout_state, first=first), Tape()
        signals = self._net.forward(tape, x[None], self._allocate, dropout_state=dropout_state)
        backend = self._net.backend
        return backend.capture(tape.bound(backend)), signals.output


class _Passing:
    """Chunks of rows on the host, which alternate between memory for two of them."""

    def __init__(
        self, given: Given, prefetcher: Prefetcher, rows: list[slice], passes: _Passes, pool: Pool
    ) -> None:
        self._prefetcher, self._rows, self._passes = prefetcher, rows, passes
        self._sources, take = (given.x, *given.beside), pool.prefixed("passing")
        self._slots = [
            [
                take(f"{slot}.{k}", (passes.size, *source.shape[1:]), source.dtype)
                for k, source in enumerate(self._sources)
            ]
            for slot in range(2)
        ]
        self._made: dict[tuple[int, int, int], tuple[Call, Array]] = {}

    def __iter__(self) -> Iterator[RowChunk]:
        try:
            self._load(0)
            for number in range(len(self._rows)):
                self._load(number + 1)
                self._prefetcher.ready(number % 2)
                yield self._chunk(number)
        except BaseException:  # GeneratorExit too: rows may be on their way to memory that nobody keeps
            self._prefetcher.drain()
            raise

    def _load(self, number: int) -> None:
        if number < len(self._rows):
            columns = list(zip(self._sources, self._arrays(number), strict=True))
            self._prefetcher.load(number % 2, self._rows[number], columns)

    def _arrays(self, number: int) -> list[Array]:
        """Where the rows of this chunk arrive."""
        part = self._rows[number]
        return [array[: part.stop - part.start] for array in self._slots[number % 2]]

    def _chunk(self, number: int) -> RowChunk:
        part, (x, *beside) = self._rows[number], self._arrays(number)
        first = part.start if self._passes.drawing else 0  # or chunks of one size are the same calls
        key = (number % 2, len(x), first)
        if key not in self._made:
            self._made[key] = self._passes.over(x, first)
        return RowChunk(part, *self._made[key], tuple(beside))


def given(backend: Backend, x: HostArray) -> Given:
    """Rows x (N, D) of the host, put on the device when they take up to half of what is free there."""
    prefetcher, x = backend.prefetcher(), in_dtype(x, backend.dtype)
    if prefetcher is None or 2 * x.nbytes <= fitting(prefetcher):
        return Given(backend.from_host(x))
    return Given(x, prefetcher=prefetcher)


def predict(
    backend: Backend, architecture: Architecture, parameters: HostArray, statistics: HostArray, x: HostArray
) -> HostArray:
    """Raw outputs (R, N, K) of stored parameters (R, P) and statistics (R, Q) for encoded rows x (N, D)."""
    net = stored_network(backend, architecture, parameters, statistics)
    return collect_outputs(net, chunks(net, given(backend, x), Pool(backend)), len(x))


def collect_outputs(net: Network, parts: Iterable[RowChunk], rows: int) -> HostArray:
    """The raw outputs (R, N, K) of a network for all chunks of N rows, on the host."""
    outputs = np.empty((net.parameters.shape[0], rows, net.architecture.outputs), net.backend.dtype)
    for part in parts:
        part.compute()
        outputs[:, part.rows] = net.backend.to_host(part.output)
    return outputs


def stored_network(
    backend: Backend, architecture: Architecture, parameters: HostArray, statistics: HostArray
) -> Network:
    """The network of a model file; what members may differ in is as the architecture says."""
    layers = stacked_layers([architecture] * len(parameters))
    fitted = backend.from_host(parameters), backend.from_host(statistics)
    return Network(backend, architecture, *fitted, layers)


MOST_ROWS = 1024  # of a chunk


def chunk_rows(architecture: Architecture, chunk_bytes: int) -> int:
    """Rows per chunk: a power of two from 64 to 1024 whose widest signal fits, in float64."""
    fitting = chunk_bytes // (8 * max(architecture.widths))
    return int(2 ** np.clip(np.floor(np.log2(max(fitting, 1))), 6, np.log2(MOST_ROWS)))
