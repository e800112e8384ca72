"""Reading CSV: the same cells as Python's own reader and Polars give, headers, separators, and damage."""

import csv
import gzip
import io
import random

import polars as pl
import pytest

from nettrain.data.reading.formats.delimited import parse, read_delimited
from nettrain.data.reading.header import header_evidence
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.separator import find_separator
from nettrain.errors import DataError

PLAIN = ReadOptions(header=False, missing=())


def read(text, **reading):
    return parse(text.encode(), "x.csv", ReadOptions(**reading))


def cells_of(table):
    return [list(row) for row in table.frame.rows()]


def refusal(text, **reading):
    with pytest.raises(DataError) as caught:
        read(text, **reading)
    return str(caught.value)


@pytest.mark.parametrize("seed", range(20))
def test_cells_equal_those_of_pythons_reader(seed):
    draw = random.Random(seed)
    pieces = ["a", "1", "-2.5e3", 'say "x"', "x,y", "two\nlines", "é", "", "?", "a b"]
    rows = [["key", *(draw.choice(pieces) for _ in range(3))] for _ in range(draw.randint(1, 30))]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator=draw.choice(["\n", "\r\n"])).writerows(rows)
    assert rows == cells_of(parse(buffer.getvalue().encode(), "x.csv", PLAIN))


def test_cells_and_header_equal_polars_own(tmp_path):
    frame = pl.DataFrame({"n": [1.5, -2.0, 3e-7], "t": ["a", 'b"c', "d,e"], "w": [7, 8, 9]})
    frame.write_csv(tmp_path / "x.csv")
    table = read_delimited(tmp_path / "x.csv", ReadOptions()).table
    assert table.header
    assert frame.with_columns(pl.col("w").cast(pl.Float64)).equals(table.frame)


def test_gzip_mark_and_line_ends_change_nothing(tmp_path):
    text = "a,b\n1,x\n2,y\n"
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()))
    zipped = read_delimited(tmp_path / "x.csv.gz", ReadOptions()).table
    assert read(text).frame.equals(zipped.frame)


def test_blanks_after_separators_and_missing_marks():
    table = read('a, b, c\n1, x y , ?\n2, "p, q",\n', missing=("", "?"))
    assert [[1, "x y", None], [2, "p, q", None]] == cells_of(table)
    assert [[1, "NA"]] == cells_of(read("a,b\n1,NA\n", missing=("?",), header=True))


def test_blank_lines_are_skipped_and_lines_still_counted():
    table = read('\n\na,b\n\n1,"two\nlines"\n\n2,x\n\n', header=True)
    assert ["x.csv:5", "x.csv:8"] == [table.at(row) for row in range(table.height)]
    assert ["x.csv:8"] == [table.take([1]).at(0)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_finds_separators(separator):
    text = "name,;x\n".replace(",;", separator) + f"a{separator}1\nb{separator}2\n"
    assert separator == find_separator(text)


def test_separator_is_the_one_that_gives_equal_rows():
    assert ";" == find_separator("name;note\na;1,2,3\nb;1\n")
    assert [["1 000", 2]] == cells_of(read("1 000:2\n", separator=":", header=False))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["age", "name"], ["1", "x"], ["2", "y"]], True),
        ([["1", "x"], ["2", "y"]], False),
        ([["1", "2"], ["3", "4"]], False),
        ([["a", "b"], ["x", "y"], ["z", "y"]], True),
        ([["x", "y"], ["z", "y"]], False),
        ([["age", "name"], [None, "x"], ["2", "y"]], True),
        ([[None, "x"], ["2", "y"]], False),
        ([[None, "x"], ["0", "1.5"]], True),
        ([["a", "b"]], True),
        ([["a", "1"]], False),
        ([["age", "name"], ["old", "x"], ["2", "x"]], True),
    ],
)
def test_detects_headers(rows, expected):
    assert expected == header_evidence([[cell or "" for cell in row] for row in rows]).header


def test_headers_follow_the_options_and_known_names():
    assert ["column_0", "column_1"] == read("a,b\n1,2\n", header=False).columns
    assert ["1", "2"] == read("1,2\n3,4\n", header=True).columns
    assert ["age", "sex"] == read("age,sex\nx,y\n", known=("sex",)).columns
    assert not read("a,b\nx,y\n", known=("sex",)).header
    assert ["column_0", "b"] == read(",b\n1,2\n").columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.csv: is empty"),
        (" \n\n", "x.csv: is empty"),
        ("a,b\n", "x.csv: has no rows under its header"),
        ("a,b\n1,2\n\n1\n", "x.csv:4: 1 cell, but the first row has 2 (separator ',')"),
        (
            "a,b\n1,2,3\n",
            "x.csv:2: 3 cells, but the first row has 2 (separator ','); data.skip_rows leaves out lines above the table",
        ),
        ('a,b\n1,2\n"x,3\n4,5\n', "x.csv:3: cannot be split into cells: unexpected end of data"),
        (
            "a,b,a\n1,2,3\n",
            'x.csv: two columns are named "a"; rename one, or name all columns in data.names',
        ),
    ],
)
def test_refuses_damaged_text(text, message):
    assert message == refusal(text, separator=",")


def test_latin_1_is_read_with_a_note():
    table = parse("name,n\nJosé,1\nZoë,2\n".encode("latin-1"), "x.csv", ReadOptions())
    assert [["José", 1], ["Zoë", 2]] == cells_of(table)
    assert ("x.csv: is not UTF-8, read as Latin-1; save it as UTF-8 if letters look wrong",) == table.notes
    assert "x.csv:3" == table.at(1)


def test_refuses_damaged_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = gzip.compress(b"a,b\n1,2\n" * 99)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-12])
    (tmp_path / "latin.csv").write_bytes(b"")
    (tmp_path / "wide.csv").write_bytes("a,b\n1,2\n".encode("utf-16"))
    (tmp_path / "binary.csv").write_bytes(b"a,b\n1,\0\n")
    (tmp_path / "folder.csv").mkdir()
    for name, message in [
        ("cut.csv.gz", "data.source: cut.csv.gz: is damaged or cut short ("),
        ("latin.csv", "latin.csv: is empty"),
        ("wide.csv", "wide.csv: is UTF-16 text; save the file as UTF-8"),
        ("binary.csv", "binary.csv: is not text (it holds zero bytes)"),
        ("folder.csv", "data.source: folder.csv: is a folder, not a file"),
        ("latni.csv", 'data.source: latni.csv: no such file, did you mean "latin.csv"?'),
        ("nowhere/x.csv", "data.source: nowhere/x.csv: no such file"),
    ]:
        with pytest.raises(DataError) as caught:
            read_delimited(tmp_path / name, ReadOptions(), "data.source")
        assert str(caught.value).startswith(message)
