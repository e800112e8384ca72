"""The table of trials as a frame: numbers are numbers, also where some trials have none."""

from typing import TYPE_CHECKING

from nettrain.sweep.summary import BREAKS, trials_table
from nettrain.sweep.sweep import Sweep

if TYPE_CHECKING:
    import polars as pl

WORDS = ("status", BREAKS)
NO_NUMBER = ("nan", "null")  # beside an empty cell: what is not defined, and a setting that is left out


def trials_frame(sweep: Sweep) -> "pl.DataFrame":
    """What is in trials.csv, a row for each trial that has a result.

    A figure that is not a number, as of trials that diverged, is null, so that columns sort and have means.
    """
    return frame_of(trials_table(sweep))


def frame_of(table: str) -> "pl.DataFrame":
    """The frame of a table in CSV, each column of the narrowest type that holds all its cells."""
    import polars as pl

    frame = pl.read_csv(table.encode(), infer_schema=False)
    return frame.select(column if column.name in WORDS else _typed(column) for column in frame)


def _typed(column: "pl.Series") -> "pl.Series":
    """The column as whole numbers, other numbers or truth values, or else as it is."""
    import polars as pl

    numbers = column.set(column.is_in(NO_NUMBER), None)
    if numbers.null_count() == len(numbers):
        return numbers.cast(pl.Float64)
    for kind in (pl.Int64, pl.Float64):
        cast = numbers.cast(kind, strict=False)
        if cast.null_count() == numbers.null_count():
            return cast
    if column.drop_nulls().is_in(["true", "false"]).all():
        return column == "true"
    return column
