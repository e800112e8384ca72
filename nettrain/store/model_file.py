"""`model.safetensors`: the final weights of all members and the architecture they belong to.

Arrays are named `layers.K.weight` (R, m, n) and `layers.K.bias`, `.gain`, `.shift`, `.running_mean`,
`.running_variance`, or as an activation calls what it learns, (R, 1, n), where a layer has them; the metadata
holds the architecture as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from nettrain.backend.base import HostArray
from nettrain.errors import StoredContentError, StoredFileError
from nettrain.files import write_atomic
from nettrain.model.architecture import FORMAT, Architecture, ArchitectureJson
from nettrain.model.parameters import ParameterLayout, parameter_layout, statistics_layout, views
from nettrain.store.stored_arrays import ArrayFile, open_arrays
from nettrain.store.stored_file import checked, wrong_key

KEY = "architecture"  # of the metadata
WHAT = "a model of nettrain"
FLOATS = ("F32", "F64")  # as safetensors calls types
MOST_NUMBERS = 1 << 40  # that a network may have by its layers, before its arrays are compared
IMPOSSIBLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError)


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
    write_atomic(path, save(arrays, metadata={KEY: json.dumps(architecture.to_json())}))


def read_model(path: Path) -> tuple[Architecture, HostArray, HostArray]:
    """The architecture, its parameters (R, P) and statistics (R, Q). Raises StoredFileError if it is none."""
    with open_arrays(path, WHAT) as file:
        architecture = parse_architecture(file.json(KEY), f"{path}: {KEY}")
        layouts = _layouts(path, architecture)
        members = _members(file, layouts)
        arrays = file.arrays()
    parameters, statistics = (_flat(layout, arrays, members) for layout in layouts)
    return architecture, parameters, statistics


def parse_architecture(content: object, place: str) -> Architecture:
    """The architecture in plain data that stand in a `place`, which begins the message of an error."""
    if isinstance(content, Mapping) and content.get("format") != FORMAT:
        raise StoredFileError(f"{place}: was written by another version of nettrain; train it again")
    try:
        return Architecture.from_json(checked(content, place, ArchitectureJson))
    except StoredContentError as error:
        raise wrong_key(place, error) from error


def _layouts(path: Path, architecture: Architecture) -> tuple[ParameterLayout, ParameterLayout]:
    """The layouts of parameters and statistics. Raises StoredFileError for layers that do not go together."""
    try:
        layouts = parameter_layout(architecture), statistics_layout(architecture)
        sizes = [layout.size for layout in layouts]
    except IMPOSSIBLE as error:
        raise StoredFileError(f"{path}: {KEY}: its layers do not go together: {error}") from error
    if max(sizes) > MOST_NUMBERS:
        raise StoredFileError(
            f"{path}: {KEY}: has {max(sizes):,} parameters, more than any computer can hold"
        )
    return layouts


def _members(file: ArrayFile, layouts: tuple[ParameterLayout, ParameterLayout]) -> int:
    """The number of networks R. Raises StoredFileError where arrays are not those of these layouts."""
    expected = {f"layers.{slot.layer}.{slot.name}": slot.shape for layout in layouts for slot in layout.slots}
    there = file.shapes()
    kinds = file.types()
    if len(set(kinds.values())) != 1 or not set(kinds.values()) <= set(FLOATS):
        raise StoredFileError(f"{file.path}: its arrays are not all float32, or all float64")
    for name in dict.fromkeys([*expected, *there]):
        if name not in there or name not in expected:
            what = "missing" if name not in there else "not one of its architecture"
            raise StoredFileError(f'{file.path}: array "{name}" is {what}')
    members = next((shape[0] for shape in there.values() if shape), 0)
    for name, shape in there.items():
        if shape != (members, *expected[name]) or not members:
            wanted = (members or 1, *expected[name])
            raise StoredFileError(
                f'{file.path}: array "{name}" is {_sizes(shape)}, the architecture says {_sizes(wanted)}'
            )
    return members


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a single number"


def _flat(layout: ParameterLayout, arrays: Mapping[str, HostArray], members: int) -> HostArray:
    """The arrays of a model file as rows (R, P) of this layout."""
    rows = np.zeros((members, layout.size), next(iter(arrays.values())).dtype)
    for k, layer in enumerate(views(rows, layout)):
        for name, array in layer.items():
            array[...] = arrays[f"layers.{k}.{name}"]
    return rows
