"""Rows in the order of a column: the last ones are held out, whatever the order in the file."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.order import column_order
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

START = datetime(2023, 12, 25, 22)
SHUFFLED = np.random.default_rng(0).permutation(40).tolist()
SPELLINGS = {
    "dates": lambda i: f"{START + timedelta(days=3 * i):%Y-%m-%d}",
    "moments": lambda i: f"{START + timedelta(hours=i):%Y-%m-%d %H:%M}",
    "offsets": lambda i: f"{START + timedelta(hours=i - i % 3):%Y-%m-%dT%H:%M:%S}-0{i % 3}:00",
    "German": lambda i: f"{START + timedelta(hours=i):%d.%m.%Y %H:%M}",
    "American": lambda i: f"{START + timedelta(days=i):%m/%d/%Y}",
    "numbers": lambda i: i * 2.5 - 30,
    "microseconds": lambda i: 1_700_000_000_000_000 + i,
}


def write(folder, text, name="x.csv"):
    path = folder / name
    path.write_text(text)
    return str(path)


def split_rows(source, memory=None, ignore=("when",), **keys):
    """The column x of training, validation and test rows, which holds the place of each row in time."""
    settings = {"validation": 8, "test": 0.25, "order": {"by": "when"}, "scaling": "none", **keys}
    settings = DataSettings(source=source, columns={"ignore": list(ignore)}, **settings)
    data = prepare(settings, seed=1, dtype="float64", memory=memory)
    splits = (data.train, data.validation, data.test)
    return data, [rows.x[:, 0].astype(int).tolist() for rows in splits]


@pytest.mark.parametrize("ignore", [["when"], []], ids=["ignored", "input"])
@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
def test_the_last_rows_are_those_with_the_latest_dates_or_largest_numbers(tmp_path, spelled, ignore):
    lines = [f"{i},{spelled(i)},{i % 7 + 0.5}" for i in SHUFFLED]
    data, (train, validation, test) = split_rows(
        write(tmp_path, "\n".join(["x,when,y", *lines, ""])), ignore=ignore
    )
    assert (range(22), range(22, 30), range(30, 40)) == tuple(
        range(min(rows), max(rows) + 1) for rows in (train, validation, test)
    )
    assert [i for i in SHUFFLED if i < 22] == train  # rows keep the order of the file
    note = 'split in the order of "when": 22 training, then 8 validation, then 10 test rows'
    assert note in data.notes
    assert ({"by": "when"}, False) == (data.settings.order.model_dump(), data.settings.stratify)


def test_folds_that_train_on_others_have_validation_rows_among_training_rows(tmp_path):
    lines = [f"{i},{2000 + i},{i % 7 + 0.5}" for i in SHUFFLED]
    keys = {"validation": 0, "folds": {"count": 5, "train_on": "others", "take": 2}}
    data, (train, validation, test) = split_rows(write(tmp_path, "\n".join(["x,when,y", *lines, ""])), **keys)
    assert ([*range(6, 12)], [*range(30, 40)]) == (sorted(validation), sorted(test))
    assert [i for i in SHUFFLED if i < 6 or 12 <= i < 30] == train
    note = 'split in the order of "when": 24 training and 6 validation, then 10 test rows'
    assert note in data.notes


def test_folds_of_rows_in_no_order_do_not_train_on_others_in_time(tmp_path):
    lines = [f"{i},{2000 + i},{i % 7 + 0.5}" for i in SHUFFLED]
    keys = {"validation": 0, "folds": {"count": 5, "train_on": "others", "take": 2}, "order": "random"}
    data, _ = split_rows(write(tmp_path, "\n".join(["x,when,y", *lines, ""])), **keys)
    assert (
        "data.folds.train_on: others is for rows in an order (data.order), and these have none" in data.notes
    )


def test_frames_and_positions():
    frame = pl.DataFrame({"x": SHUFFLED, "when": [START + timedelta(hours=i) for i in SHUFFLED]})
    memory = MemoryTables.of((frame, np.arange(40) % 7 + 0.5))
    data, rows = split_rows(memory.sources()["source"], memory, order={"by": 1})
    assert [list(range(22)), list(range(22, 30)), list(range(30, 40))] == [sorted(one) for one in rows]
    assert "when" == data.settings.order.by


def test_the_column_may_be_known_by_position_and_its_name_is_evidence_of_a_header(tmp_path):
    lines = [f"{i},{i + 0.5},{i % 7}" for i in SHUFFLED]
    path = write(tmp_path, "\n".join(["1,7,when", *lines, ""]))
    data = prepare(
        DataSettings(source=path, test=0.25, order={"by": "when"}, target="1"), seed=0, dtype="float64"
    )
    assert ["1", "7", "when"] == list(data.preprocessing.layout.columns)
    data = prepare(
        DataSettings(source=path, test=0.25, order={"by": -2}, target="1"), seed=0, dtype="float64"
    )
    assert "7" == data.settings.order.by


def test_equal_values_keep_the_order_of_the_file(tmp_path):
    lines = [f"{i},{2000 + i // 30},{i % 7 + 0.5}" for i in range(40)]
    _, rows = split_rows(write(tmp_path, "\n".join(["x,when,y", *lines, ""])), validation=12)
    assert [[*range(18)], [*range(18, 30)], [*range(30, 40)]] == rows


def test_a_second_source_is_not_cut_and_needs_no_order(tmp_path):
    lines = [f"{i},{2000 + i},{i % 7 + 0.5}" for i in SHUFFLED]
    test = write(tmp_path, "x,when,y\n50,,1\n51,1990,2\n", "y.csv")
    data, rows = split_rows(write(tmp_path, "\n".join(["x,when,y", *lines, ""])), test=test)
    assert ([*range(32, 40)], [50, 51]) == (sorted(rows[1]), rows[2])
    assert 'split in the order of "when": 32 training, then 8 validation rows' in data.notes


@pytest.mark.parametrize("kind", [int, str])
def test_whole_numbers_keep_all_their_digits(kind):
    nanoseconds = [kind(1_700_000_000_000_000_000 + i) for i in (2, 0, 1)]
    assert [1, 2, 0] == np.argsort(column_order(Table.of({"when": nanoseconds}), "when")).tolist()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", None, "3", None], 'rows row 2: order column "when": 2 rows without a value (at rows row 2'),
        ([1.0, np.nan, 3.0], 'rows row 2: order column "when": 1 row without a value'),
        (["2024-01-01", "2024-02-30", "2024-03-01"], 'rows row 2: column "when": "2024-02-30" is not a date'),
        (
            ["1", "2", "new", "old"],
            'rows row 3: column "when": "new" is neither a date nor a finite number (and 1 more); '
            "data.order needs one of them in every row",
        ),
        (["1", "inf"], 'rows row 2: column "when": "inf" is neither a date nor a finite number; data.order'),
    ],
)
def test_a_row_without_a_place_is_refused(cells, message):
    with pytest.raises(DataError) as caught:
        column_order(Table.of({"when": cells}), "when")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("wen", 'data.order: x.csv: no column "wen", did you mean "when"?'),
        (7, "data.order: 7 is not a position in x.csv, of 3 columns"),
        ("y", 'data.order: "y" is the target, whose largest values would all be held out'),
    ],
)
def test_a_column_that_is_no_order_is_refused(by, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "x,when,y\n" + "1,2,3.5\n" * 40)
    with pytest.raises(DataError) as caught:
        split_rows("x.csv", order={"by": by})
    assert message == str(caught.value)
