"""Stored files that are much larger than what nettrain wrote: a file of zeros takes no room on a disk."""

import csv

import polars as pl
import pytest

from nettrain.data.reading import room
from nettrain.errors import StoredFileError
from nettrain.store.digest import bytes_digest, file_digest
from nettrain.store.stored_file import MOST_OF_YAML, read_limited, read_yaml_text
from nettrain.store.stored_table import read_table
from nettrain.store.written_table import read_lines, recorded
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


@pytest.mark.parametrize("content", [b"epoch,\xff\n1,2\n", b"epoch,loss\n1,\xff\n"])
def test_bytes_of_another_encoding_are_no_table(content, tmp_path):
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(StoredFileError, match=r"history\.csv: is not text in UTF-8; "):
        read_lines(path)


def test_what_is_not_there_or_no_file_is_no_table(tmp_path):
    with pytest.raises(StoredFileError, match=r"history\.csv: cannot be read: No such file or directory$"):
        read_lines(tmp_path / "history.csv")
    for read in (read_lines, read_limited):
        with pytest.raises(StoredFileError, match=rf"^{tmp_path}: is not a file$"):
            read(tmp_path)


@pytest.fixture
def short_cells():
    """The limit of Python, which reading data raises."""
    before = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(before)


def test_a_table_with_a_cell_without_end_is_named(tmp_path, short_cells):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1," + "2" * 200_000 + "\n")
    with pytest.raises(
        StoredFileError, match=r"history\.csv: was changed since it was written: field larger"
    ):
        read_table(path, needs=("epoch",))


def test_a_header_without_end_has_no_columns(tmp_path, short_cells):
    """Of a file in the place of one that was written: what counts is that it is another."""
    path = tmp_path / "steps.csv"
    path.write_text("s" * 200_000 + "\n1\n")
    assert -1 == recorded(path)["columns"]


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
