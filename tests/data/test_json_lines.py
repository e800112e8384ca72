"""JSON lines: every kind of value, gaps, exact digits, and lines that are refused with their number."""

import pytest

from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.errors import DataError


def table_of(folder, *lines, name="x.jsonl"):
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_source(str(folder / name), ReadOptions(), seed=0).table


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "null", "3"], [1, None, 3]),
        (["1", "2.5", "null"], [1, 2.5, None]),
        (["true", "false", "null"], ["true", "false", None]),
        (['"a"', '"é\\n"', '""'], ["a", "é", None]),
        (['"2024-02-29"', '"2024-03-01"', "null"], ["2024-02-29", "2024-03-01", None]),
        (['"1.10"', '"1.1"', "null"], ["1.10", "1.1", None]),  # text, spelled as it is
        (["12345678901234567890", "1", "null"], ["12345678901234567890", "1", None]),
        (["9007199254740993", "9007199254740992", "1"], [9007199254740993, 9007199254740992, 1]),
        (["1", '"x"', "true"], ["1", "x", "true"]),
        (['"\\ud83d\\ude00"', '"x"', "null"], ["😀", "x", None]),
    ],
)
def test_cells(cells, expected, tmp_path):
    assert expected == table_of(tmp_path, *(f'{{"a": {cell}}}' for cell in cells)).column("a").to_list()


def test_keys_that_are_not_there_are_gaps_and_the_order_is_that_of_the_first_objects(tmp_path):
    table = table_of(tmp_path, '{"b": 1}', "", '{"a": "x", "b": 2}', "  ", '{"c": 3.5}')
    assert ["b", "a", "c"] == table.columns
    assert [(1, None, None), (2, "x", None), (None, None, 3.5)] == table.frame.rows()
    assert f"{tmp_path / 'x.jsonl'}:5" == table.at(2)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"a": 1}', '{"a": [1, 2]}'], 'column "a" holds'),
        (['{"a": {"b": 1}}'], "column \"a\" holds Struct({'b': Int64}), expected numbers, text"),
        (
            ['{"a": 1}', "", '{"a": "x"}', '{"a": {"b": 1}}'],
            ':4: column "a" holds an object, expected one value',
        ),
        (['{"a": 1}', "[1, 2]"], ":2: is no object but [1, 2]; expected one in each line, such as"),
        (["[", '{"a": 1}', "]"], ":1: is not JSON (Expecting value at character 3)"),
        (['{"a": 1}', "", '{"a": 1'], ":3: is not JSON (Expecting ',' delimiter at character 9)"),
        (['{"a": 1}', '{"a": 1} {"a": 2}'], ":2: is not JSON (Extra data at character 10)"),
        (['{"a": 1}'] * 1200 + ['{"a": tru}'], ":1201: is not JSON (Expecting value at character 7)"),
        (["{}"], "has no rows"),
        ([""], "has no rows"),
    ],
)
def test_refuses(lines, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        table_of(tmp_path, *lines)
    assert str(caught.value).startswith("x.jsonl")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_objects_with_keys_of_their_own_are_refused_before_they_fill_memory(tmp_path):
    lines = (f'{{"k{k}": {k}}}' for k in range(4000))
    with pytest.raises(
        DataError, match=r"x\.jsonl: has 4,000 keys in 4,000 lines, but only one in more than 200"
    ):
        table_of(tmp_path, *lines)


def test_lines_that_hold_nothing_are_refused_where_the_first_has_many_keys(tmp_path):
    wide = ", ".join(f'"k{k}": {k}' for k in range(1000))
    with pytest.raises(DataError, match=r"has 1,000 keys in 12,001 lines, but only one in more than 200"):
        table_of(tmp_path, f"{{{wide}}}", *["{}"] * 12_000)


def test_a_message_does_not_repeat_all_of_a_nested_value(tmp_path):
    with pytest.raises(DataError) as caught:
        table_of(tmp_path, *(f'{{"a": {{"b{k}": 1}}}}' for k in range(100)))
    assert len(str(caught.value)) < len(str(tmp_path)) + 200
