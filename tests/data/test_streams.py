"""Pipes and standard input: rows of any format, read once, with their lines; and where they are refused."""

import gzip
import io
import os
import sys
import threading
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from nettrain.data.prepare import prepare
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from tests.data.test_readers_agree import write_table

FRAME = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
NAMES = (
    "x.csv",
    "x.tsv",
    "x.csv.gz",
    "x.csv.zst",
    "x.jsonl",
    "x.jsonl.bz2",
    "x.parquet",
    "x.arrow",
    "x.feather",
)


def through_pipe(path, data):
    """The table in bytes that come by a named pipe."""
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(data))
    writer.start()
    try:
        return read_source(str(path), ReadOptions(), seed=0).table
    finally:
        writer.join()


@pytest.mark.parametrize("name", [*NAMES, "x.xlsx", "x.zip"])
def test_pipes_carry_every_format(name, tmp_path):
    write_table(tmp_path / name, FRAME)
    table = through_pipe(tmp_path / "pipe", (tmp_path / name).read_bytes())
    assert FRAME.rows() == table.frame.rows()
    assert str(tmp_path / "pipe") == table.origin.removesuffix("/folder/x.csv")


def test_a_pipe_with_damaged_rows_names_the_pipe(tmp_path):
    data = gzip.compress(b"a,b\n1,2\n" * 20, mtime=0)
    with pytest.raises(DataError, match=rf"^{tmp_path}/pipe: is damaged or cut short \(") as caught:
        through_pipe(tmp_path / "pipe", data[:15])
    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_pipes_carry_arrays(name, tmp_path):
    x = np.arange(12.0).reshape(4, 3)
    np.savez(tmp_path / name, x=x) if name == "x.npz" else np.save(tmp_path / name, x)
    table = through_pipe(tmp_path / "pipe", (tmp_path / name).read_bytes())
    np.testing.assert_array_equal(x, table.frame.to_numpy())


def test_lines_are_found_after_the_pipe_has_gone(tmp_path):
    table = through_pipe(tmp_path / "pipe", gzip.compress(b"a,b\n1,x\n\n,\n2x,y\n"))
    assert f"{tmp_path / 'pipe'}:5" == table.at(1)
    assert [(1, 4)] == list(table.empty_rows())


def standard_input(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", data and SimpleNamespace(buffer=io.BytesIO(data)))
    return read_source("-", ReadOptions(), seed=0).table


def test_standard_input(monkeypatch):
    table = standard_input(monkeypatch, b"a;b\n1;x\n2;y\n")
    assert [(1, "x"), (2, "y")] == table.frame.rows()
    assert "standard input:3" == table.at(1)
    for data, message in {
        b"\n": "is empty",
        b"a,b\n": "has no rows under its header",
        None: "is closed",
    }.items():
        with pytest.raises(DataError, match=f"^standard input: {message}$"):
            standard_input(monkeypatch, data)


def test_nothing_stays_in_the_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    table = standard_input(monkeypatch, b"a;b\n1;x\n2;y\n")
    assert 1 == len(list(tmp_path.iterdir()))
    del table
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["source", "test", "validation"])
def test_runs_do_not_begin_with_a_stream(key, tmp_path):
    source = tmp_path / "x.csv"
    source.write_text("a,y\n" + "1,p\n2,q\n" * 20)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError) as caught:
        prepare(DataSettings(**{"source": str(source), key: str(pipe)}), seed=0, dtype="float64")
    assert str(caught.value) == (
        f"data.{key}: {pipe}: can be read only once, but a run must be able to read its rows again; "
        "save them to a file"
    )
    for dash in ("-", [None]) if key == "source" else "-":  # a list, as YAML reads it
        with pytest.raises(ValidationError, match="is standard input, which a run could not read again"):
            DataSettings(**{"source": str(source), key: dash})
