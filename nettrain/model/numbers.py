"""What the members of a population may differ in at each layer, as arrays."""

from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend
from nettrain.catalogue.members import shaped
from nettrain.model.architecture import Architecture
from nettrain.model.network import DropoutState, Numbers


def layer_numbers(backend: Backend, members: Any) -> list[Numbers]:
    """What the members may differ in at each layer, in the run's dtype."""
    hidden = [
        Numbers(shaped(layer.activation, 2, backend.dtype), norm_numbers(backend, layer.batch_norm))
        for layer in members.model.layers
    ]
    return [*hidden, Numbers(shaped(members.model.last_activation, 2, backend.dtype))]


def norm_numbers(backend: Backend, norm: Any) -> Array | None:
    """Momentum and epsilon (R, 2) of a layer's stacked batch_norm, if it has one."""
    if norm is None:
        return None
    return backend.from_host(np.stack([norm.momentum, norm.epsilon], axis=1).astype(float))


def dropout_state(
    backend: Backend, plan: Architecture, members: Any, keys: Array, step: Array
) -> DropoutState:
    """What the members' masks and noise are drawn from."""
    drops = {}
    for k, layer in enumerate(members.model.layers):
        if plan.layers[k].dropout > 0:
            rates = layer.dropout.astype(float)
            below = np.round(rates * 65536).astype(np.uint64)
            drops[k] = (backend.from_host(below), backend.from_host(1 / (1 - rates)))
    sigma = backend.from_host(members.model.input_noise.astype(float)) if plan.input_noise > 0 else None
    return DropoutState(keys, step, drops, sigma)
