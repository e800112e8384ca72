"""Columns as numbers: gaps, texts, unseen cells, and cells that do not fit."""

import numpy as np
import pytest

from nettrain.data.categories import TextColumn
from nettrain.data.delimited import Reading, parse
from nettrain.data.encoding import encode_all, fit_encoders
from nettrain.data.numbers import NumberColumn
from nettrain.data.spelling import number_text
from nettrain.data.table import Table
from nettrain.errors import DataError


def fitted(cells, train=None):
    table = Table.of({"c": cells})
    rows = np.arange(table.height) if train is None else np.array(train)
    encoders, notes = fit_encoders(table, ["c"], rows)
    return encoders, notes, table


def test_numbers_with_gaps_get_the_training_median_and_a_mark():
    (encoder,), notes, table = fitted(["1", None, "3", "10", None], train=[0, 1, 2, 3])
    assert NumberColumn("c", 3.0, True) == encoder
    assert [[1, 0], [3, 1], [3, 0], [10, 0], [3, 1]] == encoder.encode(table).tolist()
    assert ("c", "c is missing") == encoder.features
    assert [
        'column "c": 1 gap in the training rows filled with their median 3; a 0/1 input marks gaps'
    ] == notes


def test_gaps_that_training_rows_lack_get_the_median_alone():
    (encoder,), notes, table = fitted(["1", "3", None], train=[0, 1])
    assert [[1], [3], [2]] == encoder.encode(table).tolist()
    assert [] == notes


def test_texts_get_a_place_each_and_one_for_missing_and_unseen():
    (encoder,), notes, table = fitted(["b", "a", None, "c"], train=[0, 1, 2])
    assert TextColumn("c", ("a", "b")) == encoder
    assert [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]] == encoder.encode(table).tolist()
    assert ['column "c": 1 gap in the training rows, marked by a 0/1 input of its own'] == notes


def test_booleans_are_texts():
    (encoder,), _, table = fitted([True, False, None])
    assert ("false", "true") == encoder.values
    assert [[0, 1, 0], [1, 0, 0], [0, 0, 1]] == encoder.encode(table).tolist()


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (["5", "5"], "5 in every training row, so it teaches nothing"),
        (["x", "x"], '"x" in every training row, so it teaches nothing'),
    ],
)
def test_notes(cells, note):
    assert [f'column "c": {note}'] == fitted(cells)[1]


@pytest.mark.parametrize("others", [["1", "2"], ["x", "y"]])
def test_a_column_without_training_values_is_left_out(others):
    encoders, notes, _ = fitted([None, None, *others], train=[0, 1])
    assert [] == encoders
    assert ['column "c": no value in any training row, left out'] == notes


def test_a_constant_column_with_gaps_says_so():
    notes = fitted(["5", "5", None])[1]
    assert 'column "c": 5 in every training row that has one' == notes[1]


CELLS = "name,age\na,1\nb,abc\nc,2\nd,3\ne,old\nf,5\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CELLS,
            'x.csv:3: column "age": "abc" is not a number (and 1 more); add it to data.missing or correct it',
        ),
        ("age\n1\n2\ninf\n", 'x.csv:4: column "age": "inf" is not a finite number; add it'),
        ("age\n1\n2\nnan\n", 'x.csv:4: column "age": "nan" is not a finite number; add it'),
    ],
)
def test_text_among_numbers_is_refused_with_its_place(text, message):
    table = parse(text.encode(), "x.csv", Reading(header=True))
    with pytest.raises(DataError) as caught:
        fit_encoders(table, ["age"], np.arange(2))
    assert str(caught.value).startswith(message)


def test_few_numbers_among_texts_are_texts():
    assert isinstance(fitted(["a", "b", "7"])[0][0], TextColumn)


def test_a_column_that_is_not_there_is_named_with_the_nearest():
    encoders = [NumberColumn("length", 0.0, False)]
    with pytest.raises(DataError, match=r'^rows: no column "length", did you mean "lenght"\?$'):
        encode_all(encoders, Table.of({"lenght": [1.0], "width": [2.0]}))


def test_numbers_as_a_person_writes_them():
    assert ["3", "-2", "0.1", "1e-09"] == [number_text(value) for value in (3.0, -2.0, 0.1, 1e-9)]
