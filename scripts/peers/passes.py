"""The passes of an activation over the outputs of one layer, as a training step runs them."""

from collections.abc import Callable

import numpy as np

from nettrain.backend.base import Call
from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.activations import activations
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import shaped, stack

SHAPE = (1, 128, 512)  # members, rows, units


def kernel_activations() -> list[str]:
    """The elementwise activations that have kernels and nothing to learn."""
    return [
        name
        for name, entry in activations.items()
        if entry.elementwise and not entry.learned and not entry.identity
    ]


def passes(name: str, threads: int) -> dict[str, Call]:
    """The calls forward, definition (forward by ufuncs) and backward, each on fresh inputs."""
    backend, entry = NumpyBackend("float32", threads), activations[name]
    members = stack([entry()])
    activation = shaped(members, 2, backend.dtype)
    numbers = backend.from_host(columns(members.kernel_numbers(), 1))
    signals = np.random.default_rng(0).normal(0, 2, SHAPE).astype(np.float32)
    z, a, delta = (backend.zeros(SHAPE) for _ in range(3))
    z[...] = signals

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
        kind: fresh(call, z, signals, delta)
        for kind, call in (("forward", forward), ("definition", define), ("backward", backward))
    }


def fresh(call: Call, z: np.ndarray, signals: np.ndarray, delta: np.ndarray) -> Callable[[], None]:
    """The call after its inputs are restored; `restore_only` measures what that takes."""

    def run() -> None:
        z[...] = signals
        delta[...] = 1
        call()

    return run


def restore_only() -> Call:
    """What `fresh` does apart from its call."""
    signals, z, delta = (np.ones(SHAPE, np.float32) for _ in range(3))
    return fresh(lambda: None, z, signals, delta)
