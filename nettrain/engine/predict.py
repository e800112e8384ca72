"""Forward passes over any number of rows, in chunks that fit the cache.

The chunk's size follows from the architecture alone: were it to follow from the number of members, a
member's figures would depend on its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend, Call, HostArray
from nettrain.data.preprocessing import Preprocessing
from nettrain.engine.build import loss_of
from nettrain.engine.members import shaped, stack
from nettrain.engine.population import Pool
from nettrain.model.architecture import Architecture
from nettrain.model.network import Network, Tape, inference_buffers
from nettrain.model.parameters import layout
from nettrain.spec.experiment import Experiment

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """Some rows and the call that computes their outputs (R, B, K), overwritten by the next chunk's."""

    rows: slice
    compute: Call
    output: Array


def chunk_rows(plan: Architecture) -> int:
    """Rows per chunk: a power of two from 64 to 1024 whose widest signal fits CHUNK_BYTES."""
    fitting = CHUNK_BYTES // (8 * max(plan.widths))
    return int(2 ** np.clip(np.floor(np.log2(max(fitting, 1))), 6, 10))


def chunks(
    backend: Backend,
    plan: Architecture,
    parameters: Array,
    numbers: Sequence[Any],
    x: Array,
    pool: Pool,
) -> list[Chunk]:
    """Inference over x (N, D) with parameters (R, P); `numbers` are the activations' (R, 1, 1).

    Nothing is computed yet. No dropout, no noise. Void when the parameters' memory moves.
    """
    members, size = int(parameters.shape[0]), chunk_rows(plan)
    net, allocate = Network(backend, plan, layout(plan), numbers), pool.prefixed("infer")
    inference_buffers(plan, allocate, members, size)  # the largest first, see Pool
    made = []
    for start in range(0, len(x), size):
        rows = slice(start, min(start + size, len(x)))
        work = inference_buffers(plan, allocate, members, rows.stop - start)
        tape = Tape()
        output = net.forward(tape, x[rows][None], parameters, work)
        made.append(Chunk(rows, backend.capture(tape), output))
    return made


def predict(backend: Backend, plan: Architecture, parameters: HostArray, x: HostArray) -> HostArray:
    """Raw outputs (R, N, K) of stored parameters (R, P) for encoded rows x (N, D), on the host."""
    members = len(parameters)
    numbers = [shaped(stack([layer.activation] * members), 2, backend.dtype) for layer in plan.layers]
    outputs = np.empty((members, len(x), plan.outputs), backend.dtype)
    device = backend.from_host
    for chunk in chunks(backend, plan, device(parameters), numbers, device(x), Pool(backend)):
        chunk.compute()
        outputs[:, chunk.rows] = backend.to_host(chunk.output)
    return outputs


def answers(
    output: HostArray, experiment: Experiment, preprocessing: Preprocessing
) -> tuple[list[str], list[list[Any]]]:
    """A header and a row per row of outputs (N, K): classes and probabilities, or numbers."""
    response = loss_of(experiment).respond(output.astype(np.float64))
    names = list(preprocessing.target_names)
    if preprocessing.target_kind == "numbers":
        return names, preprocessing.unscale(response).tolist()
    if preprocessing.target_kind == "labels":
        header = [*names, *(f"probability_{name}" for name in names)]
        return header, [[*(int(p > 0.5) for p in row), *row] for row in response.tolist()]
    classes = preprocessing.classes
    if response.shape[-1] == 1:
        response = np.concatenate([1 - response, response], axis=-1)
    header = [*names, *(f"probability_{name}" for name in classes)]
    best = response.argmax(axis=-1)
    return header, [[classes[k], *row] for k, row in zip(best, response.tolist(), strict=True)]
