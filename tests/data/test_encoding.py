"""Columns as numbers: gaps, texts, unseen cells, and cells that do not fit."""

import json

import numpy as np
import pytest

from nettrain.data.columns.categories import CategoryColumn, categories_in
from nettrain.data.columns.cell_inputs import CellInputs
from nettrain.data.columns.encoding import encode_all, encoder_from_json, fit_encoders
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.options import ReadOptions
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.spelling import number_text
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, StoredContentError


def fitted(cells, train=None, mark_gaps_from=1):
    table = Table.of({"c": cells})
    rows = np.arange(table.height) if train is None else np.array(train)
    inputs = CellInputs(mark_gaps_from=mark_gaps_from)
    encoders, notes = fit_encoders(table, ["c"], rows, inputs=inputs)
    return encoders, notes, table


def test_numbers_with_gaps_get_the_training_median_and_a_mark():
    (encoder,), notes, table = fitted(["1", None, "3", "10", None], train=[0, 1, 2, 3])
    assert NumberColumn("c", 3.0, True, low=1.0, high=10.0, marked=True) == encoder
    assert [[1, 0], [3, 1], [3, 0], [10, 0], [3, 1]] == encoder.encode(table).tolist()
    assert ("c", "c is missing") == encoder.features
    assert [
        'column "c": 1 gap in the training rows filled with their median 3; a 0/1 input marks gaps'
    ] == notes


def test_gaps_that_training_rows_lack_get_the_median_alone():
    (encoder,), notes, table = fitted(["1", "3", None], train=[0, 1])
    assert [[1], [3], [2]] == encoder.encode(table).tolist()
    assert [] == notes


def test_texts_get_a_feature_each_and_one_for_missing_and_unseen():
    (encoder,), notes, table = fitted(["b", "a", None, "c"], train=[0, 1, 2])
    assert CategoryColumn("c", ("a", "b")) == encoder
    assert [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]] == encoder.encode(table).tolist()
    assert ['column "c": 1 gap in the training rows, marked by a 0/1 input of its own'] == notes


def test_few_gaps_are_filled_in_alone():
    """An input for one row in ten would say what that row is, not what a gap means."""
    numbers = ["1", "2", None, "6"] * 5
    (encoder,), notes, table = fitted(numbers, mark_gaps_from=6)
    assert [[1], [2], [2], [6]] == encoder.encode(table).tolist()[:4]
    assert (encoder.features, encoder.kinds, encoder.gaps) == (("c",), ("number",), True)
    assert ['column "c": 5 gaps in the training rows filled with their median 2'] == notes
    assert [] == encoder.deviations(table)
    assert fitted(numbers, mark_gaps_from=5)[0][0].marked


def test_of_few_missing_categories_each_row_has_the_shares():
    cells = ["b", "a", None, "b", "b"] * 2
    (encoder,), notes, table = fitted(cells, mark_gaps_from=3)
    assert [[0, 1], [1, 0], [0.25, 0.75], [0, 1]] == encoder.encode(table).tolist()[:4]
    assert (("c = a", "c = b"), ("indicator",) * 2) == (encoder.features, encoder.kinds)
    assert ['column "c": 2 gaps in the training rows, filled with the shares of the categories'] == notes
    assert [[0.25, 0.75]] * 2 == encoder.encode(Table.of({"c": ["new", None]})).tolist()
    assert () == fitted(cells, mark_gaps_from=2)[0][0].fill


def test_of_many_categories_the_rare_ones_have_a_share_too():
    table = Table.of({"c": ["a", "a", "b", "c", None]})
    (encoder,), _ = fit_encoders(table, ["c"], np.arange(5), inputs=CellInputs(1))
    assert ("c = a", "c is rare or unseen") == encoder.features
    assert [[1, 0]] * 2 + [[0, 1]] * 2 + [[0.5, 0.5]] == encoder.encode(table).tolist()
    assert [[0, 1], [0.5, 0.5]] == encoder.encode(Table.of({"c": ["new", None]})).tolist()
    assert [0, 0, 1, 1, 2] == categories_in(encoder.encode(table)).tolist()


def test_booleans_are_texts():
    (encoder,), _, table = fitted([True, False, None])
    assert ("false", "true") == encoder.values
    assert [[0, 1, 0], [1, 0, 0], [0, 0, 1]] == encoder.encode(table).tolist()


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (["5", "5"], "5 in every training row, which teaches nothing"),
        (["x", "x"], '"x" in every training row, which teaches nothing'),
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
def test_text_among_numbers_is_refused_with_its_row(text, message):
    table = parse(text.encode(), "x.csv", ReadOptions(header=True))
    with pytest.raises(DataError) as caught:
        fit_encoders(table, ["age"], np.arange(2))
    assert str(caught.value).startswith(message)


def test_few_numbers_among_texts_are_texts():
    assert isinstance(fitted(["a", "b", "7"])[0][0], CategoryColumn)


def test_a_column_that_is_not_there_is_named_with_the_nearest():
    encoders = [NumberColumn("length", 0.0, False)]
    with pytest.raises(DataError, match=r'^rows: no column "length", did you mean "lenght"\?$'):
        encode_all(encoders, Table.of({"lenght": [1.0], "width": [2.0]}))


def test_numbers_as_a_person_writes_them():
    assert ["3", "-2", "0.1", "1e-09"] == [number_text(value) for value in (3.0, -2.0, 0.1, 1e-9)]


def test_the_rarest_of_many_values_share_a_feature():
    common = [f"t{i:02}" for i in range(50)]
    (encoder,), notes, _ = fitted([*common * 3, "x", "y", "z", None])
    assert (tuple(common), True) == (encoder.values, encoder.rare)
    assert ("c is rare or unseen", "c is missing") == encoder.features[50:]
    marks = encoder.encode(Table.of({"c": ["t00", "z", "new", None]}))
    assert [0, 50, 50, 51] == marks.argmax(axis=1).tolist()
    assert (marks.sum(axis=1) == 1).all()
    assert [
        'column "c": 1 gap in the training rows, marked by a 0/1 input of its own',
        'column "c": 53 different values; the 50 most frequent get an input each (data.max_categories), '
        "the rest (3) share one",
    ] == notes


def test_of_equally_frequent_values_the_first_get_a_feature():
    (encoder,), _, _ = fitted([f"t{i:02}" for i in range(60)])
    assert tuple(f"t{i:02}" for i in range(50)) == encoder.values


@pytest.mark.parametrize(
    ("most", "values", "note"),
    [
        (1, ("c",), "the most frequent gets an input (data.max_categories), the rest (3) share one"),
        (
            2,
            ("a", "c"),
            "the 2 most frequent get an input each (data.max_categories), the rest (2) share one",
        ),
        (4, ("a", "b", "c", "d"), ""),
    ],
)
@pytest.mark.parametrize("roles", [{}, {"categorical": ["c"]}])
def test_the_number_of_categories_is_a_setting(most, values, note, roles):
    table = Table.of({"c": ["a", "c", "b", "d", "c"]})
    (encoder,), notes = fit_encoders(table, ["c"], np.arange(5), inputs=CellInputs(most), **roles)
    assert (values, most < 4) == (encoder.values, encoder.rare)
    assert ([f'column "c": 4 different values; {note}'] if note else []) == notes


def test_fifty_values_get_a_feature_each():
    (encoder,), notes, _ = fitted([f"t{i}" for i in range(50)] * 2)
    assert (50, False, []) == (len(encoder.values), encoder.rare, notes)


ADVICE = "it seems to identify rows, not to describe them; data.columns.ignore leaves it out"


def test_names_are_suggested_to_be_ignored():
    notes = fitted([f"t{i % 11}" for i in range(21)])[1]
    words = "data.columns.words takes its words"
    assert [f'column "c": 11 different texts in 21 rows: {ADVICE}, {words}'] == notes
    assert [] == fitted([f"t{i % 10}" for i in range(21)])[1]
    assert [] == fitted([f"t{i}" for i in range(10)])[1]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("customer", np.arange(1000, 1030), "numbers the rows"),
        ("customer", np.arange(30)[::-1] + (np.arange(30) < 5), "numbers the rows"),  # with a hole
        ("customer_id", np.arange(30) * 977, "named like an identifier"),
        ("customer_id", np.arange(30) % 20, ""),  # few enough to be categories
        ("customer", np.arange(30) * 977, ""),
        ("customer", np.arange(30) + 0.5, ""),
        ("customer", np.arange(30) // 2, ""),
        ("year", np.arange(1990, 2020), ""),
        ("customer", np.arange(10), ""),  # too few to say
        ("customer", np.where(np.arange(30) == 3, np.nan, np.arange(30)), ""),
    ],
)
def test_numbers_of_rows_are_suggested_to_be_ignored(name, values, reason):
    table = Table.of({name: np.asarray(values, dtype=float)})
    _, notes = fit_encoders(table, [name], np.arange(len(values))[::-1])
    expected = [f'column "{name}": {reason}: {ADVICE}'] if reason else []
    assert expected == [note for note in notes if "identif" in note]


def test_categories_that_were_asked_for_are_no_identifiers():
    table = Table.of({"shop_id": [f"s{i % 25}" for i in range(60)]})
    for asked, notes in (([], 1), (["shop_id"], 0)):
        found = fit_encoders(table, ["shop_id"], np.arange(60), categorical=asked)[1]
        assert notes == sum("identif" in note for note in found)


def test_columns_with_the_same_note_share_it():
    table = Table.of({f"p{i}": [0, 0] for i in range(5)} | {"q": ["1", "1"], "r": ["1", "1"]})
    _, notes = fit_encoders(table, table.columns, np.arange(2))
    assert [
        '5 columns ("p0", "p1", "p2", ...): 0 in every training row, which teaches nothing',
        '2 columns ("q", "r"): 1 in every training row, which teaches nothing',
    ] == notes


def wanted(cells, **roles):
    table = Table.of({"c": cells}, "x.csv")
    inputs = CellInputs(mark_gaps_from=1)
    return fit_encoders(table, ["c"], np.arange(table.height), inputs=inputs, **roles)[0][0], table


def test_numbers_as_categories_in_one_spelling():
    for cells in (["10", "9", "9.0", None], [10.0, 9.0, 9.0, None], [10, 9, 9, None]):
        encoder, table = wanted(cells, categorical=["c"])
        assert ("9", "10") == encoder.values
        assert [[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1]] == encoder.encode(table).tolist()
        odd = encoder.encode(Table.of({"c": ["9.00", "x"]}))
        assert [[1, 0, 0], [0, 0, 1]] == odd.tolist()


def test_booleans_as_numbers():
    for cells in ([True, False, None], ["TRUE", "false", None]):
        encoder, table = wanted(cells, numeric=["c"])
        assert [[1, 0], [0, 0], [0.5, 1]] == encoder.encode(table).tolist()
    assert [[1, 0], [0.5, 1]] == encoder.encode(Table.of({"c": [1, None]})).tolist()
    assert [[0.5, 1], [0.5, 1]] == encoder.encode(Table.of({"c": [None, None]})).tolist()
    with pytest.raises(DataError) as caught:
        encoder.encode(Table.of({"c": ["true", "maybe"]}, "new.csv"))
    assert str(caught.value).startswith('new.csv row 2: column "c": "maybe" is not a number')


def test_wanted_numbers_must_be_some():
    encoder, table = wanted([*(f"{i}" for i in range(3)), None], numeric=["c"])
    assert [[0, 0], [1, 0], [2, 0], [1, 1]] == encoder.encode(table).tolist()
    with pytest.raises(DataError) as caught:
        wanted(["a", "1", "b"], numeric=["c"])
    assert (
        'x.csv row 1: column "c": "a" is not a number (and 1 more); '
        "correct it or take the column out of data.columns.numeric" == str(caught.value)
    )


def test_codes_of_which_some_are_numbers_are_texts():
    codes = [*(f"A/{i}" for i in range(12)), *map(str, range(30))]
    assert isinstance(fitted(codes)[0][0], CategoryColumn)
    with pytest.raises(DataError):
        fitted([*["-"] * 12, *map(str, range(30))])
    with pytest.raises(DataError):
        fitted([*(f"A/{i}" for i in range(6)), *map(str, range(60))])


@pytest.mark.parametrize("cells", [["inf", "inf", "1"], [1.0, float("inf")], ["-Infinity", "2"]])
def test_infinity_is_never_a_text(cells):
    with pytest.raises(DataError, match=r'^rows row \d: column "c": ".*" is not a finite number'):
        fitted(cells)


def test_nan_in_an_array_is_a_gap():
    (encoder,), _, table = fitted(np.array([1.0, np.nan, 3.0]))
    assert [[1, 0], [2, 1], [3, 0]] == encoder.encode(table).tolist()


@pytest.mark.parametrize(
    "encoder",
    [
        NumberColumn("c", 0.1, True, True),
        CategoryColumn("c", ("a", "ä"), rare=True),
        CategoryColumn("c", ("9", "10"), form="integers"),
        NumberColumn("c", 0.1, True, marked=True),
        CategoryColumn("c", ("a", "b"), fill=(1 / 3, 2 / 3)),
    ],
)
def test_json_keeps_an_encoder(encoder):
    assert encoder == encoder_from_json(json.loads(json.dumps(encoder.to_json())))


def test_what_was_stored_before_there_were_fillings_has_its_marks():
    number, category = NumberColumn("c", 0.1, True).to_json(), CategoryColumn("c", ("a",)).to_json()
    del number["marked"], category["fill"]
    assert ("c", "c is missing") == encoder_from_json(number).features
    assert ("c = a", "c is missing or other") == encoder_from_json(category).features


def test_shares_for_other_categories_than_there_are_cannot_be_stored():
    stored = CategoryColumn("c", ("a", "b"), fill=(0.5, 0.25, 0.25)).to_json()
    with pytest.raises(StoredContentError, match="3 numbers for 2 indicators"):
        encoder_from_json(stored)


def test_chunked_numbers_are_encoded_like_single_columns():
    values = np.array([[1.0, np.nan, 7.0], [2.0, 4.0, np.nan], [3.0, 5.0, 8.0]])
    cells = {"t": ["x", "y", None]}
    chunked = Table(
        Table.of(cells).cells, "rows", numbers=RowChunks(("a", "b", "c"), [values[:1], values[1:]])
    )
    alone = Table.of({**cells, "a": values[:, 0], "b": values[:, 1], "c": values[:, 2]})
    inputs = CellInputs(mark_gaps_from=1)
    encoders, _ = fit_encoders(alone, ["c", "t", "a", "b"], np.array([0, 2]), inputs=inputs)
    assert [False, True] == [chunked.has_numbers(name) for name in "ta"]
    np.testing.assert_array_equal(encode_all(encoders, alone), encode_all(encoders, chunked))
    chunked.numbers.chunks[1][0, 0] = np.inf
    with pytest.raises(DataError, match=r'^rows row 2: column "a": "inf" is not a finite number'):
        encode_all(encoders, chunked)


def test_every_feature_has_a_kind():
    table = Table.of({"n": ["1", None, "3"], "m": ["1", "2", "4"], "c": ["a", "b", None]})
    encoders, _ = fit_encoders(table, ["n", "m", "c"], np.arange(3), inputs=CellInputs(mark_gaps_from=1))
    kinds = [encoder.kinds for encoder in encoders]
    assert [("number", "indicator"), ("number",), ("indicator",) * 3] == kinds
    assert [len(encoder.features) for encoder in encoders] == list(map(len, kinds))
