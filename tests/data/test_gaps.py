"""`data.missing` means the same in text, numbers and arrays."""

import numpy as np
import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.reading.gaps import clear_gaps
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table


def cleared(series, *words):
    return clear_gaps(Source(Table(pl.DataFrame({"c": series}), "x")), words).table.column("c").to_list()


@pytest.mark.parametrize(
    ("cells", "words", "expected"),
    [
        (["-999.00", "-999", "-9.99e2", "-9990", "x"], ["-999"], [None, None, None, "-9990", "x"]),
        ([-999, 5], ["-999.0"], [None, 5]),
        ([-999.0, 5.5], ["-999"], [None, 5.5]),
        # numbers that float64 cannot tell apart
        (["12345678901234567", "12345678901234568"], ["12345678901234567"], [None, "12345678901234568"]),
        ([12345678901234567, 12345678901234568], ["12345678901234567"], [None, 12345678901234568]),
        (["-999", "5"], ["\N{MINUS SIGN}999"], [None, "5"]),
        (["-999", "5"], ["-999 "], [None, "5"]),
        (["NA", "na", "", "0"], ["NA", ""], [None, "na", None, "0"]),
        ([1.0, float("nan")], [], [1.0, None]),
        ([True, False], ["0"], ["true", "false"]),
    ],
)
def test_words_and_equal_numbers_are_gaps(cells, words, expected):
    assert expected == cleared(pl.Series(cells), *words)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_numbers_of_arrays_are_gaps(dtype):
    chunk = np.array([[99, 1], [2, 3]], dtype)
    table = Table(pl.DataFrame(), "x", numbers=RowChunks(("a", "b"), [chunk]))
    numbers = clear_gaps(Source(table), ["99.0"]).table.numbers
    assert np.array_equal([[np.nan, 1], [2, 3]], numbers.chunks[0], equal_nan=True)
    assert chunk[0, 0] == 99  # an array passed from Python is not written to
    assert clear_gaps(Source(table), ["98"]).table.numbers.chunks[0] is chunk


X = np.array([[-999, 1.5], [2, -999], [3, 4]] * 10)
Y = np.array([0, 1, 1] * 10)


def write(path):
    frame = pl.DataFrame({"x0": X[:, 0], "x1": X[:, 1], "y": Y})
    if path.suffix == ".npz":
        np.savez(path, x=X, y=Y)
    elif path.suffix == ".npy":
        np.save(path, np.column_stack([X, Y]))
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",", float_precision=2)
    return str(path)


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.parquet", "x.npz", "x.npy", "memory"])
def test_one_table_in_every_format_has_the_same_gaps(name, tmp_path):
    settings = {"target": -1, "missing": ["", -999], "mark_gaps_from": 1}
    path = write(tmp_path / name) if name != "memory" else "memory:train"
    data = prepare(
        DataSettings(source=path, **settings), seed=0, dtype="float64", memory=MemoryTables.of((X, Y))
    )
    expected = prepare(DataSettings(source=write(tmp_path / "e.csv"), **settings), seed=0, dtype="float64")
    assert np.array_equal(expected.train.x, data.train.x)
    assert np.array_equal(expected.train.y, data.train.y)
    assert 4 == data.preprocessing.inputs  # a mark of gaps for each


def test_built_in_data_have_the_gaps_of_the_settings():
    # the first male penguin weighs 3750 g
    table = read_source("builtin:penguins", ReadOptions(missing=("NA", "3750.0")), seed=0).table
    assert table.column("body_mass_g").to_list()[0] is None
