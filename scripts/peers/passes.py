"""An activation's passes over one layer's signals, as the tape of a step has them."""

from collections.abc import Callable

import numpy as np

from nettrain.backend.base import Call
from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.activations import activations
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import shaped, stack

SHAPE = (1, 128, 512)  # members, rows, units


def plain() -> list[str]:
    """The activations that have passes of their own over single numbers."""
    return [
        name
        for name, entry in activations.items()
        if entry.elementwise and not entry.learned and not entry.identity
    ]


def passes(name: str, threads: int) -> dict[str, Call]:
    """By name: forward, the same by its definition, and backward, each from fresh signals."""
    backend, entry = NumpyBackend("float32", threads), activations[name]
    members = stack([entry()])
    activation = shaped(members, 2, backend.dtype)
    numbers = backend.from_host(columns(members.kernel_numbers(), 1))
    drawn = np.random.default_rng(0).normal(0, 2, SHAPE).astype(np.float32)
    z, a, delta = (backend.zeros(SHAPE) for _ in range(3))
    z[...] = drawn

    def define() -> None:
        activation.forward(np, z, a)

    def back() -> None:
        activation.backward(np, delta, z, a)

    forward: Call = define
    if entry.forward_kernel is not None:
        forward = backend.launch(entry.forward_kernel, z.size, z, a, numbers)
    backward: Call = back
    if entry.backward_kernel is not None:
        backward = backend.launch(entry.backward_kernel, z.size, delta, z, a, numbers)
    return {
        kind: fresh(call, z, drawn, delta)
        for kind, call in (("forward", forward), ("definition", define), ("backward", backward))
    }


def fresh(call: Call, z: np.ndarray, drawn: np.ndarray, delta: np.ndarray) -> Callable[[], None]:
    """The call after its signals are put back; see `restoring` for what that takes."""

    def run() -> None:
        z[...] = drawn
        delta[...] = 1
        call()

    return run


def restoring() -> Call:
    """What `fresh` does beside its call."""
    drawn, z, delta = (np.ones(SHAPE, np.float32) for _ in range(3))
    return fresh(lambda: None, z, drawn, delta)
