"""All that was fitted on the training rows, so that new rows become the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.cells import SEPARATORS
from nettrain.data.delimited import Reading
from nettrain.data.encoding import Encoder, amounts, encode_all, encode_column, encoder_from_json
from nettrain.data.memory import MemoryTables
from nettrain.data.scaling import Fitted, Scaling, scalings
from nettrain.data.source import Source
from nettrain.data.sources import half_of, read_source
from nettrain.data.table import Table, counted
from nettrain.data.target import Kind, Target
from nettrain.errors import DataError

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InputLayout:
    """The form of the training data's source: its columns in order, target included, and how it is read.

    `header` says whether files of this form carry their columns' names.
    """

    columns: tuple[str, ...]
    header: bool
    separator: str
    missing: tuple[str, ...]

    def reading(self, separator: str = "auto") -> Reading:
        """How another file of this form is read; auto tries the training file's separator first."""
        others = tuple(other for other in SEPARATORS if other != self.separator)
        return Reading(
            self.header or "auto", separator, self.missing, self.columns, (self.separator, *others)
        )

    def align(self, table: Table, target: Sequence[str]) -> Table:
        """The table under this layout's names: its own, or by position when it has no header.

        Raises DataError when the columns are neither all of the layout's nor all but the target.
        """
        if table.header:
            return self.recognise(table)
        inputs = [name for name in self.columns if name not in target]
        for names in (list(self.columns), inputs):
            if len(table.columns) == len(names):
                return table.renamed(names)
        raise DataError(
            f"{table.place}: {len(table.columns)} columns without names, expected {len(inputs)} inputs, or "
            f"{len(self.columns)} with the {counted_places([self.columns.index(name) for name in target])}"
        )

    def align_source(self, source: Source, target: Sequence[str]) -> Table:
        """The table of a source under this layout's names; y of a pair (X, y) gets the names of the target.

        Raises DataError when columns do not fit.
        """
        if not source.apart:
            return self.align(source.table, target)
        if len(source.targets) != len(target):
            raise DataError(
                f"{source.table.place}: y has {counted(len(source.targets), 'column')}, "
                f"expected {len(target)}"
            )
        table = source.with_targets(target).table
        if source.header:
            return self.recognise(table)
        inputs = [name for name in self.columns if name not in target]
        if len(table.columns) != len(self.columns):
            raise DataError(
                f"{table.place}: X has {counted(len(table.columns) - len(target), 'column')}, "
                f"expected {len(inputs)}"
            )
        return table.renamed([*inputs, *target])

    def recognise(self, table: Table) -> Table:
        """The table. Raises DataError when its header names no column of this layout."""
        if not set(self.columns) & set(table.columns):
            raise DataError(
                f'{table.place}: its first row should name columns as in training ("{self.columns[0]}", ...)'
                f', but begins "{table.columns[0]}"'
            )
        return table


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """How cells become inputs and outputs become answers; nothing else is needed to predict.

    `weight` is the column that weighs rows, which only matters where figures are made.
    """

    layout: InputLayout
    encoders: tuple[Encoder, ...]
    scaling: Scaling
    fitted: Fitted
    target: Target
    weight: str | None = None

    @property
    def inputs(self) -> int:
        """Number of inputs D."""
        return len(self.feature_names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What each of the D inputs holds."""
        return tuple(name for encoder in self.encoders for name in encoder.features)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The predicted columns, K of them."""
        return self.target.names

    @property
    def target_kind(self) -> Kind:
        """Whether classes, numbers or several 0/1 labels are predicted."""
        return self.target.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of y's numbers, of two the positive one last; empty for other kinds."""
        return self.target.classes

    @property
    def target_center(self) -> Matrix:
        """What was taken from targets (K,), 0 when unscaled."""
        return np.array(self.target.center or (0.0,) * len(self.target.names))

    @property
    def target_scale(self) -> Matrix:
        """What targets were divided by (K,), 1 when unscaled."""
        return np.array(self.target.scale or (1.0,) * len(self.target.names))

    def outputs(self, *, one_for_two: bool = False) -> int:
        """Outputs a network needs: K numbers or labels, or one per class; for two 1 where the loss wants."""
        if self.target_kind != "classes":
            return len(self.target.names)
        return 1 if one_for_two and len(self.classes) == 2 else len(self.classes)

    def encode(self, table: Table) -> Matrix:
        """Inputs (N, D) of a table's rows, by column name: order and further columns do not matter.

        Raises DataError for a column that is not there, with the nearest name, and for text among numbers.
        """
        x = encode_all(self.encoders, table)
        return scale_amounts(x, amounts(self.encoders), self.scaling, self.fitted)

    def unscale(self, y: npt.NDArray[Any]) -> Matrix:
        """Numbers (..., K) in the target's own unit."""
        return np.asarray(y, dtype=np.float64) * self.target_scale + self.target_center

    def to_json(self) -> dict[str, Any]:
        """Plain values from which `from_json` makes an equal one, bit by bit."""
        return {
            "columns": list(self.layout.columns),
            "header": self.layout.header,
            "separator": self.layout.separator,
            "missing": list(self.layout.missing),
            "inputs": [encoder.to_json() for encoder in self.encoders],
            "scaling": self.scaling.model_dump(),
            "fitted": {name: array.tolist() for name, array in self.fitted.items()},
            "target": self.target.to_json(),
            "weight": self.weight,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Preprocessing":
        """The preprocessing that `to_json` described. Raises DataError when something is not there."""
        try:
            return Preprocessing(
                InputLayout(
                    tuple(data["columns"]), data["header"], data["separator"], tuple(data["missing"])
                ),
                tuple(encoder_from_json(column) for column in data["inputs"]),
                scalings[data["scaling"]["name"]](**data["scaling"]),
                {name: np.array(values, dtype=np.float64) for name, values in data["fitted"].items()},
                Target.from_json(data["target"]),
                data["weight"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"preprocessing: cannot be read: {error!r}") from error


def counted_places(places: Sequence[int]) -> str:
    """`target at position 4`, or `targets at positions 4, 5`."""
    several = "s" if len(places) > 1 else ""
    return f"target{several} at position{several} {', '.join(map(str, places))}"


def scale_amounts(x: Matrix, places: npt.NDArray[np.bool_], scaling: Scaling, fitted: Fitted) -> Matrix:
    """x (N, D), which may be changed, with the amounts scaled; 0/1 marks stay."""
    if places.all():
        return np.asarray(scaling.apply(scaling, fitted, x))
    if places.any():
        x[:, places] = scaling.apply(scaling, fitted, x[:, places])
    return x


def fit_scaling(
    scaling: Scaling, encoders: Sequence[Encoder], table: Table, train: npt.NDArray[np.int64]
) -> Fitted:
    """What a scaling learns of the amounts in the rows `train`, one column at a time."""
    learned: list[Fitted] = []
    for encoder in encoders:
        if any(encoder.places):
            cells = encode_column(encoder, table, train)
            learned.append(scaling.fit(scaling, cells[:, list(encoder.places)]))
    if not learned:
        return {}
    fitted = {key: np.concatenate([one[key] for one in learned], axis=-1) for key in learned[0]}
    return scaling.join(scaling, fitted) if fitted else {}


def read_table(
    source: str | MemoryTables, preprocessing: Preprocessing, seed: int, half: str | None
) -> Table:
    """The rows of a source under the names of the training data's columns; see `half_of`."""
    layout, target = preprocessing.layout, preprocessing.target_names
    if isinstance(source, MemoryTables):
        return layout.align_source(source.read("train", layout.missing), target)
    found = read_source(source, layout.reading(), seed=seed)
    return layout.align(half_of(found, source, half), target)
