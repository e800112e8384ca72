"""Forward passes over any number of rows, in chunks that fit the cache.

The chunk's size follows from the architecture alone: were it to follow from the number of members, a
member's figures would depend on its neighbours.
"""

from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Array, Backend, Call, HostArray
from nettrain.engine.members import shaped, stack
from nettrain.engine.population import Pool
from nettrain.engine.step import norm_numbers
from nettrain.model.architecture import Architecture
from nettrain.model.network import Chance, Network, Numbers, Tape, dropping_buffers, inference_buffers


@dataclass(frozen=True)
class Chunk:
    """Some rows and the call that computes their outputs (R, B, K), overwritten by the next chunk's."""

    rows: slice
    compute: Call
    output: Array


def chunk_rows(plan: Architecture, chunk_bytes: int) -> int:
    """Rows per chunk: a power of two from 64 to 1024 whose widest signal fits, in float64."""
    fitting = chunk_bytes // (8 * max(plan.widths))
    return int(2 ** np.clip(np.floor(np.log2(max(fitting, 1))), 6, 10))


def chunks(net: Network, x: Array, pool: Pool, chance: Chance | None = None) -> list[Chunk]:
    """Inference over x (N, D): batch_norm by its running statistics, no dropout unless by `chance`, no noise.

    Nothing is computed yet. Void when the memory of the network's parameters moves.
    """
    plan, backend, allocate = net.plan, net.backend, pool.prefixed("infer")
    members, size = int(net.parameters.shape[0]), chunk_rows(plan, backend.chunk_bytes)
    make = inference_buffers if chance is None else dropping_buffers
    make(plan, allocate, members, size)  # the largest first, see Pool
    made = []
    for start in range(0, len(x), size):
        rows = slice(start, min(start + size, len(x)))
        work, tape = make(plan, allocate, members, rows.stop - start), Tape()
        output = net.forward(tape, x[rows][None], work, chance and replace(chance, first=start))
        made.append(Chunk(rows, backend.capture(tape), output))
    return made


def predict(
    backend: Backend, plan: Architecture, parameters: HostArray, statistics: HostArray, x: HostArray
) -> HostArray:
    """Raw outputs (R, N, K) of stored parameters (R, P) and statistics (R, Q) for encoded rows x (N, D)."""
    net = stored_network(backend, plan, parameters, statistics)
    outputs = np.empty((len(parameters), len(x), plan.outputs), backend.dtype)
    for chunk in chunks(net, backend.from_host(x), Pool(backend)):
        chunk.compute()
        outputs[:, chunk.rows] = backend.to_host(chunk.output)
    return outputs


def stored_network(
    backend: Backend, plan: Architecture, parameters: HostArray, statistics: HostArray
) -> Network:
    """The network of a model file; what members may differ in is as the architecture says."""
    numbers = []
    for layer in plan.layers:
        activation, norm = (
            stack([block] * len(parameters)) for block in (layer.activation, layer.batch_norm)
        )
        numbers.append(Numbers(shaped(activation, 2, backend.dtype), norm_numbers(backend, norm)))
    return Network(backend, plan, backend.from_host(parameters), backend.from_host(statistics), numbers)
