"""Excel workbooks: cells of every kind, rows where they stand, the choice of a sheet, and what is refused."""

import datetime

import pytest

from nettrain.data.prepare import prepare
from nettrain.data.reading.formats import excel
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from tests.data.reading import read_rows

pytest.importorskip("fastexcel")
xlsxwriter = pytest.importorskip("xlsxwriter")

DATES = [datetime.datetime(2024, 2, 29), datetime.datetime(2024, 3, 1, 12, 30), datetime.time(9, 15)]


def workbook(path, **sheets):
    """A workbook of sheets with rows of cells, None where there is none."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm"}) as written:
        for name, rows in sheets.items():
            sheet = written.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        sheet.write(row, column, cell)
    return str(path)


def table_of(path, **options):
    return read_source(str(path), ReadOptions(**options), seed=0).table


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, None, 2.5], [1, None, 2.5]),
        (["1", "1.10", None], [1, 1.1, None]),  # text that is numbers, as in a CSV file
        (["01", "1.10", None], ["01", "1.10", None]),  # and codes
        ([True, False, None], ["true", "false", None]),
        ([" x ", 'a "b", c', "two\nlines"], ["x", 'a "b", c', "two\nlines"]),
        ([1, "x", 0.1], ["1", "x", "0.1"]),
        ([DATES[0], None, DATES[0]], ["2024-02-29", None, "2024-02-29"]),
        ([DATES[0], None, DATES[1]], ["2024-02-29 00:00:00", None, "2024-03-01 12:30:00"]),
        ([DATES[2], None, None], ["09:15:00", None, None]),
        ([1e300, -1e-300, 123456789012345], [1e300, -1e-300, 123456789012345]),
    ],
)
def test_cells(cells, expected, tmp_path):
    path = workbook(tmp_path / "x.xlsx", S=[["a", "b"], *([cell, "z"] for cell in cells)])
    assert expected == table_of(path).column("a").to_list()


def test_rows_of_the_sheet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [["a", "b"], [1, "x"], [], ["two\nlines", "y"], [3, "z"]]
    table = table_of(workbook("x.xlsx", S=rows))
    assert ["x.xlsx:2", "x.xlsx:4", "x.xlsx:5"] == [table.at(row) for row in range(3)]
    assert [(1, 3)] == list(table.empty_rows())
    titled = table_of(workbook("y.xlsx", S=[["Sales of 2024"], [], *rows]))
    assert ["a", "b"] == titled.columns
    assert "y.xlsx:7" == titled.at(2)


def test_the_first_sheet_that_is_not_empty_or_the_one_that_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, two = [["a", "b"], [1, "x"], [2, "y"]], [["c", "d"], [1, "x"], [2, "y"]]
    path = workbook("x.xlsx", Empty=[], First=one, Second=two)
    assert ["a", "b"] == table_of(path).columns
    assert ('x.xlsx: read sheet "First" of 2; data.sheet names another',) == table_of(path).notes
    for sheet in ("Second", 2):
        assert (["c", "d"], ()) == (table_of(path, sheet=sheet).columns, table_of(path, sheet=sheet).notes)
    assert () == table_of(workbook("y.xlsx", Empty=[], First=one)).notes
    for sheet, message in {
        "Secnd": 'no sheet "Secnd", did you mean "Second"?',
        "Empty": 'sheet "Empty" is empty',
        7: "data.sheet: 7 is not a sheet from 0 to 2",
    }.items():
        with pytest.raises(DataError) as caught:
            table_of(path, sheet=sheet)
        assert f"x.xlsx: {message}" == str(caught.value)


def test_new_rows_come_from_the_sheet_of_this_name_or_from_the_only_one(tmp_path):
    rows = [["x", "y"], *([i % 7, "ab"[i % 7 > 3]] for i in range(40))]
    path = workbook(tmp_path / "x.xlsx", Other=[["q"], [1]], Rows=rows)
    data = prepare(DataSettings(source=path, sheet="Rows"), seed=1, dtype="float64").preprocessing
    expected = read_rows(path, data)
    assert 40 == len(expected)
    alone = workbook(tmp_path / "y.xlsx", Sheet1=rows)
    assert expected.tolist() == read_rows(alone, data).tolist()


def test_a_stray_cell_far_from_the_table_takes_no_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = workbook("x.xlsx", S=[["a", "b"], [1, "x"]])
    with xlsxwriter.Workbook(path) as written:
        sheet = written.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "stray")
    with pytest.raises(
        DataError,
        match=r"^x\.xlsx: a sheet of 1,048,576 rows and 16,384 columns \(by a stray cell far away\?\) takes 687 GB",
    ):
        table_of(path)


def test_refuses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = (tmp_path / workbook("x.xlsx", S=[["a"], [1]])).read_bytes()
    for data, message in {
        b"a,b\n1,2\n": "is not an Excel workbook, or is cut short",
        whole[:-100]: "is not an Excel workbook, or is cut short",
    }.items():
        (tmp_path / "y.xlsx").write_bytes(data)
        with pytest.raises(DataError, match=f"^y.xlsx: {message}$"):
            table_of("y.xlsx")
    with pytest.raises(DataError, match=r"^x\.xlsx: is empty$"):
        table_of(workbook("x.xlsx", S=[]))
    monkeypatch.setattr(excel, "find_spec", lambda name: None)
    with pytest.raises(
        DataError, match=r"^x\.xlsx: Excel workbooks need fastexcel: pip install 'nettrain\[excel\]'$"
    ):
        table_of("x.xlsx")


def test_ids_of_twenty_digits_keep_them(tmp_path):
    ids = ["12345678901234567890", "007", "99999999999999999999"]
    path = workbook(tmp_path / "x.xlsx", one=[["id", "n"], *([one, k] for k, one in enumerate(ids))])
    assert ids == table_of(path, text=("id",)).column("id").to_list()
