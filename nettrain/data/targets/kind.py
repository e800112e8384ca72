"""What kind a target is: classes, numbers, or several 0/1 labels; as the settings say, or by its cells."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nettrain.data.columns.numbers import is_boolean
from nettrain.data.tables.arrays import Floats
from nettrain.data.tables.spelling import by_number, column_form, distinct_texts, value_text
from nettrain.data.tables.table import Table, column_numbers, counted, is_numeric, is_text, not_a_number
from nettrain.data.targets.target import (
    Target,
    TargetKind,
    TargetKindSetting,
    quoted_names,
    read_label,
    read_target_numbers,
)
from nettrain.data.targets.unlabelled import refuse_missing
from nettrain.errors import DataError, nearest

MOST_CLASSES = 20  # whole numbers of more values are numbers
EXACT = 2.0**53  # whole numbers below it are float64
ROWS_PER_CLASS = 5  # and so are those of fewer rows each, on average


def find_target(table: Table, names: Sequence[str], kind: TargetKindSetting) -> tuple[Target, str]:
    """The target in these columns, numbers unscaled, and a note on the kind if it was auto, else "".

    Raises DataError for rows without a target and for cells that do not fit the kind.
    """
    for name in names:
        refuse_missing(table, name)
    if kind == "labels" or (kind == "auto" and len(names) > 1 and are_labels(table, names)):
        return labels_target(table, names, kind)
    if len(names) > 1:
        return several_numbers(table, names, kind)
    name = names[0]
    numeric = reads_as_numbers(table, name, kind)
    resolved, note = (kind, "") if kind != "auto" else guess_kind(table, name, numeric)
    if resolved == "numbers":
        return unscaled(names), note
    numeric = numeric and name not in table.formats  # a class is text as it stands: 5 %
    form = column_form(table, name)
    order = tuple(sorted(distinct_texts(table, name, form), key=by_number if numeric else None))
    # text of a file that has types is meant as text
    typed_text = table.typed and is_text(table.column(name))
    return Target((name,), "classes", order, numeric and not typed_text, form=form), note


def unscaled(names: Sequence[str]) -> Target:
    """A target of numbers that are not scaled."""
    return Target(tuple(names), "numbers", center=(0.0,) * len(names), scale=(1.0,) * len(names))


def are_labels(table: Table, names: Sequence[str]) -> bool:
    """Whether all cells of these columns are 0 and 1, or false and true."""
    return all(is_boolean(table, name) or _zeros_and_ones(table, name) for name in names)


def _zeros_and_ones(table: Table, name: str) -> bool:
    values, wrong = column_numbers(table, name)
    return not wrong.any() and bool(np.isin(values, (0, 1)).all())


def labels_target(table: Table, names: Sequence[str], kind: TargetKindSetting) -> tuple[Target, str]:
    """A target of several 0/1 labels. Raises DataError at a cell that is neither."""
    for name in names:
        read_label(table, name)
    note = (
        f"targets {quoted_names(names)}: 0 and 1 alone, taken as {counted(len(names), 'label')}; "
        "data.target_kind: numbers takes them as amounts"
    )
    return Target(tuple(names), "labels"), note if kind == "auto" else ""


def several_numbers(table: Table, names: Sequence[str], kind: TargetKindSetting) -> tuple[Target, str]:
    """Several targets of numbers. Raises DataError for the kind classes, and at a cell that is no number."""
    if kind == "classes":
        raise DataError(f"data.target_kind: classes go with one target, but data.target names {len(names)}")
    for name in names:
        _, wrong = column_numbers(table, name)
        if wrong.any():
            raise not_a_number(table, name, wrong, "several targets are numbers, or 0 and 1")
    return unscaled(names), f"targets {quoted_names(names)}: taken as numbers" if kind == "auto" else ""


def reads_as_numbers(table: Table, name: str, kind: TargetKindSetting) -> bool:
    """Whether the target's cells are numbers. Raises DataError when some are, unless they are classes."""
    _, wrong = column_numbers(table, name)
    if kind == "classes":
        return not wrong.any()
    advice = "correct it or set data.target_kind: classes"
    if kind == "numbers" and wrong.any():
        raise not_a_number(table, name, wrong, advice)
    return is_numeric(table, name, advice)


def guess_kind(table: Table, name: str, numeric: bool) -> tuple[TargetKind, str]:
    """Classes for text and for whole numbers of few values, else numbers; and a note on how to change it."""
    if not numeric:
        distinct = table.column(name).n_unique()
        return "classes", f'target "{name}": text, taken as {counted(distinct, "class", "classes")}'
    values = read_target_numbers(table, name)
    distinct = distinct_numbers(table, name, values)
    integer = bool((values == np.floor(values)).all())
    if integer and distinct <= MOST_CLASSES and len(values) >= ROWS_PER_CLASS * distinct:
        return "classes", (
            f'target "{name}": whole numbers of {counted(distinct, "value")}, taken as classes; '
            "data.target_kind: numbers takes them as amounts"
        )
    return "numbers", (
        f'target "{name}": taken as numbers; data.target_kind: classes takes each value as a class'
    )


def distinct_numbers(table: Table, name: str, values: Floats) -> int:
    """How many different numbers a column has, of the `values` (N,) as which its cells read.

    Spellings differ that are read as one number: `01` and `1`, whole numbers of many digits.
    """
    if np.abs(values).max() < EXACT and not is_text(table.column(name)):
        return len(np.unique(values))
    return len(distinct_texts(table, name, column_form(table, name)))


def order_classes(target: Target, positive: str | float | bool | None) -> Target:
    """The target with the positive class, of two, in second place.

    Raises DataError when there are not two classes, or none has this name.
    """
    if positive is None:
        return target
    name = value_text(positive)
    if target.kind != "classes":
        raise DataError(f'data.positive: "{name}" needs a target of two classes, not of {target.kind}')
    position = target.find_class(positive)
    if position is None:
        raise DataError(
            f'data.positive: "{name}" is not a class of "{target.names[0]}"{nearest(name, target.classes)}'
        )
    if len(target.classes) != 2:
        raise DataError(
            f'data.positive: "{name}" needs two classes, but "{target.names[0]}" has {len(target.classes)}'
        )
    return target if position else replace(target, classes=target.classes[::-1])
