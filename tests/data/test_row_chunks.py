"""Numbers in chunks: columns and rows equal those of one array, and memory is freed on release."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.inputs import encode_splits
from nettrain.data.prepare import prepare
from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.options import ReadOptions
from nettrain.data.settings import DataSettings
from nettrain.data.tables.row_chunks import RowChunks, allocate_chunk
from nettrain.errors import DataError
from tests.data.reading import read_rows

WHOLE = np.arange(36.0).reshape(12, 3)


def cut(ends):
    return RowChunks(("a", "b", "c"), np.split(WHOLE, sorted(ends)))


@given(st.lists(st.integers(0, 12), max_size=4), st.lists(st.integers(0, 11), max_size=20))
def test_rows_and_columns_are_those_of_the_whole(ends, rows):
    chunks = cut(ends)
    np.testing.assert_array_equal(WHOLE[:, 1], chunks.column("b"))
    np.testing.assert_array_equal(WHOLE[:, [2, 0]], chunks.block(["c", "a"]))
    taken = chunks.take(np.array(rows, dtype=np.int64))
    np.testing.assert_array_equal(WHOLE[rows], taken.block(["a", "b", "c"]))
    np.testing.assert_array_equal(WHOLE[rows, 2], chunks.select("c").take(np.array(rows, int)).column("c"))


def test_only_chunks_that_end_before_a_row_are_released():
    chunks = cut([4, 8])
    chunks.release(7)
    assert [0, 3, 3] == [chunk.shape[1] for chunk in chunks.chunks]
    assert 12 == chunks.starts[-1]
    np.testing.assert_array_equal(WHOLE[[4, 11]], chunks.take(np.array([4, 11])).chunks[0])


def test_room_is_writable_and_may_be_empty():
    room = allocate_chunk(3, 2)
    room[:, 1] = [1, 2, 3]
    np.testing.assert_array_equal([[0, 1], [0, 2], [0, 3]], room)
    assert (3, 0) == allocate_chunk(3, 0).shape


def test_a_table_gives_its_numbers_back_while_it_is_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr("nettrain.data.reading.formats.delimited.CHUNK_BYTES", 100)
    monkeypatch.setattr("nettrain.data.inputs.CHUNK", 9)
    monkeypatch.setattr("nettrain.data.inputs.FEWEST_ROWS", 1)
    text = "a,b,y\n" + "".join(f"{i},{i * i % 17},{i % 2}\n" for i in range(100))
    (tmp_path / "x.csv").write_text(text)
    data = prepare(DataSettings(source=str(tmp_path / "x.csv")), seed=0, dtype="float64")
    table = parse(text.encode(), "x.csv", ReadOptions())
    expected = data.preprocessing.encode(table)
    rows = np.array([99, 3, 50, 4])
    splits = {"some": (table, rows), "others": (table, np.arange(10))}
    x = encode_splits(splits, data.preprocessing, "float64")
    np.testing.assert_array_equal(expected[rows], x["some"])
    np.testing.assert_array_equal(expected[:10], x["others"])
    assert len(table.numbers.chunks) > 5
    assert {0} == {chunk.shape[1] for chunk in table.numbers.chunks}
    np.testing.assert_array_equal(expected, read_rows(str(tmp_path / "x.csv"), data.preprocessing))


def test_a_value_too_large_for_the_dtype_is_located(tmp_path):
    (tmp_path / "x.csv").write_text("1,x\n2,z\n" * 10)
    data = prepare(DataSettings(source=str(tmp_path / "x.csv"), header=False), seed=0, dtype="float32")
    table = parse(b"1\n1e300\n", "rows.csv", ReadOptions(header=False))
    with pytest.raises(DataError, match=r'^rows.csv:2: column "column_0": .* too large for float32$'):
        encode_splits({"rows": (table, np.arange(2))}, data.preprocessing, "float32")
