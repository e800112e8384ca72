"""What an estimator takes over from a trained run: its columns, its classes, and its experiment."""

from typing import Any

import numpy as np
import polars as pl

from nettrain.data.preprocessing import Preprocessing
from nettrain.data.targets.target import Target
from nettrain.sklearn.settings import Values, config_values
from nettrain.store.predictions import as_spelled_numbers
from nettrain.workflow.run import Run


def input_columns(preprocessing: Preprocessing) -> tuple[str, ...]:
    """The columns that the network reads, in the order of the run's data."""
    used = {encoder.name for encoder in preprocessing.encoders}
    return tuple(name for name in preprocessing.layout.columns if name in used)


def class_values(target: Target) -> dict[Any, str]:
    """The classes as they are predicted, in order, and the name of each."""
    names = pl.Series(target.classes, dtype=pl.String)
    values = (as_spelled_numbers(names) if target.numeric else names).to_numpy()
    values = values.astype(np.str_) if values.dtype == object else values
    order = np.argsort(values, kind="stable")
    return {values[k]: target.classes[k] for k in order}


def run_config(run: Run) -> Values:
    """The experiment of a run without what is about columns that are no inputs, and about other data.

    Weights and groups are arguments of `fit`; labels are the renamed ones.
    """
    values = config_values(run.experiment)
    data: Values = dict(values["data"])
    used = {*input_columns(run.trained.preprocessing)}
    columns = {role: _of_inputs(names, used) for role, names in data["columns"].items()}
    order = data.get("order")
    if isinstance(order, dict) and order["by"] not in used:
        del data["order"]
    if not isinstance(data.get("validation"), int | float):
        data.pop("validation", None)
    return {**values, "data": {**data, "columns": {role: one for role, one in columns.items() if one}}}


def _of_inputs(names: Any, used: set[str]) -> Any:
    """The named columns, one or several, that are inputs."""
    if isinstance(names, list | tuple):
        return [name for name in names if name in used]
    return names if names in used else None
