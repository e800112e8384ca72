"""Damaged files of every format: one line that names the file, never a panic, a traceback or the process's end."""

import datetime
import errno
import os
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.polars_errors import polars_errors
from nettrain.data.reading.sources import read_source
from nettrain.errors import DataError
from tests.data.test_readers_agree import write_table

ROWS = 40
PLAIN = {
    "number": [1.5, None, 2.5, -3.0] * 10,
    "whole": [1, 2, None, 4] * 10,
    "text": ["a", "b", "c,d", None] * 10,
    "open": [True, False, None, True] * 10,
    "day": [datetime.date(2024, 1, 1 + i % 28) for i in range(ROWS)],
    "y": ["yes", "no"] * 20,
}
MORE = {
    "at": [datetime.datetime(2024, 1, 1 + i % 28, 12) for i in range(ROWS)],
    "lasts": [datetime.timedelta(hours=i) for i in range(ROWS)],
    "kind": pl.Series(["a", None, "b", "a"] * 10, dtype=pl.Categorical),
    "few": pl.Series(["p", "q", None, "p"] * 10, dtype=pl.Enum(["q", "p"])),
}
TYPED = ("x.parquet", "x.arrow", "x.feather")
TEXTS = ("x.csv", "x.tsv.gz", "x.csv.bz2", "x.csv.xz", "x.csv.zst", "x.jsonl", "x.xlsx", "x.zip")


def write_whole(path):
    """A file of this name, with as many kinds of columns as its format has."""
    if path.suffix == ".npz":
        np.savez(path, x=np.arange(120.0).reshape(30, 4), y=np.arange(30) % 2)
    elif path.suffix == ".npy":
        np.save(path, np.arange(150.0).reshape(30, 5))
    else:
        write_table(path, pl.DataFrame(PLAIN | (MORE if path.name in TYPED else {})))


def damaged(whole, draw):
    """The bytes cut short, with bits turned, or with a stretch of zeros, ones or noise."""
    data, at = bytearray(whole), draw.randrange(len(whole))
    match draw.randrange(5):
        case 0:
            return data[:at]
        case 1:
            for _ in range(draw.choice([1, 1, 3, 10])):
                data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        case 2:
            data[at : at + 32] = bytes(len(data[at : at + 32]))
        case 3:
            data[at : at + 8] = b"\xff" * 8
        case _:
            data[at : at + draw.randrange(64)] = draw.randbytes(8)
    return data


@pytest.mark.parametrize("name", [*TYPED, *TEXTS, "x.npz", "x.npy"])
def test_damage_is_one_line_and_nothing_is_printed(name, tmp_path, capfd):
    path = tmp_path / name
    write_whole(path)
    whole, draw, refusals = path.read_bytes(), random.Random(name), []
    capfd.readouterr()
    for _ in range(100):
        path.write_bytes(damaged(whole, draw))
        try:
            _ = read_source(str(path), ReadOptions(), seed=0).table.frame
        except DataError as error:
            refusals.append(str(error))
    assert len(refusals) > 30
    assert [] == [text for text in refusals if "\n" in text or not text.startswith(f"{path}")]
    assert ("", "") == capfd.readouterr()


@pytest.mark.parametrize("kind", ["day", "moment"])
@pytest.mark.parametrize("name", TYPED)
def test_an_impossible_date_is_refused_by_name(name, kind, tmp_path, capfd):
    day = pl.Series([1, 2**31 - 1], dtype=pl.Int32).cast(pl.Date)
    moment = pl.Series([1, 2**62]).cast(pl.Datetime("ms"))
    frame = pl.DataFrame({"a": [1, 2], "day": day if kind == "day" else moment})
    write_table(tmp_path / name, frame)
    expected = 'column "day" holds a date that no calendar has'
    with pytest.raises(DataError) as caught:
        read_source(str(tmp_path / name), ReadOptions(), seed=0)
    assert f"{tmp_path / name}: {expected}" == str(caught.value)
    with pytest.raises(DataError) as caught:
        MemoryTables.of(frame).read("train")
    assert f"data: {expected}" == str(caught.value)
    assert ("", "") == capfd.readouterr()


def test_without_a_standard_error_nothing_is_held_back(monkeypatch):
    def closed(descriptor):
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with polars_errors("rows: are damaged"):
        pass
    with (
        pytest.raises(DataError, match=r"^rows: are damaged \(no such column"),
        polars_errors("rows: are damaged"),
    ):
        raise pl.exceptions.ColumnNotFoundError("no such column\nhints")


def test_what_the_system_says_of_a_file_is_left_to_others():
    with pytest.raises(FileNotFoundError), polars_errors("rows: are damaged"):
        Path("nowhere").read_bytes()
    with (
        pytest.raises(DataError, match=r"^rows: are damaged \(out of spec\)$"),
        polars_errors("rows: are damaged"),
    ):
        raise OSError("out of spec")
