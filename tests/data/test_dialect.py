"""Text files of many dialects: separators, names, what stands above and between rows, and lines of rows."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.data.reading.formats import delimited
from nettrain.data.reading.formats.delimited import parse, read_delimited
from nettrain.data.reading.options import ReadOptions
from nettrain.errors import DataError
from tests.data.dialects import ROWS, written_table

IRIS = "\n".join(
    f"{4 + i % 7 / 10:.1f},{3 - i % 4 / 10:.1f},{('setosa', 'virginica')[i % 2]}" for i in range(20)
)


def read(text, **options):
    return parse(text.encode(), "x.csv", ReadOptions(**options))


def cells_of(table):
    return [list(row) for row in table.frame.rows()]


def refusal(text, **options):
    with pytest.raises(DataError) as caught:
        read(text, **options)
    return str(caught.value)


def assert_read(written):
    table = parse(written.text, "x.csv", ReadOptions())
    assert written.header == table.header
    assert written.separator == table.separator.replace("whitespace", " ")
    assert written.columns == table.columns
    for name, expected in zip(table.columns, zip(*written.rows, strict=True), strict=True):
        actual = table.column(name)
        assert (
            list(map(float, expected)) if actual.dtype.is_numeric() else list(expected)
        ) == actual.to_list()
    assert [f"x.csv:{line}" for line in written.lines] == [table.at(row) for row in range(ROWS)]


@given(st.integers(0, 10**9))
@settings(max_examples=400)
def test_a_table_in_any_dialect_comes_back(seed):
    assert_read(written_table(seed))


@given(st.integers(0, 10**9), st.integers(20, 200))
@settings(max_examples=100)
def test_the_size_of_chunks_changes_no_dialect(seed, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "HEAD_BYTES", size)
        patch.setattr(delimited, "CHUNK_BYTES", size)
        assert_read(written_table(seed))


@given(st.integers(0, 10**9))
@settings(max_examples=50)
def test_pandas_reads_the_same_cells(seed):
    written = written_table(seed)
    table = parse(written.text, "x.csv", ReadOptions())
    lines = written.text.decode("utf-8-sig").splitlines(keepends=True)
    first = written.lines[0] - 1 - written.header
    kept = "".join(line for line in lines[first:] if not line.startswith("#"))
    separator = r"\s+" if written.separator == " " else written.separator
    frame = pd.read_csv(
        io.StringIO(kept, newline=""), sep=separator, header=None, skiprows=int(written.header)
    )
    for i, name in enumerate(table.columns):
        assert frame[i].tolist() == table.column(name).to_list()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,5;2,5\n3,5;4,5\n", [["1,5", "2,5"], ["3,5", "4,5"]]),
        ("1,5;2,5\n", [["1,5", "2,5"]]),
        ("1,5\t2,5\n3\t4,25\n", [["1,5", "2,5"], ["3", "4,25"]]),
        ('"1,5","2,5"\n"3,5","4,5"\n', [["1,5", "2,5"], ["3,5", "4,5"]]),
        ("1,5  2,5 a\n3,5  4,5 b\n", [["1,5", "2,5", "a"], ["3,5", "4,5", "b"]]),
        ("1.234,5;x\n2.000,0;y\n", [["1.234,5", "x"], ["2.000,0", "y"]]),
        ("$1,200;7,5 kg\n$3,400;8,5 kg\n", [["$1,200", "7,5 kg"], ["$3,400", "8,5 kg"]]),
        ("2024-01-01 12:30,5\n2024-01-01 12:40,6\n", [["2024-01-01 12:30", 5], ["2024-01-01 12:40", 6]]),
        ("Smith, Ann;3\nJones, Bob;4\n", [["Smith, Ann", 3], ["Jones, Bob", 4]]),
        ("a|b;c|d\ne|f;g|h\n", [["a", "b;c", "d"], ["e", "f;g", "h"]]),
    ],
)
def test_cells_hold_no_separators(text, rows):
    assert rows == cells_of(read(text, header=False))


def test_tabs_side_by_side_separate_once_where_rows_then_agree():
    tabs = {True: "\t\t", False: "\t"}
    rows = [f"{i}.5{tabs[i % 9 == 0]}{i * i}\t1" for i in range(1, 40)]
    table = read("\n".join(rows))
    assert ("whitespace", 3, 39) == (table.separator, len(table.columns), table.height)
    gaps = read("\n".join(f"{i}.5\t{'' if i % 9 == 0 else i}\t1" for i in range(1, 40)))
    assert ("\t", 4) == (gaps.separator, gaps.column("column_1").null_count())


def test_the_ending_tsv_is_no_more_than_a_hint(tmp_path):
    for text, separator in (("a\tb, c\n1\t2\n3\t4\n", "\t"), ("a,b\n1,x y\n3,z\n", ",")):
        (tmp_path / "x.tsv").write_text(text)
        assert separator == read_delimited(tmp_path / "x.tsv", ReadOptions()).separator


def test_a_column_of_prose_is_one_column():
    assert [["Hello, world"], ["no"], ["a, b; c"]] == cells_of(read("text\nHello, world\nno\na, b; c\n"))
    assert ["when"] == read("when\n2024-01-01 12:30\n2024-01-02 12:30\n").columns


@pytest.mark.parametrize(
    ("above", "named", "line"),
    [
        ("Flowers\n", "Flowers", 2),
        ("Flowers\n\nby me\n", "Flowers", 4),
        ("Flowers,,\n,,\n", "Flowers", 3),
        (f"{'long ' * 20}\n", f"{'long ' * 8}...", 2),
    ],
)
def test_titles_are_left_out_with_a_note(above, named, line):
    table = read(f"{above}a,b,y\n{IRIS}\n")
    assert ["a", "b", "y"] == table.columns
    assert f"x.csv:{line + 1}" == table.at(0)
    assert table.notes == (
        f'x.csv:1: "{named}" is read as a title, and line {line} as the first row; data.skip_rows says how many '
        "lines stand above the table",
    )


def test_lines_above_the_table_by_their_number():
    text = f"x,y,z\n1,2,3\na,b,y\n{IRIS}\n"
    assert ["a", "b", "y"] == read(text, skip_rows=2).columns
    assert "x.csv:4" == read(text, skip_rows=2).at(0)
    message = "x.csv:2: 3 cells, but the first row has 1 (separator ','); "
    assert refusal(f"Flowers\na,b,y\n{IRIS}\n", skip_rows=0).startswith(message)
    assert "x.csv: is empty" == refusal("a\nb\n", skip_rows=2)


def test_a_title_is_not_guessed_from_a_row_that_is_little_shorter():
    message = "x.csv:2: 3 cells, but the first row has 2 (separator ','); data.skip_rows leaves out lines above the table"
    assert message == refusal(f"a,b\n{IRIS}\n".replace("setosa", "1").replace("virginica", "1"))


def test_comments():
    note = (
        'x.csv: lines that begin with "#" are left out as comments; data.comment: none reads them as rows',
    )
    lines = IRIS.split("\n")
    between = "\n".join([*lines[:5], "# again", *lines[5:]])
    for text, notes, options, line in [
        (f"# one, two\n# three\na,b,y\n{IRIS}", note, {}, 23),
        (f"# one, two\n# three\na,b,y\n{between}", note, {}, 24),
        (f"a,b,y\n{between}", note, {}, 22),
        (f"a,b,y\n{between}", (), {"comment": "#"}, 22),
        (f"a,b,y\n{between}".replace("#", "//"), (), {"comment": "//"}, 22),
    ]:
        table = read(text, **options)
        assert (["a", "b", "y"], 20, notes) == (table.columns, table.height, table.notes)
        assert f"x.csv:{line}" == table.at(19)
    hint = (
        "x.csv:7: 1 cell, but the first row has 3 (separator ','); data.comment: \"#\" leaves such lines out"
    )
    assert hint == refusal(f"a,b,y\n{between}", comment="none")


def test_a_comment_within_quotes_is_a_cell():
    table = read('a,b\n1,"x\n# no comment"\n# a comment\n2,y\n', comment="#", header=True)
    assert [[1, "x\n# no comment"], [2, "y"]] == cells_of(table)
    assert ["x.csv:2", "x.csv:5"] == [table.at(row) for row in range(2)]


def test_rows_that_begin_like_comments_are_rows():
    table = read("#,name,kind\n#1,a,x\n#2,b,y\n#3,c,x\n")
    assert (["#", "name", "kind"], 3, ()) == (table.columns, table.height, table.notes)
    table = read("a,b\n#1,2\n1,2\n")
    assert (["a", "b"], [["#1", 2], ["1", 2]], ()) == (table.columns, cells_of(table), table.notes)


def test_a_comment_above_a_header_is_none():
    table = read("# a,b\nx,y\n1,2\n3,4\n")
    assert (["x", "y"], [[1, 2], [3, 4]]) == (table.columns, cells_of(table))


@pytest.mark.parametrize("separator", [",", "\t", "   "])
def test_the_header_of_numpy_begins_like_a_comment(separator):
    rows = IRIS.replace("setosa", "1").replace("virginica", "2").replace(",", separator)
    table = read(f"# a{separator}b{separator}y\n{rows}\n")
    assert (["a", "b", "y"], 20) == (table.columns, table.height)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "1 2 3\n1  2 3\n",
            {"separator": " "},
            "x.csv:2: 4 cells, but the first row has 3 (separator ' '); data.separator: whitespace takes blanks side "
            "by side as one",
        ),
        (
            "1 2 3\n\n1 2\n",
            {"separator": "whitespace"},
            "x.csv:3: 2 cells, but the first row has 3 (separator whitespace); data.skip_rows leaves out lines above "
            "the table",
        ),
        (
            "1,2,3\n1,2,3\n// end\n",
            {"comment": "none"},
            "x.csv:3: 1 cell, but the first row has 3 (separator ','); data.comment: \"//\" leaves such lines out",
        ),
    ],
)
def test_rows_that_do_not_fit_name_the_key_that_may_help(text, options, message):
    assert message == refusal(text, header=False, **options)


def test_comments_beside_a_header_that_begins_like_one():
    lines = IRIS.split("\n")
    text = "\n".join(["# by me", "# a,b,y", *lines[:5], "# again", *lines[5:]])
    for options in ({}, {"comment": "#", "mentioned": ("y",)}, {"comment": "#", "known": ("a", "b", "y")}):
        table = read(text, **options)
        assert (["a", "b", "y"], 20, True) == (table.columns, table.height, table.header)
        assert ["x.csv:3", "x.csv:9"] == [table.at(0), table.at(5)]
    assert ["column_0", "column_1", "column_2"] == read(text, comment="#").columns


def test_the_line_of_excel_names_the_separator():
    for first in ("sep=|", '"sep=|"', "SEP=|"):
        assert [["a,b", "c;d"]] == cells_of(read(f"{first}\r\na,b|c;d\r\n", header=False))
    assert ["sep=;"] == read("sep=;\nx\ny\n", skip_rows=0, header=True, separator=",").columns


def test_separators_at_the_ends_of_rows_make_no_columns(monkeypatch):
    rows = [row.split(",") for row in IRIS.split("\n")]
    for text in (f"a,b,y,\n{IRIS}\n".replace("a\n", "a,\n"), f"a,b,y\n{IRIS}\n".replace("a\n", "a,\n")):
        table = read(text)
        assert (["a", "b", "y"], 20) == (table.columns, table.height)
        assert [float(row[0]) for row in rows] == table.column("a").to_list()
    assert ["a", "b"] == read("a;b;;;\n1;x;;;\n2;y;;;\n").columns
    assert ["a", "b"] == read("a,b,,\n1,2\n3,4\n").columns, "after names alone"
    assert "x.csv:2: 2 cells, but the first row has 4" in refusal("1,2,,\n1,2\n3,4\n")
    monkeypatch.setattr("nettrain.data.reading.dialect.SAMPLE_ROWS", 3)  # below which one has a value there
    message = "x.csv:4: 4 cells, but the first row has 3 (separator ',')"
    assert message == refusal("a,b,y\n1,2,3,\n1,2,3,\n1,2,3,4\n")


def test_a_name_that_is_not_there_belongs_to_the_names_of_rows():
    rows = "\n".join(f'"{i}",{row}' for i, row in enumerate(IRIS.split("\n"), 1))
    table = read(f'"a","b","y"\n{rows}\n')
    assert ["column_0", "a", "b", "y"] == table.columns
    assert [*range(1, 21)] == table.column("column_0").to_list()
    assert 'so that the first, of names of rows, is "column_0"' in table.notes[0]


def test_names_of_a_file_without_them():
    names = ("a", "b", "y")
    table = read(IRIS, names=names)
    assert (["a", "b", "y"], False, 20) == (table.columns, table.header, table.height)
    assert 20 == read(f"p,q,r\n{IRIS}", names=names, header=True).height
    assert 20 == read(f"a,b,y\n{IRIS}", names=names).height
    doubtful = read(f"p,q,r\n{IRIS}", names=names)
    assert 21 == doubtful.height
    assert (
        "x.csv: the first row (p, q, r) is read as values; data.header: true leaves it out",
    ) == doubtful.notes
    assert "data.names: 2 names, but x.csv has 3 columns" == refusal(IRIS, names=("a", "b"))


def test_names_may_hold_separators_and_line_ends():
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["speed, km/h", "two\nlines", ""], [1, 2, 3], [4, 5, 6]])
    table = read(buffer.getvalue())
    assert ["speed, km/h", "two\nlines", "column_2"] == table.columns
    assert ["x.csv:3", "x.csv:4"] == [table.at(row) for row in range(2)]
