"""One table in every form a source may have: the arrays that training sees are the same."""

import bz2
import datetime
import gzip
import io
import lzma
import struct
import zipfile

import numpy as np
import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from nettrain.workflow.columns import named_columns
from tests.data.reading import read_rows

DRAW = np.random.default_rng(7)
X = DRAW.integers(0, 256, (60, 4)).astype(np.uint8)
Y = (X[:, 0] > 127).astype(np.uint8)
FRAME = pl.DataFrame({**{f"p{i}": X[:, i] for i in range(4)}, "y": Y})


def zstandard(data):
    stream = io.BytesIO()
    rows = pl.LazyFrame({"text": [data.decode().removesuffix("\n")]})
    rows.sink_csv(stream, include_header=False, quote_style="never", compression="zstd")
    return stream.getvalue()


PACKINGS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard}
LINES = (".csv", ".tsv", ".txt", ".data", ".dat", ".jsonl", ".ndjson")
TEXT = [f"x{ending}{packed}" for ending in LINES for packed in ("", *PACKINGS)]
FORMS = [
    *TEXT,
    *("x.parquet", "x.arrow", "x.feather", "x.ipc", "x.xlsx", "x.xlsm", "x.zip"),
    "x.npz",
    "x",
]
FEWER = [name for name in FORMS if not name.endswith((".bz2", ".xz", ".zst")) or name.startswith("x.csv")]


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder, name, frame=FRAME):
    path = folder / name
    x, y = frame.drop("y").to_numpy(), frame["y"].to_numpy()
    if name == "x.npz":
        np.savez(path, x=x.reshape(-1, 2, 2), y=y)
    elif name == "x":
        path.mkdir()
        (path / "train-images-idx3-ubyte").write_bytes(idx(x.reshape(-1, 2, 2)))
        (path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(y)))
    else:
        write_table(path, frame)
    return str(path)


def write_table(path, frame):
    """A frame in a format that holds named columns of any kind."""
    name, packed = path.name, path.suffix if path.suffix in PACKINGS else ""
    pack = PACKINGS.get(packed, bytes)
    match path.with_name(name.removesuffix(packed)).suffix:
        case ".parquet":
            frame.write_parquet(path)
        case ".arrow":
            frame.write_ipc_stream(path)
        case ".feather" | ".ipc":
            frame.write_ipc(path)
        case ".xlsx" | ".xlsm":
            pytest.importorskip("fastexcel")
            frame.write_excel(path.with_suffix(".xlsx"))
            path.with_suffix(".xlsx").rename(path)
        case ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("folder/", "")
                archive.writestr("folder/x.csv", frame.write_csv())
                archive.writestr("README.txt", "not the table")
        case ".jsonl" | ".ndjson":
            path.write_bytes(pack(frame.write_ndjson().encode()))
        case ending:
            path.write_bytes(pack(frame.write_csv(separator="\t" if ending == ".tsv" else ",").encode()))


def prepared(source, **keys):
    return prepare(DataSettings(source=source, **keys), seed=1, dtype="float32")


@pytest.mark.parametrize("name", FORMS)
def test_training_sees_the_same_arrays(name, tmp_path):
    expected = prepared(write(tmp_path, "x.csv"), test=0.2)
    folder = tmp_path / "other"
    folder.mkdir()
    data = prepared(write(folder, name), test=0.2)
    for one, other in ((expected.train, data.train), (expected.test, data.test)):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)
    again = prepare(DataSettings(**data.settings.model_dump()), seed=1, dtype="float32")
    np.testing.assert_array_equal(data.train.x, again.train.x)


@pytest.mark.parametrize("name", FEWER)
def test_any_form_is_a_second_source_of_itself(name, tmp_path):
    source = write(tmp_path, name)
    data = prepared(source, test=source, validation=source)
    np.testing.assert_array_equal(data.train.x, data.test.x)
    np.testing.assert_array_equal(data.train.y, data.validation.y)


NAMED = [name for name in FEWER if name not in ("x.npz", "x")]  # columns have names


@pytest.mark.parametrize("name", NAMED)
def test_named_columns_in_another_order_change_nothing(name, tmp_path):
    data = prepared(write(tmp_path, "x.csv"), test=write(tmp_path, name), target="y")
    turned = FRAME.select(reversed(FRAME.columns)).with_columns(more=pl.lit("z"))
    write_table(tmp_path / name, turned)
    rows = read_rows(str(tmp_path / name), data.preprocessing, dtype="float32")
    np.testing.assert_array_equal(data.test.x, rows)


def test_pictures_are_predicted_from_a_text_file_without_names(tmp_path):
    data = prepared(write(tmp_path, "x"))
    np.savetxt(tmp_path / "rows.csv", X[:5], fmt="%d", delimiter=",")
    rows = read_rows(str(tmp_path / "rows.csv"), data.preprocessing)
    np.testing.assert_array_equal(read_rows(str(tmp_path / "x"), data.preprocessing)[:5], rows)


def test_labels_of_an_idx_folder_are_classes_however_many(tmp_path):
    frame = FRAME.with_columns(y=pl.Series(np.arange(60, dtype=np.uint8) // 2))
    assert 30 == len(prepared(write(tmp_path, "x", frame), validation=0).preprocessing.classes)
    assert "numbers" == prepared(write(tmp_path, "x.npz", frame), validation=0).preprocessing.target_kind


@pytest.mark.parametrize(("name", "place"), [("x.csv", "x.csv:4"), ("x.npz", "x.npz row 3")])
def test_infinity_is_refused_with_its_row(name, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = FRAME.with_columns(p1=pl.Series([*map(float, range(2)), np.inf, *map(float, range(57))]))
    write(tmp_path, name, frame)
    column = "p1" if name == "x.csv" else "x1"
    with pytest.raises(DataError) as caught:
        prepared(name)
    assert str(caught.value).startswith(f'{place}: column "{column}": "inf" is not a finite number; ')


def test_text_far_down_among_numbers_is_refused_with_line_and_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nettrain.data.reading.formats.delimited.HEAD_BYTES", 300)
    monkeypatch.setattr("nettrain.data.reading.formats.delimited.CHUNK_BYTES", 200)
    lines = FRAME.write_csv().splitlines()
    lines[41] = "1,2,3x,4,0"
    lines[50] = "1,2,nan,4,0"
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        prepared("x.csv")
    assert str(caught.value).startswith('x.csv:42: column "p2": "3x" is not a number (and 1 more); ')
    # as a second source, of which training knows nothing
    write(tmp_path, "x.tsv")
    with pytest.raises(DataError) as caught:
        prepared("x.tsv", test="x.csv")
    assert str(caught.value).startswith('x.csv:42: column "p2": "3x" is not a number (and 1 more); ')


def test_a_column_that_is_text_far_down_is_text_everywhere(tmp_path, monkeypatch):
    monkeypatch.setattr("nettrain.data.reading.formats.delimited.HEAD_BYTES", 100)
    monkeypatch.setattr("nettrain.data.reading.formats.delimited.CHUNK_BYTES", 100)
    codes = ["007"] * 20 + ["x9", "y8"] * 20
    (tmp_path / "x.csv").write_bytes(FRAME.with_columns(p1=pl.Series(codes)).write_csv().encode())
    data = prepared(str(tmp_path / "x.csv"))
    assert ("p1 = 007", "p1 = x9", "p1 = y8") == data.preprocessing.feature_names[1:4]


MIXED = pl.DataFrame(
    {
        "fraction": [None if i % 11 == 0 else round(float(v), 3) for i, v in enumerate(DRAW.normal(size=60))],
        "whole": [None if i % 13 == 5 else i % 7 - 3 for i in range(60)],
        "long": [9_007_199_254_740_993 + i % 3 for i in range(60)],
        "word": [None if i % 17 == 3 else f'w{i % 4}, "x"' for i in range(60)],
        "code": [f"{i % 3:02}" for i in range(60)],
        "open": [None if i % 9 == 2 else i % 4 == 1 for i in range(60)],
        "day": [datetime.date(2024, 1 + i % 12, 1 + i % 28) for i in range(60)],
        "at": [datetime.datetime(2024, 1 + i % 12, 1 + i % 28, i % 24, 30) for i in range(60)],
        "y": ["no" if i % 5 < 3 else "yes" for i in range(60)],
    }
)


@pytest.mark.parametrize("name", NAMED)
def test_every_kind_of_column_gives_the_same_arrays(name, tmp_path):
    frame = MIXED.drop("long") if ".xls" in name else MIXED  # Excel has 15 digits
    if ".jsonl" in name or ".ndjson" in name:  # which has no dates, and text is what one makes of them
        frame = frame.with_columns(
            pl.col("day").cast(pl.String), pl.col("at").dt.to_string("%Y-%m-%d %H:%M:%S")
        )
    keys = {"columns": {"categorical": ["code"]}, "test": 0.2}
    frame.write_csv(tmp_path / "expected.csv")
    write_table(tmp_path / name, frame)
    expected, data = (prepared(str(tmp_path / one), **keys) for one in ("expected.csv", name))
    assert expected.preprocessing.feature_names == data.preprocessing.feature_names
    for one, other in ((expected.train, data.train), (expected.test, data.test)):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)
    new = read_rows(str(tmp_path / name), expected.preprocessing, dtype="float32")
    np.testing.assert_array_equal(
        read_rows(str(tmp_path / "expected.csv"), data.preprocessing, dtype="float32"), new
    )


def test_a_shell_is_told_names_of_columns_only_where_that_is_quick(tmp_path, monkeypatch):
    table = tmp_path / "rows.tsv"
    table.write_text("age\tfirst name\n3\tAnn\n")
    assert ["age", "first name"] == named_columns(str(table))
    assert [] == named_columns(str(tmp_path / "nothing.parquet"))
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(tmp_path / "rows.parquet")
    assert ["a", "b"] == named_columns(str(tmp_path / "rows.parquet"))
    monkeypatch.setattr("nettrain.workflow.columns.LARGEST", 10)
    assert [] == named_columns(str(tmp_path / "rows.parquet"))
