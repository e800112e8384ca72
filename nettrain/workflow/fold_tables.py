"""The tables of a cross-validated run as frames: figures of each fold, and out-of-fold predictions."""

from pathlib import Path

import polars as pl


def read_fold_figures(path: Path) -> pl.DataFrame | None:
    """The frame of a `folds.csv`: a row for each fold; None when there is none."""
    return pl.read_csv(path, infer_schema_length=None) if path.is_file() else None


def read_out_of_fold(path: Path) -> pl.DataFrame | None:
    """The frame of an `out_of_fold.parquet`: a row for each held-out row; None when there is none."""
    return pl.read_parquet(path) if path.is_file() else None
