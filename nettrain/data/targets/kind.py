"""What kind a target is: classes, numbers, or several labels of 0 and 1; as wanted, or as its cells look."""

from collections.abc import Sequence

import numpy as np

from nettrain.data.columns.numbers import is_truth
from nettrain.data.tables.spelling import value_text
from nettrain.data.tables.table import Table, as_numbers, counted, is_numeric, not_a_number
from nettrain.data.targets.target import Kind, Target, Wanted, class_names, listed, read_marks, read_numbers
from nettrain.data.targets.unlabelled import refuse_missing
from nettrain.errors import DataError, nearest

MOST_CLASSES = 20  # whole numbers of more values are amounts
ROWS_PER_CLASS = 5  # and so are those of fewer rows each, on average


def find_target(table: Table, names: Sequence[str], wanted: Wanted) -> tuple[Target, str]:
    """The target in these columns, numbers unscaled, and a note on the kind taken ("" when it was wanted).

    Raises DataError for rows without a target and for cells that do not fit the wanted kind.
    """
    for name in names:
        refuse_missing(table, name)
    if wanted == "labels" or (wanted == "auto" and len(names) > 1 and all_marks(table, names)):
        return labels_target(table, names, wanted)
    if len(names) > 1:
        return several_numbers(table, names, wanted)
    name = names[0]
    numeric = reads_as_numbers(table, name, wanted)
    kind, note = (wanted, "") if wanted != "auto" else guess_kind(table, name, numeric)
    if kind == "numbers":
        return unscaled(names), note
    classes = class_names(table, name, numeric).unique().to_list()
    order = sorted(classes, key=float) if numeric else sorted(classes)
    return Target((name,), "classes", tuple(order), numeric), note


def unscaled(names: Sequence[str]) -> Target:
    """A target of numbers that are taken as they are."""
    return Target(tuple(names), "numbers", center=(0.0,) * len(names), scale=(1.0,) * len(names))


def all_marks(table: Table, names: Sequence[str]) -> bool:
    """Whether all cells of these columns are 0 and 1, or false and true."""
    return all(is_truth(table, name) or _zeros_and_ones(table, name) for name in names)


def _zeros_and_ones(table: Table, name: str) -> bool:
    values, wrong = as_numbers(table.column(name))
    return not wrong.any() and bool(np.isin(values, (0, 1)).all())


def labels_target(table: Table, names: Sequence[str], wanted: str) -> tuple[Target, str]:
    """Several answers of yes or no. Raises DataError at a cell that is neither."""
    for name in names:
        read_marks(table, name)
    note = (
        f"targets {listed(names)}: 0 and 1 alone, taken as {counted(len(names), 'label')}; "
        "data.target_kind: numbers takes them as amounts"
    )
    return Target(tuple(names), "labels"), note if wanted == "auto" else ""


def several_numbers(table: Table, names: Sequence[str], wanted: str) -> tuple[Target, str]:
    """Several targets of numbers. Raises DataError when classes are wanted, or a cell is no number."""
    if wanted == "classes":
        raise DataError(f"data.target_kind: classes go with one target, but data.target names {len(names)}")
    for name in names:
        _, wrong = as_numbers(table.column(name))
        if wrong.any():
            raise not_a_number(table, name, wrong, "several targets are numbers, or 0 and 1")
    return unscaled(names), f"targets {listed(names)}: taken as numbers" if wanted == "auto" else ""


def reads_as_numbers(table: Table, name: str, wanted: str) -> bool:
    """Whether the target's cells are numbers, which some of them may contradict unless classes are wanted."""
    _, wrong = as_numbers(table.column(name))
    if wanted == "classes":
        return not wrong.any()
    advice = "correct it or set data.target_kind: classes"
    if wanted == "numbers" and wrong.any():
        raise not_a_number(table, name, wrong, advice)
    return is_numeric(table, name, advice)


def guess_kind(table: Table, name: str, numeric: bool) -> tuple[Kind, str]:
    """Classes for text and for whole numbers of few values, else numbers; and a note how to say otherwise."""
    if not numeric:
        different = table.column(name).n_unique()
        return "classes", f'target "{name}": text, taken as {counted(different, "class", "classes")}'
    values = read_numbers(table, name)
    different = len(np.unique(values))
    whole = bool((values == np.floor(values)).all())
    if whole and different <= MOST_CLASSES and len(values) >= ROWS_PER_CLASS * different:
        return "classes", (
            f'target "{name}": whole numbers of {counted(different, "value")}, taken as classes; '
            "data.target_kind: numbers takes them as amounts"
        )
    return "numbers", (
        f'target "{name}": taken as numbers; data.target_kind: classes takes each value as a class'
    )


def order_classes(target: Target, positive: str | float | bool | None) -> Target:
    """The target with the positive class, of two, in second place.

    Raises DataError when there are not two classes, or none is named so.
    """
    if positive is None:
        return target
    name = value_text(positive)
    if target.kind != "classes":
        raise DataError(f'data.positive: "{name}" needs a target of two classes, not of {target.kind}')
    if name not in target.classes:
        raise DataError(
            f'data.positive: "{name}" is not a class of "{target.names[0]}"{nearest(name, target.classes)}'
        )
    if len(target.classes) != 2:
        raise DataError(
            f'data.positive: "{name}" needs two classes, but "{target.names[0]}" has {len(target.classes)}'
        )
    other = next(one for one in target.classes if one != name)
    return Target(target.names, "classes", (other, name), target.numeric, renames=target.renames)
