"""Parquet: files that PyArrow and pandas wrote, with every kind of column, and those that are refused.

The files were made with PyArrow 26.0 and pandas 3.1: `pyarrow.parquet` by `pq.write_table` from a table with a
column of each type in CELLS, `pandas.parquet` by `DataFrame.to_parquet(index=False)` from the rows below.
"""

from pathlib import Path

import polars as pl
import pytest

from nettrain.data.reading.formats.parquet import read_parquet
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.errors import DataError

FILES = Path(__file__).parent / "files"
CELLS = {
    "small": [1, None, 3],
    "big": [2**40, 0, -5],
    "single": [0.5, None, None],  # the second is NaN in the file
    "money": [1.25, None, -3.5],
    "kind": ["a", "b", None],  # a dictionary, whose third is "?"
    "open": ["true", None, "false"],
    "day": ["2024-02-29", None, "1970-01-01"],
    "moment": ["2024-02-29 12:30:00.000000000", None, "2000-01-01 00:00:00.000000000"],
    "lasts": [1.5, None, 0],
    "empty": [None, None, None],
    "half": [1.5, 2.5, 3.5],
    "at": ["01:02:03", None, "00:00:00"],
}


def refusal(path, key=""):
    with pytest.raises(DataError) as caught:
        read_parquet(path, ReadOptions(missing=()), key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", CELLS)
def test_pyarrows_columns(name):
    table = read_source(str(FILES / "pyarrow.parquet"), ReadOptions(missing=("?",)), seed=0).table
    assert CELLS[name] == table.column(name).to_list()
    assert list(CELLS) == table.columns


def test_pandas_rows():
    source = read_source(str(FILES / "pandas.parquet"), ReadOptions(), seed=0)
    assert source.header
    assert [
        (1, 1.5, "plain", "true"),
        (2, None, "a, b", "false"),
        (3, -2.25e-7, 'say "hi"', "true"),
        (4, 1e10, None, "true"),
        (5, 0.1, "two\nlines", "false"),
    ] == source.table.frame.rows()
    assert source.table.at(2).endswith("pandas.parquet row 3")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nested",
            'nested.parquet: column "many" holds List(Int64), expected numbers, text, booleans or dates',
        ),
        ("twice", "twice.parquet: two columns have one name ("),
        ("empty", "empty.parquet: has no rows"),
        ("neste", 'data.source: neste.parquet: no such file, did you mean "nested.parquet"?'),
    ],
)
def test_refuses(name, message, monkeypatch):
    monkeypatch.chdir(FILES)
    assert refusal(Path(f"{name}.parquet"), "data.source").startswith(message)


def test_refuses_damage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = (FILES / "pyarrow.parquet").read_bytes()
    for name, data in {"cut": whole[:-50], "text": b"a,b\n1,2\n", "nothing": b""}.items():
        Path(f"{name}.parquet").write_bytes(data)
        message = f"{name}.parquet: is not a Parquet file, or is damaged ("
        assert refusal(Path(f"{name}.parquet")).startswith(message)


def test_bytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"b": [b"x"]}).write_parquet("b.parquet")
    assert 'b.parquet: column "b" holds Binary, expected' in refusal(Path("b.parquet"))
