"""Zip archives: the one table that they hold, and those that are refused."""

import gzip
import shutil
import zipfile

import pytest

from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.errors import DataError

ROWS = "a,b\n1,x\n\n2,y\n3x,z\n"


def archive(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as written:
        for name, data in files.items():
            written.writestr(name, data)


def table_of(path):
    return read_source(str(path), ReadOptions(), seed=0).table


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_the_table_with_its_lines(method, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive("x.zip", {"in/rows.csv": ROWS, "README.md": "# rows", "__MACOSX/._rows.csv": "?"}, method)
    table = table_of("x.zip")
    assert [("1", "x"), ("2", "y"), ("3x", "z")] == table.frame.rows()
    assert "x.zip/in/rows.csv:5" == table.at(2)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.csv.gz", gzip.compress(ROWS.encode(), mtime=0)),
        ("rows.tsv", ROWS.replace(",", "\t")),
        ("rows", ROWS),
    ],
)
def test_other_names(name, data, tmp_path):
    archive(tmp_path / "x.zip", {name: data})
    assert ["a", "b"] == table_of(tmp_path / "x.zip").columns


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": ROWS, "b.parquet": b""}, "holds 2 tables (a.csv, b.parquet), expected one"),
        (
            {f"{i}.csv": ROWS for i in range(7)},
            "holds 7 tables (0.csv, 1.csv, 2.csv, 3.csv, 4.csv, and 2 more), expected",
        ),
        ({"a.pdf": "", "b.pdf": ""}, "holds no table (a.pdf, b.pdf), expected one"),
        ({"x.zip": b""}, "holds no table (x.zip), expected one"),
        ({}, "holds no table (nothing), expected one"),
    ],
)
def test_refuses_what_is_not_one_table(files, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive("x.zip", files)
    with pytest.raises(DataError) as caught:
        table_of("x.zip")
    assert str(caught.value).startswith(f"x.zip: {message}")


def test_refuses_what_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sizes = iter([1000, 999, 998, 10])  # million bytes that are free
    monkeypatch.setattr(
        "shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 0, next(sizes) * 10**6)
    )
    archive("x.zip", {"rows.csv": bytes(30 << 20)})
    expected = (
        r"^x\.zip/rows\.csv: takes more than 3\.1 MB, and .* has 10\.0 MB left; the variable TMPDIR names"
    )
    with pytest.raises(DataError, match=expected):
        table_of("x.zip")


def test_a_name_never_leaves_the_temporary_folder(tmp_path):
    archive(tmp_path / "x.zip", {"../../evil.csv": ROWS})
    assert ["a", "b"] == table_of(tmp_path / "x.zip").columns
    assert not list(tmp_path.parent.parent.glob("evil.csv"))


def test_encrypted_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive("x.zip", {"rows.csv": ROWS})
    data = bytearray((tmp_path / "x.zip").read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1  # the flag in the list of files
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"^x\.zip: is encrypted; unpack it first$"):
        table_of("x.zip")
