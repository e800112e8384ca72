"""Which experiments may train side by side, and their numbers stacked member by member.

Numbers marked as varying may differ; everything else of a spec, dumped, is the grouping key.
"""

import json
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from nettrain.catalogue.settings import Settings, varies


def grouping_key(settings: Settings) -> str:
    """The text that is equal for experiments which may be one population."""
    return json.dumps(_shared(settings), sort_keys=True, default=str)


def group(experiments: Sequence[Settings]) -> list[list[int]]:
    """Positions of the experiments that train together, each group in the order given."""
    groups: dict[str, list[int]] = {}
    for position, experiment in enumerate(experiments):
        groups.setdefault(grouping_key(experiment), []).append(position)
    return list(groups.values())


def stack(settings: Sequence[Any]) -> Any:
    """One namespace for R settings of one group: varying numbers as (R,), all else as it is.

    Lists of settings are stacked place by place, a model's hidden layers always as its `layers`.
    """
    first = settings[0]
    if _blocks(first):
        return [stack(column) for column in zip(*settings, strict=True)]
    if not isinstance(first, Settings):
        return first
    settings = [member.written_out() for member in settings]
    stacked = SimpleNamespace()
    for field, free in _fields(type(first)).items():
        values = [getattr(member, field) for member in settings]
        if free and None not in values:
            setattr(stacked, field, np.array(values))
        else:
            setattr(stacked, field, stack(values))
    return stacked


def select(stacked: Any, rows: Any) -> Any:
    """The stacked numbers of some members."""
    return _each(stacked, lambda array: array[rows])


def shaped(stacked: Any, trailing: int, dtype: Any = np.float64) -> Any:
    """The stacked numbers as (R, 1, …) with `trailing` axes of length 1."""
    return _each(stacked, lambda array: array.astype(dtype).reshape(-1, *[1] * trailing))


def placed(stacked: Any, place: Any) -> Any:
    """The stacked numbers where `place` puts an array."""
    return _each(stacked, place)


def _each(stacked: Any, function: Any) -> Any:
    if isinstance(stacked, np.ndarray):
        return function(stacked)
    if isinstance(stacked, SimpleNamespace):
        return SimpleNamespace(**{k: _each(v, function) for k, v in vars(stacked).items()})
    if isinstance(stacked, list):
        return [_each(item, function) for item in stacked]
    return stacked


def _blocks(value: Any) -> bool:
    """Whether this is a list of settings."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], Settings)


def _shared(settings: Any) -> Any:
    """A dump without the numbers that may differ; one that is not given is shared by those without it."""
    if _blocks(settings):
        return [_shared(block) for block in settings]
    if not isinstance(settings, Settings):
        return settings
    values = {field: (getattr(settings, field), free) for field, free in _fields(type(settings)).items()}
    return {field: _shared(value) for field, (value, free) in values.items() if value is None or not free}


@cache
def _fields(kind: type[Settings]) -> dict[str, bool]:
    """The fields of a kind of settings, and whether members may differ in each."""
    return {field: varies(kind, field) for field in kind.model_fields}
