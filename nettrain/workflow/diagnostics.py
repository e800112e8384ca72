"""The diagnostics of a run as a frame: one row per evaluated epoch, member and layer."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from nettrain.store.diagnostics import KEYS, DiagnosticsRow, diagnostics_rows, read_rows
from nettrain.store.written_table import first_line
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES
from nettrain.training.events import EpochDone


def read_diagnostics(path: Path) -> pl.DataFrame | None:
    """The frame of a `diagnostics.csv`, None when there is none."""
    if not path.is_file():
        return None
    member_column = first_line(path).startswith(KEYS[0])
    return _frame(read_rows(path), member_column=member_column)


def diagnostics_of_events(events: Sequence[EpochDone], *, member_column: bool) -> pl.DataFrame | None:
    """The frame of a training's events, None when nothing was measured."""
    if all(event.diagnostics is None for event in events):
        return None
    rows = (row for event in events for row in diagnostics_rows(event))
    return _frame(rows, member_column=member_column)


def _frame(rows: Iterable[DiagnosticsRow], *, member_column: bool) -> pl.DataFrame:
    kinds = {name: pl.String() if name == "layer" else pl.Int64() for name in KEYS[not member_column :]}
    schema = {**kinds, **dict.fromkeys(QUANTITIES, pl.Float64())}
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)
