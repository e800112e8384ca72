"""Forward passes over any number of rows, in chunks that fit the cache.

The size of a chunk depends on the architecture alone. If it depended on the number of members, a member's
metrics would depend on the other members.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Array, Backend, Call, HostArray, Prefetcher
from nettrain.backend.coded_rows import CodedRows
from nettrain.backend.host_prefetcher import HostPrefetcher
from nettrain.backend.pool import Pool
from nettrain.backend.scratch_file import is_scratch
from nettrain.inference.dataset import Dataset, as_dtype, available_bytes, on_device
from nettrain.model.architecture import Architecture
from nettrain.model.layers.base import DropoutState
from nettrain.model.network import Network
from nettrain.model.tape import Tape

MAX_ROWS = 1024  # of a chunk


@dataclass(frozen=True)
class Inputs:
    """Encoded rows x (N, D) and further arrays with a row for each of them.

    All are on the device or, with a `prefetcher` that copies them there, on the host.
    """

    x: Array
    others: tuple[Array, ...] = ()
    prefetcher: Prefetcher | None = None

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> "Inputs":
        """The inputs of a dataset alone."""
        return cls(dataset.x, prefetcher=dataset.prefetcher)


@dataclass(frozen=True)
class RowChunk:
    """A chunk of rows, and the call that computes their raw outputs (R, B, K).

    `others` are these rows of the other inputs. Later chunks overwrite all arrays.
    """

    rows: slice
    compute: Call
    output: Array
    others: tuple[Array, ...] = ()


def row_chunks(
    network: Network, inputs: Inputs, pool: Pool, dropout_state: DropoutState | None = None
) -> Iterable[RowChunk]:
    """Forward passes over all rows in inference mode, of which none has been computed yet.

    Layers use their running statistics, there is no noise, and units are dropped only with a `dropout_state`.
    The chunks can be iterated any number of times, as long as the network's parameters keep their memory.
    Rows on the host are copied to the device while the chunk before them is computed.
    """
    passes = _ForwardPasses(network, pool, dropout_state)
    count = len(inputs.x)
    chunks = [slice(first, min(first + passes.size, count)) for first in range(0, count, passes.size)]
    if inputs.prefetcher is not None:
        return _StreamedChunks(inputs, inputs.prefetcher, chunks, passes, pool)
    over = passes.over_coded if isinstance(inputs.x, CodedRows) else passes.over_rows
    return [
        RowChunk(rows, *over(inputs.x, rows), tuple(array[rows] for array in inputs.others))
        for rows in chunks
    ]


class _ForwardPasses:
    """Forward passes of a network that share their scratch memory."""

    def __init__(self, network: Network, pool: Pool, dropout_state: DropoutState | None) -> None:
        self._network, self._dropout_state, self._allocate = network, dropout_state, pool.prefixed("infer")
        self._take = pool.prefixed("rows")
        self.size = chunk_rows(network.architecture, network.backend.chunk_bytes)
        one = network.backend.zeros((1, 1, 1))
        largest = network.backend.xp.broadcast_to(one, (1, self.size, network.architecture.inputs))
        network.forward(Tape(), largest, pool.planned("infer"), dropout_state=dropout_state)

    @property
    def random(self) -> bool:
        """Whether a pass depends on the numbers of its rows."""
        return self._dropout_state is not None

    def over_rows(self, x: Array, rows: slice) -> tuple[Call, Array]:
        """The call that computes the outputs (R, B, K) of some rows of x (N, D)."""
        return self.over(x[rows], rows.start)

    def over_coded(self, x: CodedRows, rows: slice) -> tuple[Call, Array]:
        """`over_rows` of coded rows, which are decoded before."""
        backend, tape = self._network.backend, Tape()
        decoded = self._take("coded", (self.size, x.shape[1]), x.dtype)[: rows.stop - rows.start]
        tape.add_call(backend.gather(x, np.arange(rows.start, rows.stop), decoded))
        return self.over(decoded, rows.start, tape)

    def over(self, x: Array, first: int, tape: Tape | None = None) -> tuple[Call, Array]:
        """The call that computes the outputs (R, B, K) of x (B, D), the rows from number `first` on.

        What is on the tape comes before.
        """
        state, tape = self._dropout_state and replace(self._dropout_state, first=first), tape or Tape()
        signals = self._network.forward(tape, x[None], self._allocate, dropout_state=state)
        backend = self._network.backend
        return backend.capture(tape.bound(backend)), signals.output


class _StreamedChunks:
    """Chunks of rows on the host, which pass through two slots on the device by turns."""

    def __init__(
        self,
        inputs: Inputs,
        prefetcher: Prefetcher,
        chunks: Sequence[slice],
        passes: _ForwardPasses,
        pool: Pool,
    ) -> None:
        self._prefetcher, self._chunks, self._passes = prefetcher, chunks, passes
        self._sources, take = (inputs.x, *inputs.others), pool.prefixed("passing")
        self._slots = [
            [
                take(f"{slot}.{k}", (passes.size, *source.shape[1:]), source.dtype)
                for k, source in enumerate(self._sources)
            ]
            for slot in range(2)
        ]
        self._calls: dict[tuple[int, int, int], tuple[Call, Array]] = {}

    def __iter__(self) -> Iterator[RowChunk]:
        try:
            self._load(0)
            for number in range(len(self._chunks)):
                self._load(number + 1)
                self._prefetcher.ready(number % 2)
                yield self._chunk(number)
        except BaseException:  # GeneratorExit too: rows may be on their way to memory that is released
            self._prefetcher.drain()
            raise

    def _load(self, number: int) -> None:
        if number < len(self._chunks):
            columns = list(zip(self._sources, self._arrays(number), strict=True))
            self._prefetcher.load(number % 2, self._chunks[number], columns)

    def _arrays(self, number: int) -> list[Array]:
        """Where the rows of this chunk arrive."""
        rows = self._chunks[number]
        return [array[: rows.stop - rows.start] for array in self._slots[number % 2]]

    def _chunk(self, number: int) -> RowChunk:
        rows, (x, *others) = self._chunks[number], self._arrays(number)
        # without random numbers, all chunks of one size in one slot are the same calls
        first = rows.start if self._passes.random else 0
        key = (number % 2, len(x), first)
        if key not in self._calls:
            self._calls[key] = self._passes.over(x, first)
        return RowChunk(rows, *self._calls[key], tuple(others))


def inputs_of(backend: Backend, x: HostArray) -> Inputs:
    """Rows x (N, D) of the host, on the device if they take up to half of the memory available there.

    Those on disk stream to memory.
    """
    prefetcher, x = backend.prefetcher(), as_dtype(x, backend.dtype)
    if prefetcher is None and is_scratch(x):
        return Inputs(x, prefetcher=HostPrefetcher())
    if prefetcher is None or 2 * x.nbytes <= available_bytes(prefetcher):
        return Inputs(on_device(x, backend))
    return Inputs(x, prefetcher=prefetcher)


def computed(chunks: Iterable[RowChunk]) -> Iterator[RowChunk]:
    """The chunks one after the other, each once its outputs are computed."""
    for chunk in chunks:
        chunk.compute()
        yield chunk


def collect_outputs(network: Network, chunks: Iterable[RowChunk], rows: int) -> HostArray:
    """The raw outputs (R, N, K) for all chunks of N rows, on the host."""
    members = int(network.parameters.shape[0])
    outputs = np.empty((members, rows, network.architecture.outputs), network.backend.dtype)
    for chunk in computed(chunks):
        outputs[:, chunk.rows] = network.backend.to_host(chunk.output)
    return outputs


def raw_outputs(network: Network, x: HostArray) -> HostArray:
    """The raw outputs (R, N, K) of a network for encoded rows x (N, D), on the host."""
    chunks = row_chunks(network, inputs_of(network.backend, x), Pool(network.backend))
    return collect_outputs(network, chunks, len(x))


def chunk_rows(architecture: Architecture, chunk_bytes: int) -> int:
    """Rows of a chunk: a power of two from 64 to 1024 for which the widest layer fits, in float64.

    Sub-members share this number: each has a copy of the rows.
    """
    copies = architecture.sub_members
    fitting = chunk_bytes // (8 * max(architecture.widths) * copies)
    fewest = max(0, 6 - math.floor(math.log2(copies)))
    return int(2 ** np.clip(np.floor(np.log2(max(fitting, 1))), fewest, np.log2(MAX_ROWS)))
