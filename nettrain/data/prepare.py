"""From the `data:` block to arrays: read, resolve the target, split, fit on the training rows, encode."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.encoding import columns_text, empty_rows, fit_encoders
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.columns.roles import Roles
from nettrain.data.formatted import (
    KnownFormats,
    formatted_columns,
    read_formatted,
    refuse_open_formats,
    target_names,
    whole_formats,
)
from nettrain.data.labelled import Rows, label_splits
from nettrain.data.preprocessing import Preprocessing, fit_scaling
from nettrain.data.reading.image_shape import ImageShape, image_by_names
from nettrain.data.reading.layout import InputLayout
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings, is_path
from nettrain.data.splitting.order import OrderBy, resolve_order
from nettrain.data.splitting.split import Split, Splits, Splitting, refuse_lost_classes
from nettrain.data.splitting.split_tables import SecondSources, read_tables
from nettrain.data.tables.arrays import Floats, Indices, Numbers
from nettrain.data.tables.spelling import is_missing, number_text
from nettrain.data.tables.table import Table
from nettrain.data.targets.kind import find_target, order_classes
from nettrain.data.targets.magnitude import refuse_small
from nettrain.data.targets.target import (
    Target,
    TargetKindSetting,
    TargetSetting,
    read_target_numbers,
    scale_target,
    target_columns,
)
from nettrain.data.targets.weights import class_weights
from nettrain.errors import DataError

__all__ = ["Prepared", "Rows", "prepare"]

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """The data of a run: its splits as arrays, the fitted preprocessing, the resolved settings.

    `notes` are what a person should read. `train` weighs rows by their class too, `column_weight` (N,) by the
    weight column alone.
    """

    train: Rows
    validation: Rows | None
    test: Rows | None
    preprocessing: Preprocessing
    settings: DataSettings
    notes: tuple[str, ...]
    column_weight: Floats | None = None  # None: as in `train`

    @property
    def train_by_column(self) -> Rows:
        """The training rows without the weights of their classes, as figures of them are measured."""
        weight = self.column_weight
        return self.train if weight is None else replace(self.train, weight=weight)


def prepare(settings: DataSettings, *, seed: int, dtype: str, memory: MemoryTables | None = None) -> Prepared:
    """Read the sources, split them by `seed`, and encode them as `dtype` (float32 or float64).

    `memory` holds the tables that sources named `memory:…` stand for. All that is fitted is fitted on the
    training rows. Where the settings have folds, the rows of the one that they take validate, or else those
    of the first. Raises DataError when the data cannot be read or do not fit the settings.
    """
    return prepare_with_splits(settings, seed=seed, dtype=dtype, memory=memory)[0]


def prepare_with_splits(
    settings: DataSettings, *, seed: int, dtype: str, memory: MemoryTables | None = None
) -> tuple[Prepared, Splits]:
    """What `prepare` returns, and the tables that locate the rows of training, validation and test."""
    read = read_data(settings, seed, memory)
    splits, folds = read.splitting.splits(), settings.folds
    prepared = read.prepare(splits, dtype)
    if folds is not None:
        note = f"data.folds: the rows of fold {folds.take or 1} of {folds.total} validate"
        prepared = replace(prepared, notes=(note, *prepared.notes))
    return prepared, splits


@dataclass(frozen=True, eq=False)
class ReadData:
    """Sources that have been read, and what is known of them before anything is fitted.

    `settings` are resolved; `read_as` are notes on formats by column, `kind_note` is one on the target.
    """

    source: Source
    settings: DataSettings
    roles: Roles
    layout: InputLayout
    target: Target
    splitting: Splitting
    read_as: dict[str, list[str]]
    kind_note: str

    def kept_whole(self) -> "ReadData":
        """The same data, whose preparation leaves these as they are."""
        return replace(self, splitting=replace(self.splitting, tables=self.splitting.tables.kept_whole()))

    def prepare(self, splits: Splits, dtype: str) -> Prepared:
        """The rows of the splits as arrays, with all that is fitted on the training rows.

        Afterwards the tables can only be used to locate rows.
        """
        target, settings, train = self.target, self.settings, splits["training"]
        refuse_lost_classes(target, train, folds=settings.folds is not None)
        if target.kind == "numbers":
            refuse_indistinct(target, train)
        if settings.target_scaling == "standard":
            target = scale_target(target, train.table, train.rows)
        preprocessing, fit_notes = fit(train, target, self.layout, self.roles, settings)
        preprocessing = replace(preprocessing, image=image_of(self.source, preprocessing))
        rows = label_splits(splits, preprocessing, dtype)
        weighted, weight_notes = weigh_classes(rows["training"], target, settings)
        notes = (
            self.kind_note,
            *self.splitting.tables.notes,
            *self.splitting.notes(self.source, splits),
            *weight_notes,
            *constant_target_notes(target, weighted),
            *(f"{columns_text(columns)}: {note}" for note, columns in self.read_as.items()),
            *fit_notes,
        )
        return Prepared(
            weighted,
            rows.get("validation"),
            rows.get("test"),
            preprocessing,
            settings,
            tuple(note for note in notes if note),
            rows["training"].weight,
        )

    def source_rows(self, split: Split) -> Indices:
        """The numbers of a split's rows in the source, as predictions of all of its rows are numbered."""
        rows = split.rows if split.table.source_rows is None else split.table.source_rows[split.rows]
        return self.source.table.output_rows()[rows]


def read_data(settings: DataSettings, seed: int, memory: MemoryTables | None = None) -> ReadData:
    """Read the sources, and resolve target, roles and settings. Raises what `prepare` raises."""
    options = read_options(settings)

    def read(options: ReadOptions) -> Source:
        source = read_source(settings.source, options, seed=seed, key="data.source", memory=memory)
        return name_targets(source.named(options.names), settings.target)

    known = KnownFormats("" if settings.decimal == "auto" else settings.decimal, settings.dates)
    columns = partial(formatted_columns, settings=settings)
    source, formats = read_formatted(read, options, columns, known)
    whole = whole_formats(read, options, source, columns(source)) if formats.decimal == "," else {}
    names = target_names(source, settings)
    roles = settings.columns.resolve(source.table, names)
    refuse_open_formats(formats, source, settings)
    text = (*roles.categorical, *names, *([roles.group] if roles.group else []), *whole)
    layout = InputLayout.of(source, options, text, {**formats.formats, **whole})
    tables = read_tables(source, settings, SecondSources(layout, names, settings.separator, seed, memory))
    target, kind_note = find_target(tables.main, names, target_kind(source, names, settings))
    target = order_classes(replace(target, renames=settings.labels), settings.positive)
    resolved = resolve_settings(settings, roles, tables.main, target, seed)
    splitting = Splitting.of(tables, target, roles.group, resolved, seed)
    read_as = formats.notes(roles.inputs(source.table, () if target.kind == "numbers" else names))
    return ReadData(source, resolved, roles, layout, target, splitting, read_as, kind_note)


def text_columns(settings: DataSettings) -> tuple[str | int, ...]:
    """The columns whose cells keep their spelling, by name or position: categories, groups and classes."""
    group = [] if settings.columns.group is None else [settings.columns.group]
    one = -1 if settings.target is None else settings.target
    # several targets are numbers
    target = [one] if isinstance(one, str | int) and settings.target_kind in ("auto", "classes") else []
    return (*settings.columns.categorical, *group, *target)


def read_options(settings: DataSettings) -> ReadOptions:
    """How the settings say that their source is read, and which columns they mention by name."""
    targets = settings.target if isinstance(settings.target, list) else [settings.target]
    roles = settings.columns
    order = [settings.order.by] if isinstance(settings.order, OrderBy) else []
    columns = [*targets, *order, *roles.ignore, *roles.categorical, *roles.numeric, roles.weight, roles.group]
    columns += [*settings.dates, *settings.scaling.columns]
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
    )


def refuse_indistinct(target: Target, train: Split) -> None:
    """Raise DataError when a target's numbers differ in the training rows, but too little for figures."""
    for name in target.names:
        refuse_small(train.table, name, read_target_numbers(train.table, name)[train.rows])


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
    """The settings with every automatic value replaced by what was decided, and absolute paths."""
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
        "seed": seed,
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


def absolute(source: T) -> T | str:
    """The source with an absolute path where it is one; anything else as it is."""
    return os.path.abspath(source) if isinstance(source, str) and is_path(source) else source


def fit(
    train: Split, target: Target, layout: InputLayout, roles: Roles, settings: DataSettings
) -> tuple[Preprocessing, list[str]]:
    """The encoders and the scaling of the inputs, fitted on the training rows, and notes on them."""
    table = train.table
    names = roles.inputs(table, target.names)
    encoders, notes = fit_encoders(
        table,
        names,
        train.rows,
        categorical=roles.categorical,
        numeric=roles.numeric,
        max_categories=settings.max_categories,
    )
    if not encoders:
        raise DataError(f"{table.origin}: no column but the target has a value to learn from")
    fitted = fit_scaling(settings.scaling, encoders, table, train.rows)
    encoded = {encoder.name for encoder in encoders}
    unused = [name for name in names if name not in encoded]
    preprocessing = Preprocessing(
        layout,
        tuple(encoders),
        settings.scaling,
        fitted,
        target,
        roles.weight,
        empty_rows=bool(empty_rows(table, encoders)[train.rows].any()),
        empty_columns=tuple(name for name in unused if is_missing(table, name)[train.rows].all()),
    )
    return preprocessing, notes


def image_of(source: Source, preprocessing: Preprocessing) -> ImageShape | None:
    """The image whose pixels are the inputs, all of them and in order; None where they are none."""
    names = preprocessing.feature_names
    if not all(isinstance(encoder, NumberColumn) for encoder in preprocessing.encoders):
        return None
    if source.image is None:
        return image_by_names(names)
    pixels = [name for name in source.table.columns if name not in preprocessing.target_names]
    return source.image if list(names) == pixels and len(names) == source.image.columns else None


def weigh_classes(train: Rows, target: Target, settings: DataSettings) -> tuple[Rows, list[str]]:
    """The training rows with the weight of their class as a factor, and a note on the classes' weights."""
    if settings.class_weights is None:
        return train, []
    labels = cast(npt.NDArray[np.int32], train.y)
    weights = class_weights(settings.class_weights, target, labels, train.weight)
    weight = train.weight * weights[labels].astype(train.weight.dtype)
    if not weight.any():
        raise DataError("data.class_weights: no training row weighs more than 0")
    text = ", ".join(f'"{name}" {number:.4g}' for name, number in zip(target.classes, weights, strict=True))
    return replace(train, weight=weight), [f"class weights: {text}"]


def constant_target_notes(target: Target, train: Rows) -> list[str]:
    """Notes on labels or numbers that are the same in all training rows; a single class is refused."""
    if target.kind == "classes":
        return []
    y = train.y
    constant = np.flatnonzero((y == y[0]).all(axis=0))
    role = "label" if target.kind == "labels" else "target"
    return [
        f'{role} "{target.names[k]}": {constant_text(target, y[0], int(k))} in every training row, '
        "so nothing can be learned of it"
        for k in constant
    ]


def constant_text(target: Target, y: Numbers, k: int) -> str:
    """The value of label or number k in a row y (K,), as in the data."""
    if target.kind == "labels":
        return f"{y[k]:g}"
    value = float(y[k]) * target.scale[k] + target.center[k]
    return number_text(float(f"{value:.12g}"))  # without the rounding of scaling
