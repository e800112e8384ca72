"""The tables of a cross-validated run as frames: figures of each fold, and out-of-fold predictions."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import polars as pl

from nettrain.data.reading.formats.parquet import read_all
from nettrain.store.fold_summary import FACTS
from nettrain.store.history import DownsampledHistory, HistoryRow
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_table import check_header, frame_errors
from nettrain.store.written_table import first_line
from nettrain.workflow.history import read_history

OUT_OF_FOLD = ("row", "repeat", "fold")  # columns that every such table has


def read_fold_figures(path: Path) -> pl.DataFrame | None:
    """The frame of a `folds.csv`: a row for each fold; None when there is none."""
    if not path.is_file():
        return None
    first_line(path)
    with frame_errors(path):
        frame = pl.read_csv(path, infer_schema_length=None, glob=False)
    check_header(path, frame.columns, FACTS)
    return frame


def read_out_of_fold(path: Path) -> pl.DataFrame | None:
    """The frame of an `out_of_fold.parquet`: a row for each held-out row; None when there is none."""
    if not path.is_file():
        return None
    with frame_errors(path):
        frame = read_all(path, str(path))
    check_header(path, frame.columns, OUT_OF_FOLD)
    return frame


def read_fold_histories(folder: RunFolder) -> dict[int, pl.DataFrame]:
    """The histories of the folds of a run, by their numbers."""
    return {int(fold.path.name): read_history(fold.history) for fold in folder.folds}


def read_network_histories(folder: RunFolder) -> pl.DataFrame:
    """The histories of the networks of an ensemble below each other, with their numbers in front."""
    each = {
        int(one.path.name): join_folds(read_fold_histories(one)) if one.folds else read_history(one.history)
        for one in folder.networks
    }
    return join_folds(each, "network")


def join_folds(frames: Mapping[int, pl.DataFrame], name: str = "fold") -> pl.DataFrame:
    """Frames of folds below each other, with their numbers as a column in front; empty ones are left out."""
    named = [
        frame.select(pl.lit(number, pl.Int64).alias(name), pl.all())
        for number, frame in frames.items()
        if frame.height
    ]
    return pl.concat(named, how="diagonal_relaxed") if named else pl.DataFrame()


def frames_by_fold(joined: pl.DataFrame, name: str = "fold") -> dict[int, pl.DataFrame]:
    """The frames that `join_folds` has joined."""
    parts = joined.partition_by(name, as_dict=True, include_key=False)
    return {int(key[0]): frame.drop("fold", strict=False) for key, frame in parts.items()}


def drawn_rows(histories: Mapping[int, pl.DataFrame]) -> list[HistoryRow]:
    """The rows of histories by fold as they are drawn: a sample of long ones, with the fold as member.

    Where a fold has several networks, the means of theirs.
    """
    joined = join_folds(histories)
    if not joined.height:
        return []
    figures = [name for name in joined.columns if name not in ("fold", "epoch", "member")]
    means = joined.group_by("epoch", "fold").agg(pl.col(name).mean() for name in figures)
    sample = DownsampledHistory()
    rows = means.sort("epoch", "fold").rename({"fold": "member"}).iter_rows(named=True)
    for _, same_epoch in groupby(rows, lambda row: row["epoch"]):
        sample.add([{name: value for name, value in row.items() if value is not None} for row in same_epoch])
    return sample.rows()


def mean_rows(rows: Sequence[HistoryRow]) -> list[HistoryRow]:
    """The mean of histories by epoch, as one member: as far as half of the folds have trained.

    Few folds, those that train the longest, would not stand for all.
    """
    folds = len({row["member"] for row in rows})
    by_epoch = {epoch: list(same) for epoch, same in groupby(rows, lambda row: row["epoch"])}
    return [
        {
            "member": 0,
            **{name: sum(row[name] for row in same) / len(same) for name in same[0] if name != "member"},
        }
        for same in by_epoch.values()
        if 2 * len(same) >= folds and all(row.keys() == same[0].keys() for row in same)
    ]
