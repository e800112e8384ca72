"""Stored files that are much larger than what nettrain wrote: a file of zeros takes no room on a disk."""

import polars as pl
import pytest

from nettrain.data.reading import room
from nettrain.errors import StoredFileError
from nettrain.store.digest import bytes_digest, file_digest
from nettrain.store.stored_file import MOST_OF_YAML, read_limited, read_yaml_text
from nettrain.store.written_table import read_lines
from nettrain.workflow.folds.tables import read_out_of_fold


def with_zeros(path, text, size):
    path.write_text(text)
    with path.open("ab") as file:
        file.truncate(size)
    return path


def test_an_experiment_is_limited(tmp_path):
    path = with_zeros(tmp_path / "config.yaml", "seed: 1\n", MOST_OF_YAML + 1)
    with pytest.raises(StoredFileError, match=r"config\.yaml: is larger than files of this kind can be"):
        read_yaml_text(path)


def test_a_file_without_room_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "obtainable_memory", lambda: 50 << 20)
    path = with_zeros(tmp_path / "history.csv", "", 65 << 20)
    with pytest.raises(StoredFileError, match=r"history\.csv: it takes .* of memory, .* are free"):
        read_limited(path)


def test_zeros_behind_a_table_are_no_text(tmp_path):
    path = with_zeros(tmp_path / "history.csv", "epoch\n1\n", 3 << 20)
    with pytest.raises(StoredFileError, match=r"history\.csv: is not text: it holds zero bytes"):
        read_lines(path)


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 10_000)
    assert bytes_digest(path.read_bytes()) == file_digest(path)


@pytest.mark.parametrize(("value", "needs"), [(0.5, "reading 200,000 rows"), ("x" * 5000, "unpacking it")])
def test_predictions_of_folds_that_do_not_fit_into_memory(value, needs, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "obtainable_memory", lambda: 9 << 20)
    monkeypatch.setattr(room, "CHECKED_BYTES", 1 << 20)
    path = tmp_path / "out_of_fold.parquet"
    rows = 200_000 if isinstance(value, float) else 2000
    frame = pl.select(
        row=pl.int_range(rows), repeat=pl.repeat(1, rows), fold=pl.repeat(1, rows), y=pl.repeat(value, rows)
    )
    if isinstance(value, str):  # a page of a text that is there once in the file
        frame = frame.with_columns(pl.col("y") + pl.col("row").cast(pl.String))
    frame.write_parquet(path)
    with pytest.raises(
        StoredFileError, match=rf"out_of_fold\.parquet: {needs}.* of memory, 9\.4 MB are free"
    ):
        read_out_of_fold(path)
