"""Which experiments may train side by side, and their settings stacked member by member.

Numbers declared as varying may differ; everything else of an experiment, dumped, is the grouping key.

The stacked settings of R members are an object of the same class as those of one, so that an entry's methods
work on both: only the numbers declared as varying are arrays, (R,) from `stack`, and (R, 1, …) from `shaped`
where they are to meet signals. A number that is None is None for all members of a group.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Floats, HostArray
from nettrain.catalogue.settings import Settings, varies

S = TypeVar("S")  # settings, a list of them, or None where a block is switched off
PLAIN = frozenset((str, float, int, bool, type(None)))  # most fields; this runs every epoch


def grouping_key(settings: Settings) -> str:
    """The text that is equal for experiments which may be one population."""
    return json.dumps(_shared(settings), sort_keys=True, default=str)


def group(experiments: Sequence[Settings]) -> list[list[int]]:
    """Positions of the experiments that train together, each group in the order given."""
    groups: dict[str, list[int]] = {}
    for position, experiment in enumerate(experiments):
        groups.setdefault(grouping_key(experiment), []).append(position)
    return list(groups.values())


def stack(settings: Sequence[S]) -> S:
    """The settings of R members of one group as one object: varying numbers as (R,), all else as it is.

    Lists of settings are stacked item by item, a model's hidden layers always as its `layers`.
    """
    first = settings[0]
    if _is_blocks(first):
        columns = zip(*cast(Sequence[list[Settings]], settings), strict=True)
        return cast(S, [stack(column) for column in columns])
    if not isinstance(first, Settings):
        return first
    count = len(settings)
    if count > 1 and all(one is first for one in settings):  # as in a gradient check
        return cast(S, _mapped(stack([first]), lambda array: np.repeat(array, count, axis=0)))
    members = [member.written_out() for member in cast(Sequence[Settings], settings)]
    return cast(S, members[0].model_copy(update=_stacked_fields(members)))


def _stacked_fields(members: Sequence[Settings]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for field, free in _fields(type(members[0])).items():
        values = [getattr(member, field) for member in members]
        fields[field] = np.array(values) if free and None not in values else stack(values)
    return fields


def select(stacked: S, rows: npt.NDArray[np.intp]) -> S:
    """The stacked settings of some members."""
    return _mapped(stacked, lambda array: array[rows])


def shaped(stacked: S, trailing: int, dtype: npt.DTypeLike = np.float64) -> S:
    """The stacked settings with their numbers as (R, 1, …), with `trailing` axes of length 1."""
    return _mapped(stacked, lambda array: array.astype(dtype).reshape(-1, *[1] * trailing))


def on_device(stacked: S, from_host: Callable[[HostArray], Array]) -> S:
    """The stacked settings with their numbers on the device."""
    return _mapped(stacked, from_host)


def per_member(number: object) -> Floats:
    """A stacked number as float64, a copy: the settings of one member declare it as a float."""
    return np.array(number, dtype=np.float64)


def _mapped(stacked: S, function: Callable[[HostArray], Array]) -> S:
    """The settings with this function of every array in them."""
    if type(stacked) in PLAIN:
        return stacked
    if isinstance(stacked, np.ndarray):
        return cast(S, function(stacked))
    if isinstance(stacked, Settings):
        fields = {name: _mapped(value, function) for name, value in vars(stacked).items()}
        return cast(S, stacked.model_copy(update=fields))
    if isinstance(stacked, list):
        return cast(S, [_mapped(item, function) for item in stacked])
    return stacked


def _is_blocks(value: object) -> bool:
    """Whether this is a list of settings."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], Settings)


def _shared(settings: object) -> object:
    """A dump without the numbers that may differ; one that is not given is shared by those without it."""
    if isinstance(settings, list) and _is_blocks(settings):
        return [_shared(block) for block in settings]
    if not isinstance(settings, Settings):
        return settings
    values = {field: (getattr(settings, field), free) for field, free in _fields(type(settings)).items()}
    return {field: _shared(value) for field, (value, free) in values.items() if value is None or not free}


@cache
def _fields(kind: type[Settings]) -> dict[str, bool]:
    """The fields of a kind of settings, and whether members may differ in each."""
    return {field: varies(kind, field) for field in kind.model_fields}
