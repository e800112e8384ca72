"""The history of a run as a frame: one row per evaluated epoch and member."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from nettrain.experiment.monitors import RUNNING
from nettrain.store.history import NEEDED, WHOLE, present_names
from nettrain.store.stored_table import read_frame
from nettrain.training.events import EpochDone

FLAG = "better"


def read_history(path: Path) -> pl.DataFrame:
    """The frame of a `history.csv`, empty when there is none. Raises StoredFileError when it was changed."""
    if not path.is_file():
        return pl.DataFrame()
    frame = read_frame(path, needs=NEEDED, whole=WHOLE).with_columns(pl.col(FLAG) == 1)
    frame.columns = present_names(frame.columns)
    return frame.with_columns(_epochs(frame["epoch"]))


def _epochs(epochs: pl.Series) -> pl.Series:
    """The column of epochs, as integers unless there are parts of an epoch."""
    return epochs.cast(pl.Int64) if (epochs == epochs.floor()).all() else epochs


def frame_of_events(events: Sequence[EpochDone], *, member_column: bool) -> pl.DataFrame:
    """The frame of a training's events, with the same columns as its `history.csv`."""
    events = [event for event in events if event.evaluated]
    if not events:
        return pl.DataFrame()
    many = [len(event.members) for event in events]
    running = [name for event in events for name in event.figures if name in RUNNING]
    columns: dict[str, npt.NDArray[Any]] = {
        **({"member": np.concatenate([event.members for event in events])} if member_column else {}),
        "epoch": np.repeat(np.array([event.epoch for event in events]), many),
        "step": np.repeat([event.step for event in events], many),
    }
    rates = {"learning_rate": [event.learning_rate for event in events]}
    rates |= {name: [event.factors[name] for event in events] for name in events[0].factors}
    names = dict.fromkeys([*running, *(name for event in events for name in event.figures)])
    figures = [pl.Series(name, _figure(events, name), pl.Float64) for name in names]
    flag = pl.Series(FLAG, np.concatenate([event.better for event in events]))
    named = [pl.Series(name, values) for name, values in columns.items()]
    named += [pl.Series(name, np.concatenate(values), nan_to_null=True) for name, values in rates.items()]
    return pl.DataFrame([*named, *figures, flag])


def _figure(events: Sequence[EpochDone], name: str) -> list[float | None]:
    """One figure in all rows, None where an evaluation does not have it."""
    values: list[float | None] = []
    for event in events:
        measured = event.figures.get(name)
        values += [None] * len(event.members) if measured is None else measured.tolist()
    return values
