"""`model.safetensors`: the final weights of all members and the architecture they belong to.

Arrays are named `layers.K.weight` (R, m, n) and `layers.K.bias`, `.gain`, `.shift`, `.running_mean`,
`.running_variance`, or as an activation calls what it learns, (R, 1, n), where a layer has them; the metadata
holds the architecture as JSON.
"""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nettrain.backend.base import HostArray
from nettrain.errors import SpecError
from nettrain.files import check_readable, write_atomic
from nettrain.model.architecture import Architecture
from nettrain.model.parameters import ParameterLayout, parameter_layout, statistics_layout, views


def write_model(path: Path, architecture: Architecture, parameters: HostArray, statistics: HostArray) -> None:
    """Write the parameters (R, P) and running statistics (R, Q) of an architecture."""
    arrays = {
        f"layers.{k}.{name}": np.ascontiguousarray(array)
        for buffer, layout in (
            (parameters, parameter_layout(architecture)),
            (statistics, statistics_layout(architecture)),
        )
        for k, layer in enumerate(views(buffer, layout))
        for name, array in layer.items()
    }
    write_atomic(path, save(arrays, metadata={"architecture": json.dumps(architecture.to_json())}))


def read_model(path: Path) -> tuple[Architecture, HostArray, HostArray]:
    """The architecture, its parameters (R, P) and statistics (R, Q). Raises SpecError if this is no model."""
    check_readable(path)
    try:
        with safe_open(path, framework="numpy") as f:
            architecture = Architecture.from_json(json.loads(f.metadata()["architecture"]))
            arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        members = max(len(array) for array in arrays.values())
        parameters = _flat(parameter_layout(architecture), arrays, members)
        return architecture, parameters, _flat(statistics_layout(architecture), arrays, members)
    except KeyError as error:
        raise SpecError(f"{path}: not a model of nettrain: no {error}") from error
    except (SafetensorError, OSError, IndexError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise SpecError(f"{path}: not a model of nettrain: {reason}") from error


def _flat(layout: ParameterLayout, arrays: dict[str, HostArray], members: int) -> HostArray:
    """The arrays of a model file as rows (R, P) of this layout."""
    rows = np.zeros((members, layout.size), next(iter(arrays.values())).dtype)
    for k, layer in enumerate(views(rows, layout)):
        for name, array in layer.items():
            stored = arrays[f"layers.{k}.{name}"]
            if stored.shape != array.shape:  # the assignment would broadcast some of them
                raise ValueError(f"layers.{k}.{name} is {stored.shape}, the architecture says {array.shape}")
            array[...] = stored
    return rows
