"""All that was fitted on the training rows, so that new rows become the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.columns.encoding import Encoder, amounts, encode_all, encode_column, encoder_from_json
from nettrain.data.columns.scaling import Fitted, Scaling, scalings
from nettrain.data.reading.layout import InputLayout
from nettrain.data.tables.table import Table
from nettrain.data.targets.target import Kind, Target
from nettrain.errors import DataError

Matrix = npt.NDArray[np.float64]


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
