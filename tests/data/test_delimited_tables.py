"""Generated tables, and files that pandas wrote: every cell is the one that Polars or pandas had.

The files were made with pandas 3.1 from one frame: `pandas.csv` by `to_csv(index=False)`, `pandas.tsv.gz` with
`sep="\\t"` and gzip, `excel.csv` with `sep=";"`, UTF-8 with a mark, CRLF and quotes around all but numbers.
"""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.data.reading.cells import mark_missing, read_cells, read_typed
from nettrain.data.reading.formats import delimited
from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.tables.table import as_numbers, is_text

FILES = Path(__file__).parent / "files"
MISSING = ("", "?", "NA")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**18), 10**18)
TEXTS = st.text("ab1 ,;|\"'\n?é-.", max_size=6)
CELLS = st.sampled_from([NUMBERS, TEXTS, NUMBERS | st.none(), TEXTS | st.none(), NUMBERS | TEXTS])


@st.composite
def tables(draw):
    """Rows of cells, the first of which is never empty, so that no row is blank."""
    kinds = draw(st.lists(CELLS, min_size=1, max_size=4))
    rows = draw(st.lists(st.tuples(*kinds), min_size=1, max_size=12))
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    frame = pl.DataFrame(cells, schema=[f"c{i}" for i in range(len(kinds))], orient="row")
    return frame.insert_column(0, pl.Series("key", [f"k{i}" for i in range(len(rows))]))


def expected_column(cells):
    """A column of text as Polars alone makes of it: blanks off, marks to null, numbers where all are."""
    cells = cells.str.strip_chars()
    cells = cells.set(cells.is_in(list(MISSING)), None)
    numbers = cells.cast(pl.Float64, strict=False)
    finite = numbers.is_finite().fill_null(False) | cells.is_null()
    return numbers if finite.all() else cells


def assert_equal_to_polars(frame, table):
    assert frame.columns == table.columns
    for name in frame.columns:
        # numbers with codes among them, such as 007 or 17 digits, stay text
        column = table.column(name)
        column = expected_column(column) if column.dtype == pl.String else column
        assert expected_column(frame[name]).to_list() == column.to_list(), name


@given(tables(), st.sampled_from(",;\t|"), st.sampled_from(["necessary", "always", "non_numeric"]))
def test_tables_that_polars_writes_come_back(frame, separator, quotes):
    text = frame.write_csv(separator=separator, quote_style=quotes)
    table = parse(text.encode(), "x.csv", ReadOptions(header=True, separator=separator, missing=MISSING))
    assert_equal_to_polars(frame, table)


@given(tables(), st.integers(8, 60), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60)
def test_the_size_of_chunks_changes_nothing(frame, size, end):
    text = frame.write_csv(line_terminator=end, quote_style="non_numeric")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "HEAD_BYTES", size)
        patch.setattr(delimited, "CHUNK_BYTES", size)
        table = parse(text.encode(), "x.csv", ReadOptions(header=True, separator=",", missing=MISSING))
    assert frame.height == table.height
    assert_equal_to_polars(frame, table)


PLAIN = st.sampled_from(
    ["1", "-2.5e3", '"7"', '"a, b"', "x", "?", '"?"', "", '""', "NA", "x y", '"say ""x"""']
)


@given(st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=1, max_size=8))
def test_numbers_read_at_once_are_those_read_as_text(rows):
    chunk = "".join(f"{','.join(row)}\n" for row in rows).encode()
    text = mark_missing(read_cells(chunk, ","), MISSING) if any(any(row) for row in rows) else None
    if text is None or text.width != 3:
        return
    names = ["a", "b", "c"]
    text.columns = names
    numeric = [name for name in names if not as_numbers(text[name])[1].any()]
    typed = read_typed(chunk, ",", names, numeric, MISSING)
    if typed is None:
        return
    for name in names:
        assert is_text(typed[name]) == (name not in numeric)
        expected = text[name] if is_text(typed[name]) else text[name].cast(pl.Float64)
        assert expected.to_list() == typed[name].to_list()


@pytest.mark.parametrize(
    ("name", "separator"), [("pandas.csv", ","), ("pandas.tsv.gz", "\t"), ("excel.csv", ";")]
)
def test_pandas_rows(name, separator):
    source = read_source(str(FILES / name), ReadOptions(), seed=0)
    assert (True, separator) == (source.header, source.separator)
    assert ["id", "price", "note", "open", "day"] == source.table.columns
    assert [
        (1, 1.5, "plain", "True", "2024-02-29"),
        (2, None, "a, b", "False", "2024-03-01"),
        (3, -2.25e-7, 'say "hi"', "True", "2024-03-02"),
        (4, 1e10, None, "True", "2024-03-03"),
        (5, 0.1, "two\nlines", "False", "2024-03-04"),
    ] == source.table.frame.rows()
    assert source.table.at(4).endswith(f"{name}:6")


def test_files_of_many_chunks_equal_those_of_one(monkeypatch):
    draw = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{i}": draw.normal(size=3000).round(6) for i in range(5)})
    frame = frame.with_columns(
        pl.when(pl.col("c0") < 1).then("c0").name.keep(), t=pl.Series(["x", "y"] * 1500)
    )
    buffer = io.BytesIO()
    frame.write_csv(buffer)
    monkeypatch.setattr(delimited, "CHUNK_BYTES", 10_000)
    table = parse(buffer.getvalue(), "x.csv", ReadOptions())
    assert len(table.numbers.chunks) > 10
    assert frame.equals(table.frame)
    rows = np.array([2999, 0, 1500, 1501])
    assert frame[rows].equals(table.take(rows).frame)
    assert "x.csv:3001" == table.take(rows).at(0)
