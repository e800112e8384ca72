"""`model.safetensors`: the final weights of all members and the architecture they belong to.

Arrays are named `layers.K.weight` (R, m, n) and `layers.K.bias` (R, 1, n); the metadata holds the
architecture as JSON.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nettrain.backend.base import HostArray
from nettrain.errors import SpecError
from nettrain.files import write_whole
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import layout, views


def write_model(path: Path, plan: Architecture, parameters: HostArray) -> None:
    """Write the parameters (R, P) of an architecture."""
    arrays = {
        f"layers.{k}.{name}": np.ascontiguousarray(array)
        for k, layer in enumerate(views(parameters, layout(plan)))
        for name, array in layer.items()
    }
    write_whole(path, save(arrays, metadata={"architecture": json.dumps(plan.to_json())}))


def read_model(path: Path) -> tuple[Architecture, HostArray]:
    """The architecture and its parameters (R, P). Raises SpecError when this is no model file."""
    try:
        with safe_open(path, framework="numpy") as f:
            plan = Architecture.from_json(json.loads(f.metadata()["architecture"]))
            arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        return plan, _flat(plan, arrays)
    except KeyError as error:
        raise SpecError(f"{path}: not a model of nettrain: no {error}") from error
    except (SafetensorError, OSError, IndexError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise SpecError(f"{path}: not a model of nettrain: {reason}") from error


def _flat(plan: Architecture, arrays: dict[str, HostArray]) -> HostArray:
    """The arrays of a model file as parameters (R, P)."""
    first, place = arrays["layers.0.weight"], layout(plan)
    parameters = np.zeros((first.shape[0], place.size), first.dtype)
    for k, layer in enumerate(views(parameters, place)):
        for name, array in layer.items():
            stored = arrays[f"layers.{k}.{name}"]
            if stored.shape != array.shape:  # the assignment would broadcast some of them
                raise ValueError(f"layers.{k}.{name} is {stored.shape}, the architecture says {array.shape}")
            array[...] = stored
    return parameters
