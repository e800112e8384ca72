"""Files that are read later, to test or predict on, may be written in another dialect than the training data."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from tests.data.dialects import written_again, written_table
from tests.data.reading import read_rows

ROWS = [f"{i * 7 % 11}.5,{i * 5 % 13}.25,{'no' if i % 3 else 'yes'}" for i in range(24)]
HEAD, BODY = "a,b,y\n", "\n".join(ROWS) + "\n"
INPUTS = "\n".join(row.rpartition(",")[0] for row in ROWS) + "\n"


def fitted(source, **keys):
    """The training rows, and the preprocessing as it is stored."""
    data = prepare(DataSettings(source=str(source), validation=0, **keys), seed=0, dtype="float64")
    again = prepare(data.settings, seed=0, dtype="float64")
    np.testing.assert_array_equal(data.train.x, again.train.x)
    assert data.preprocessing.to_json() == again.preprocessing.to_json()
    return data.train, Preprocessing.from_json(json.loads(json.dumps(data.preprocessing.to_json())))


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
@settings(max_examples=80)
def test_another_dialect_gives_the_same_inputs(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("later")
    table = written_table(first)
    later = written_again(table, second)
    (folder / "train.csv").write_bytes(table.text)
    (folder / "later.csv").write_bytes(later.text)
    target = next(i for i in range(len(table.names)) if table.rows[0][i][0].isalpha())
    train, preprocessing = fitted(
        folder / "train.csv", target=table.names[target] if table.header else target
    )
    np.testing.assert_array_equal(train.x, read_rows(str(folder / "later.csv"), preprocessing))
    np.testing.assert_array_equal(train.y, read_labelled(str(folder / "later.csv"), preprocessing).y)


@pytest.mark.parametrize("above", ["", "Report\n", "Report\nof today, and more\n", "\n# one\n"])
@pytest.mark.parametrize("head", ["x,y,z\n1,2,3\na,b,y\n", "Report\nby me\na,b,y\n"])
def test_lines_above_a_later_table_may_be_others(tmp_path, above, head):
    train, preprocessing = fitted(written(tmp_path, "train.csv", head + BODY), skip_rows=2)
    for text in (f"{above}a,b\n{INPUTS}", f"{above}b,a,y\n{BODY.replace('yes', 'no')}"):
        rows = read_rows(written(tmp_path, "later.csv", text), preprocessing)
        expected = train.x if text.startswith(f"{above}a") else train.x[:, ::-1]
        assert rows.shape == expected.shape
    np.testing.assert_array_equal(
        train.x, read_rows(written(tmp_path, "later.csv", f"{above}a,b\n{INPUTS}"), preprocessing)
    )


def test_lines_above_rows_without_names_are_left_out_as_set(tmp_path):
    above = "1.5,2.5,no\n1.5,2.5,no\n"
    train, preprocessing = fitted(written(tmp_path, "train.csv", above + BODY), skip_rows=2, header=False)
    later = written(tmp_path, "later.csv", f"1,2\n3,4\n{INPUTS}")
    np.testing.assert_array_equal(train.x, read_rows(later, preprocessing))


@pytest.mark.parametrize("keys", [{}, {"comment": "#"}])
def test_comments_begin_as_in_the_training_data(tmp_path, keys):
    lines = BODY.splitlines(keepends=True)
    text = "".join([HEAD, *lines[:5], "# again\n", *lines[5:]])
    train, preprocessing = fitted(written(tmp_path, "train.csv", text), **keys)
    later = written(tmp_path, "later.csv", "".join(["a,b,y\n", *lines[:20], "# stop\n", *lines[20:]]))
    np.testing.assert_array_equal(train.x, read_rows(later, preprocessing))


@pytest.mark.parametrize("keys", [{}, {"comment": "#"}])
def test_names_in_a_comment(tmp_path, keys):
    train, preprocessing = fitted(
        written(tmp_path, "train.csv", f"# me\n# a,b,y\n{BODY}"), target="y", **keys
    )
    assert ("a", "b") == preprocessing.feature_names
    for text in (f"# a,b\n{INPUTS}", f"a,b\n{INPUTS}", f"# me\n# a,b,y\n{BODY}"):
        np.testing.assert_array_equal(train.x, read_rows(written(tmp_path, "later.csv", text), preprocessing))


def test_names_from_the_settings(tmp_path):
    names = ["a", "b", "y"]
    train, preprocessing = fitted(written(tmp_path, "train.csv", BODY), names=names, target="y")
    assert ("a", "b") == preprocessing.feature_names
    for text in (BODY, INPUTS, f"a,b\n{INPUTS}"):
        np.testing.assert_array_equal(train.x, read_rows(written(tmp_path, "later.csv", text), preprocessing))


def test_names_for_columns_without_names_are_refused(tmp_path):
    train, preprocessing = fitted(written(tmp_path, "train.csv", BODY))
    for text in (f"p,q,r\n{BODY}", f"p,q\n{INPUTS}"):
        with pytest.raises(
            DataError, match="names columns, but those of the training data have no names; remove"
        ):
            read_rows(written(tmp_path, "later.csv", text), preprocessing)
    np.testing.assert_array_equal(
        train.x, read_rows(written(tmp_path, "later.csv", f"column_0,column_1\n{INPUTS}"), preprocessing)
    )
    assert len(read_rows(written(tmp_path, "later.csv", "1.5,2.5\n"), preprocessing)) == 1


def test_names_in_place_of_those_of_the_file(tmp_path):
    source = written(tmp_path, "train.csv", f"p,q,r\n{BODY}")
    train, preprocessing = fitted(source, names=["a", "b", "y"], header=True, target="y")
    for text in (f"p,q,r\n{BODY}", f"p,q\n{INPUTS}", f"a,b\n{INPUTS}"):
        np.testing.assert_array_equal(train.x, read_rows(written(tmp_path, "later.csv", text), preprocessing))


def test_names_of_an_array_without_any(tmp_path):
    rows = np.random.default_rng(0).normal(size=(40, 3)).round(3)
    np.save(tmp_path / "x.npy", rows)
    _, preprocessing = fitted(tmp_path / "x.npy", names=["a", "b", "y"], target="a")
    assert ("b", "y") == preprocessing.feature_names
    with pytest.raises(DataError) as caught:
        fitted(tmp_path / "x.npy", names=["a", "b"])
    assert str(caught.value).startswith("data.names: 2 names, but ")


def test_names_that_are_numbers_are_names_in_later_files(tmp_path):
    head = "0,1,2\n"
    train, preprocessing = fitted(written(tmp_path, "train.csv", head + BODY))
    turned = "\n".join(",".join(reversed(row.split(",")[:2])) for row in ROWS)
    np.testing.assert_array_equal(
        train.x, read_rows(written(tmp_path, "later.csv", f"1,0\n{turned}\n"), preprocessing)
    )
    with pytest.raises(DataError, match="its first row should name columns as in training"):
        read_rows(written(tmp_path, "later.csv", INPUTS), preprocessing)


def test_an_empty_last_column_is_still_an_input(tmp_path):
    """Rows that end in a separator may lack a name, or a value."""
    body = "\n".join(f"{'no' if i % 3 else 'yes'},{i}.5,{i * i % 7}.25" for i in range(24)) + "\n"
    _, preprocessing = fitted(written(tmp_path, "train.csv", body), target=0)
    whole = read_rows(written(tmp_path, "later.csv", "no,1.5,\n"), preprocessing)
    inputs = read_rows(written(tmp_path, "later.csv", "1.5,\n"), preprocessing)
    np.testing.assert_array_equal(whole, inputs)
    assert len(whole[0]) == len(preprocessing.feature_names)


def test_default_names_above_rows_that_had_none_in_training(tmp_path):
    train, preprocessing = fitted(written(tmp_path, "train.csv", BODY))
    later = written(tmp_path, "later.csv", "0,1,2\n" + BODY)
    labelled = read_labelled(later, preprocessing)
    np.testing.assert_array_equal(train.x, labelled.x)
    np.testing.assert_array_equal(train.y, labelled.y)
    note = "the first row (0, 1, 2) is read as names of columns, which are taken by position"
    assert (f"{later}: {note}",) == read_source(
        later, preprocessing.layout.options(["column_2"]), seed=0
    ).table.notes
    with pytest.raises(DataError, match="names columns, but those of the training data have no names"):
        read_labelled(written(tmp_path, "other.csv", "a,b,c\n" + BODY), preprocessing)


def test_values_that_count_on_are_rows_in_later_files(tmp_path):
    body = (
        "\n".join(f"{i % 3},{(i + 1) % 3},{(i + 2) % 3},{'no' if i % 2 else 'yes'}" for i in range(24)) + "\n"
    )
    _, preprocessing = fitted(written(tmp_path, "train.csv", body))
    assert 24 == len(read_rows(written(tmp_path, "later.csv", body), preprocessing))
    assert 1 == len(read_rows(written(tmp_path, "one.csv", "0,1,2\n"), preprocessing))


@pytest.mark.parametrize("target", ["01", "00"])
def test_a_name_with_leading_zeros_is_no_position(tmp_path, target):
    head, rows = ["00", "01", "02"], [f"{i % 2},{i % 2},{i * 5 % 13}" for i in range(40)]
    body = "\n".join([",".join(head), *rows]) + "\n"
    train, preprocessing = fitted(written(tmp_path, "train.csv", body), target=target)
    assert ([target], 40) == (list(preprocessing.target_names), len(train.x))
    assert [name for name in head if name != target] == list(preprocessing.feature_names)
