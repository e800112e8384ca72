"""What settings of data come to with their source: how it is read, its targets, what was left automatic."""

import os
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from nettrain.data.columns.cell_inputs import CATEGORIES
from nettrain.data.columns.encoding import is_categorical
from nettrain.data.columns.roles import Roles
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.settings import DataSettings, is_path
from nettrain.data.splitting.order import OrderBy, resolve_order
from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Target, TargetKindSetting, TargetSetting, target_columns
from nettrain.errors import DataError

T = TypeVar("T")
MOST_CATEGORIES = 1000  # of a column, each with an input of its own
MOST_INDICATORS = 50_000_000  # 0/1 inputs of categories in all rows, unless each column has few


def text_columns(settings: DataSettings) -> tuple[str | int, ...]:
    """The columns whose cells keep their spelling, by name or position: text, categories, groups, classes."""
    group = [] if settings.columns.group is None else [settings.columns.group]
    one = -1 if settings.target is None else settings.target
    # several targets are numbers
    target = [one] if isinstance(one, str | int) and settings.target_kind in ("auto", "classes") else []
    return (*settings.columns.categorical, *settings.columns.words, *group, *target)


def read_options(settings: DataSettings) -> ReadOptions:
    """How the settings say that their source is read, and which columns they mention by name."""
    targets = settings.target if isinstance(settings.target, list) else [settings.target]
    roles = settings.columns
    order = [settings.order.by] if isinstance(settings.order, OrderBy) else []
    columns = [*targets, *order, *roles.ignore, *roles.categorical, *roles.numeric, *roles.words]
    columns += [roles.weight, roles.group, *settings.dates, *settings.scaling.columns]
    return ReadOptions(
        settings.header,
        settings.separator,
        tuple(map(str, settings.missing)),
        text=text_columns(settings),
        skip_rows=settings.skip_rows,
        sheet=settings.sheet,
        comment=settings.comment,
        names=tuple(map(str, settings.names or ())),
        mentioned=tuple(str(one) for one in columns if one is not None),
        storage=settings.storage,
    )


def name_targets(source: Source, setting: TargetSetting) -> Source:
    """The source with the target's columns named as in the settings, if they were passed as y of (X, y)."""
    several = [setting] if isinstance(setting, str) else setting if isinstance(setting, list) else []
    names = [name for name in several if isinstance(name, str)]
    fits = source.apart and len(names) == len(several) == len(source.targets)
    return source.with_targets(names) if fits else source


def target_kind(source: Source, names: Sequence[str], settings: DataSettings) -> TargetKindSetting:
    """The kind of target by the settings or, where they leave it open, by a source that knows its own."""
    known = source.classes and names == target_columns(source.table, source.target)
    return "classes" if known and settings.target_kind == "auto" else settings.target_kind


def resolve_settings(
    settings: DataSettings, roles: Roles, main: Table, target: Target, seed: int
) -> DataSettings:
    """The settings with every automatic value replaced by what was decided, and absolute paths.

    Raises DataError when classes are to be weighed and the targets are none.
    """
    target_scaling = resolve_target_scaling(settings, target)
    classes = target.kind == "classes"
    if settings.class_weights is not None and not classes:
        raise DataError(f"data.class_weights: needs a target of classes, not of {target.kind}")
    order = resolve_order(settings.order, main, target.names)
    drawn = order == "random" and roles.group is None
    decided = {
        "source": absolute(settings.source),
        "columns": roles.columns(),
        "target": target.names[0] if len(target.names) == 1 else list(target.names),
        "test": absolute(settings.test),
        "validation": absolute(settings.validation),
        "positive": target.classes[1] if len(target.classes) == 2 else None,
        "target_kind": target.kind,
        "target_scaling": target_scaling,
        "stratify": settings.stratify and classes and drawn,
        "order": order,
        "max_categories": resolve_categories(settings, roles, main, target.names),
        "seed": seed,
        "storage": resolve_storage(settings, main),
    }
    if is_path(settings.source):
        decided["header"] = main.header
        # Another file may have another separator, which "auto" finds again.
        if not (is_path(settings.test) or is_path(settings.validation)):
            decided["separator"] = main.separator
    return settings.model_copy(update=decided)


def resolve_target_scaling(settings: DataSettings, target: Target) -> str:
    """`standard` or `none`. Raises DataError when targets that are no numbers should be scaled."""
    if settings.target_scaling == "auto":
        return "standard" if target.kind == "numbers" else "none"
    if settings.target_scaling == "standard" and target.kind != "numbers":
        raise DataError(
            f'data.target_scaling: standard needs numbers, but "{target.names[0]}" holds {target.kind}'
        )
    return settings.target_scaling


def resolve_categories(settings: DataSettings, roles: Roles, main: Table, targets: Sequence[str]) -> int:
    """How many values of a column have an input each: so many that those of all columns fit into memory."""
    if settings.max_categories != "auto":
        return settings.max_categories
    names = roles.inputs(main, targets)
    if main.height * len(names) * MOST_CATEGORIES <= MOST_INDICATORS:
        return MOST_CATEGORIES
    values = [values_of(main, name, roles) for name in names]
    limits = np.arange(CATEGORIES, MOST_CATEGORIES + 1)
    inputs = np.minimum(np.array(values, dtype=np.int64)[:, None], limits)
    if settings.one_hot_up_to is not None:  # the others have a single input, a code
        inputs = np.where(inputs < settings.one_hot_up_to, inputs, 1)
    fitting = limits[inputs.sum(axis=0) * main.height <= MOST_INDICATORS]
    return int(fitting.max(initial=CATEGORIES))


def values_of(main: Table, name: str, roles: Roles) -> int:
    """How many values of a column may have an input each; of words they are not counted."""
    if name in roles.words:
        return MOST_CATEGORIES
    is_other = name in roles.numeric or not is_categorical(main, name, roles.categorical)
    return 0 if is_other else main.column(name).drop_nulls().n_unique()


def resolve_storage(settings: DataSettings, main: Table) -> str:
    """`disk` or `memory`. Raises DataError where rows should stay on disk of a source that cannot."""
    if settings.storage == "disk" and not main.on_disk:
        raise DataError(
            "data.storage: disk is for NPY and Parquet files with columns of numbers, which "
            f"{main.origin} is not; write it as one of them"
        )
    return "disk" if main.on_disk else "memory"


def absolute(source: T) -> T | str:
    """The source with an absolute path where it is one; anything else as it is."""
    return os.path.abspath(source) if isinstance(source, str) and is_path(source) else source
