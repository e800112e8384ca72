"""What is fitted on the training rows: encoders, scaling, weights of classes; and notes on their targets."""

from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.encoding import empty_rows, fit_encoders
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.columns.roles import Roles
from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing, fit_scaling, scaled_kinds
from nettrain.data.reading.image_shape import ImageShape, image_by_names
from nettrain.data.reading.layout import InputLayout
from nettrain.data.reading.source import Source
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.split import Split
from nettrain.data.tables.arrays import Numbers
from nettrain.data.tables.spelling import is_missing, number_text
from nettrain.data.targets.magnitude import refuse_small
from nettrain.data.targets.target import Target, read_target_numbers
from nettrain.data.targets.weights import class_weights
from nettrain.errors import DataError


def refuse_indistinct(target: Target, train: Split) -> None:
    """Raise DataError when a target's numbers differ in the training rows, but too little for figures."""
    for name in target.names:
        refuse_small(train.table, name, read_target_numbers(train.table, name)[train.rows])


def fit(
    train: Split, target: Target, layout: InputLayout, roles: Roles, settings: DataSettings
) -> tuple[Preprocessing, list[str]]:
    """The encoders and the scaling of the inputs, fitted on the training rows, and notes on them.

    Raises DataError when a column cannot be encoded, or no input is left.
    """
    table = train.table
    names = roles.inputs(table, target.names)
    encoders, notes = fit_encoders(
        table,
        names,
        train.rows,
        categorical=roles.categorical,
        numeric=roles.numeric,
        words=roles.words,
        inputs=settings.cell_inputs,
    )
    if not encoders:
        raise DataError(f"{table.origin}: no column but the target has a value to learn from")
    kinds = scaled_kinds(settings.scale_indicators)
    fitted = fit_scaling(settings.scaling, encoders, table, train.rows, kinds)
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
        scale_indicators=settings.scale_indicators,
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
    """The training rows with the weight of their class as a factor, and a note on the classes' weights.

    Raises DataError when a class has no weight, or no row has any.
    """
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
