"""The tables of a cross-validated run as frames: figures of each fold, and out-of-fold predictions."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from nettrain.store.run_folder import RunFolder
from nettrain.workflow.history import read_history


def read_fold_figures(path: Path) -> pl.DataFrame | None:
    """The frame of a `folds.csv`: a row for each fold; None when there is none."""
    return pl.read_csv(path, infer_schema_length=None) if path.is_file() else None


def read_out_of_fold(path: Path) -> pl.DataFrame | None:
    """The frame of an `out_of_fold.parquet`: a row for each held-out row; None when there is none."""
    return pl.read_parquet(path) if path.is_file() else None


def read_fold_histories(folder: RunFolder) -> pl.DataFrame:
    """The histories of all folds of a run, with a column `fold` in front."""
    return join_folds({int(fold.path.name): read_history(fold.history) for fold in folder.folds})


def join_folds(frames: Mapping[int, pl.DataFrame]) -> pl.DataFrame:
    """Frames of folds below each other, with a column `fold` in front; empty ones are left out."""
    named = [
        frame.select(pl.lit(number, pl.Int64).alias("fold"), pl.all())
        for number, frame in frames.items()
        if frame.height
    ]
    return pl.concat(named, how="diagonal_relaxed") if named else pl.DataFrame()
