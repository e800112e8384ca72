"""Arrow files: those that PyArrow, pandas and Polars wrote, with every kind of column, and those that are refused.

The files were made with PyArrow 26.0 and pandas 3.1: `pyarrow.feather` by `write_feather` from the table of
`pyarrow.parquet`, `pandas.feather` by `DataFrame.to_feather` from the rows below, `kind` and `size` categorical;
`twice.feather` by `ipc.new_file`.
"""

from pathlib import Path

import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.reading.formats.arrow import read_arrow
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError

FILES = Path(__file__).parent / "files"
OPTIONS = ReadOptions(missing=("?",))


def refusal(path, key=""):
    with pytest.raises(DataError) as caught:
        read_arrow(path, ReadOptions(missing=()), key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pyarrows_columns_are_those_of_its_parquet_file():
    expected, actual = (
        read_source(str(FILES / name), OPTIONS, seed=0).table.frame
        for name in ("pyarrow.parquet", "pyarrow.feather")
    )
    assert expected.schema == {**actual.schema}
    assert expected.rows() == actual.rows()


def test_pandas_rows_with_gaps_in_categories():
    source = read_source(str(FILES / "pandas.feather"), ReadOptions(), seed=0)
    assert source.header
    assert ["id", "x", "s", "b", "kind", "size", "whole"] == source.table.columns
    assert [
        (1, 1.5, "plain", "true", "u", 30, 1),
        (2, None, "a, b", "false", "v", 10, None),
        (3, -2.25e-7, 'say "hi"', "true", None, None, 3),
        (4, 1e10, None, "true", "u", 30, 4),
        (5, 0.1, "two\nlines", "false", "w", 10, 5),
    ] == source.table.frame.rows()
    assert source.table.at(2).endswith("pandas.feather row 3")


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_polars_files_train_like_its_parquet_files(compression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pl.DataFrame(
        {
            "number": [1.5, None, float("nan"), 2.5] * 10,
            "whole": [1, 2, None, 4] * 10,
            "text": ["a", "b", "", None] * 10,
            "many": pl.Series(["p", None, "q", "p"] * 10, dtype=pl.Categorical),
            "few": pl.Series(["p", None, "q", "p"] * 10, dtype=pl.Enum(["q", "p", "r"])),
            "open": [True, False, None, True] * 10,
            "y": ["yes", "no", "no", "yes"] * 10,
        }
    )
    frame.write_ipc("x.feather", compression=compression, record_batch_size=7)
    frame.write_parquet("x.parquet")
    parquet, feather = (
        prepare(DataSettings(source=name), seed=1, dtype="float64") for name in ("x.parquet", "x.feather")
    )
    assert parquet.preprocessing.feature_names == feather.preprocessing.feature_names
    for split in ("train", "validation"):
        assert getattr(parquet, split).x.tolist() == getattr(feather, split).x.tolist()
        assert getattr(parquet, split).y.tolist() == getattr(feather, split).y.tolist()


def test_a_name_with_a_star_is_a_name(tmp_path):
    for name in ("a*.feather", "ab.feather"):
        pl.DataFrame({"name": [name]}).write_ipc(tmp_path / name)
    assert [("a*.feather",)] == read_arrow(tmp_path / "a*.feather", OPTIONS).table.frame.rows()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"a": [1], "many": [[1]]},
            'column "many" holds List(Int64), expected numbers, text, booleans or dates',
        ),
        ({"b": [b"x"]}, 'column "b" holds Binary, expected numbers, text, booleans or dates'),
        (
            {"a": pl.Series([1]).ext.to(pl.Extension("month", pl.Int64))},
            "column \"a\" holds Extension('month', Int64), expected numbers, text, booleans or dates",
        ),
        ({"a": []}, "has no rows"),
        ({}, "has no rows"),
    ],
)
def test_refuses_what_is_no_table(cells, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.DataFrame(cells).write_ipc("x.feather")
    assert f"x.feather: {message}" == refusal(Path("x.feather"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twice", 'twice.feather: two columns are named "a"'),
        ("panda", 'data.source: panda.feather: no such file, did you mean "pandas.csv"?'),
    ],
)
def test_refuses(name, message, monkeypatch):
    monkeypatch.chdir(FILES)
    assert message == refusal(Path(f"{name}.feather"), "data.source")


def test_refuses_foreign_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = (FILES / "pandas.feather").read_bytes()
    expected = "expected 41 52 52 4f 57 31)"
    for data, message in {
        b"": f"is not an Arrow file (begins with nothing, {expected}",
        b"a,b\n1,2\n": f"is not an Arrow file (begins with 61 2c 62 0a 31 2c, {expected}",
        b"FEA1" + bytes(40): "is a Feather file of version 1, expected version 2; write it again",
        whole[:-50]: "is cut short",
        whole[:6]: "is damaged",
    }.items():
        Path("x.feather").write_bytes(data)
        assert refusal(Path("x.feather")).startswith(f"x.feather: {message}")


def test_lengths_that_are_wrong_ask_for_no_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = bytearray((FILES / "pyarrow.feather").read_bytes())
    data[1989] = 0x8F  # the sixth byte of the length of a buffer
    Path("x.feather").write_bytes(data)
    assert "x.feather: is damaged" == refusal(Path("x.feather"))


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_streams_are_read_like_files(compression, tmp_path):
    frame = pl.DataFrame({"a": [1, None, 3], "b": pl.Series(["x", None, "y"], dtype=pl.Categorical)})
    frame.write_ipc_stream(tmp_path / "stream.arrow", compression=compression)
    frame.write_ipc(tmp_path / "file.arrow", compression=compression)
    stream, file = (read_arrow(tmp_path / f"{name}.arrow", OPTIONS).table for name in ("stream", "file"))
    assert [(1, "x"), (None, None), (3, "y")] == stream.frame.rows() == file.frame.rows()
    cut = (tmp_path / "stream.arrow").read_bytes()[:-60]
    (tmp_path / "stream.arrow").write_bytes(cut)
    assert refusal(tmp_path / "stream.arrow").endswith("stream.arrow: is damaged")
