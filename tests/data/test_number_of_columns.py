"""How many columns a file may have."""

import pytest

from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.tables.table import MOST_COLUMNS
from nettrain.errors import DataError

TOO_MANY = MOST_COLUMNS + 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", ",".join(f"c{k}" for k in range(TOO_MANY)) + "\n"),
        ("x.jsonl", "{" + ", ".join(f'"c{k}": 1' for k in range(TOO_MANY)) + "}\n"),
    ],
)
def test_a_file_with_too_many_columns_is_refused(name, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        read_source(name, ReadOptions(), seed=0)
    assert f"{name}: has 65,537 columns, at most 65,536 are read" == str(caught.value)
