"""Columns of text by their words: what a word is, which become inputs, and what is kept of them."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.data.columns import words
from nettrain.data.columns.cell_inputs import CellInputs
from nettrain.data.columns.encoding import encoder_from_json, fit_encoders
from nettrain.data.columns.words import WordColumn, words_by_row, words_of
from nettrain.data.prepare import prepare
from nettrain.data.settings import DataSettings
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

NAMES = [
    "Braund, Mr. Owen",
    "Cumings, Mrs. John",
    None,
    "Heikkinen, MISS. Laina",
    "Allen, Mr. William",
    "Moran, mr",
]


def fitted(cells, train=None, **inputs):
    table = Table.of({"c": cells})
    rows = np.arange(table.height) if train is None else np.array(train)
    encoders, notes = fit_encoders(table, ["c"], rows, words=["c"], inputs=CellInputs(**inputs))
    return encoders, notes, table


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Cumings, Mrs. John (Florence)", {"cumings", "mrs", "john", "florence"}),
        ("a/5 21171 A", {"a", "5", "21171"}),
        ("snake_case, e-mail; don't", {"snake", "case", "e", "mail", "don", "t"}),
        ("“Größe” – 10 °C…", {"größe", "10", "c"}),
        ("ÄPFEL äpfel", {"Äpfel", "äpfel"}),  # letters from A to Z alone
        ("東京、大阪", {"東京", "大阪"}),
        ("Привет, мир!", {"Привет", "мир"}),
        ("", set()),
        (" .,- ", set()),
    ],
)
def test_a_word_is_a_run_of_letters_and_digits(text, words):
    assert words == words_of(text)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12) | st.none(), min_size=1, max_size=8))
def test_a_column_has_the_words_of_its_cells(cells):
    found = {row: set() for row in range(len(cells))}
    for row, word in words_by_row(pl.Series(cells, dtype=pl.String)).iter_rows():
        assert word not in found[row]
        found[row].add(word)
    assert [words_of(cell or "") for cell in cells] == [*found.values()]


def test_frequent_words_are_inputs():
    (encoder,), notes, table = fitted(NAMES, words_from=2)
    assert WordColumn("c", ("mr",), True) == encoder
    assert (('c has "mr"',), ("indicator",)) == (encoder.features, encoder.kinds)
    assert [[1], [0], [0], [0], [1], [1]] == encoder.encode(table).tolist()
    assert ['column "c": 1 word, such as mr, taken as a 0/1 input each'] == notes


def test_of_many_words_the_most_frequent_are_inputs():
    cells = ["a b c d", "a b c", "a b e", "a f", "g"]
    assert ("a", "b", "c", "d", "e", "f", "g") == fitted(cells, words_from=1)[0][0].words
    assert ("a", "b") == fitted(cells, most=2, words_from=1)[0][0].words
    assert ("b", "c") == fitted(cells, words_from=2)[0][0].words  # all but one have an "a"


def test_words_are_those_of_the_training_rows():
    (encoder,), _, table = fitted(["x y", "x", "z", "z y", "q q"], train=[0, 1, 2], words_from=1)
    assert ("x", "y", "z") == encoder.words
    assert [[0, 1, 1], [0, 0, 0]] == encoder.encode(table).tolist()[3:]


def test_gaps_have_no_words_and_a_mark_where_there_are_enough():
    (encoder,), notes, table = fitted(NAMES, words_from=2, mark_gaps_from=1)
    assert ('c has "mr"', "c is missing") == encoder.features
    assert [[1, 0], [0, 0], [0, 1]] == encoder.encode(table).tolist()[:3]
    assert 'column "c": 1 gap in the training rows, marked by a 0/1 input' == notes[1]
    assert [] == encoder.deviations(table)
    assert ["gaps"] == [one.kind for one in fitted(["a", "b", "a"], words_from=1)[0][0].deviations(table)]


def test_whether_there_is_a_text_may_be_all_that_it_says():
    encoders, notes, _ = fitted(["B96", None, "C23", None], mark_gaps_from=2)
    assert [("c is missing",)] == [one.features for one in encoders]
    assert 'column "c": no word of at least 20 training rows' == notes[0]
    assert ([], [f"{notes[0]}, left out"]) == fitted(["B96", None, "C23", None])[:2]
    assert ([], ['column "c": no value in any training row, left out']) == fitted([None, None])[:2]


@pytest.mark.parametrize("cells", [[1, 2, 1, None], [1.5, 2.0, 1.0, None], [True, False, True, None]])
def test_cells_of_other_types_are_read_as_they_are_spelled(cells):
    (encoder,), _, table = fitted(cells, words_from=1)
    assert {*encoder.words} == set().union(*(words_of(str(value).lower()) for value in cells[:3])) - {"0"}
    assert [0] * len(encoder.words) == encoder.encode(table)[3].tolist()


def test_json_keeps_the_words_and_takes_no_others():
    encoder = WordColumn("c", ("mr", "größe"), True, True)
    assert encoder == encoder_from_json(json.loads(json.dumps(encoder.to_json())))


def test_texts_of_any_number_are_read_in_blocks(monkeypatch):
    table = Table.of({"c": [f"w{k % 7} w{k % 5}" if k % 3 else None for k in range(100)]})
    whole, _ = fit_encoders(table, ["c"], np.arange(100), words=["c"], inputs=CellInputs(words_from=3))
    monkeypatch.setattr(words, "BLOCK", 10)
    parts, _ = fit_encoders(table, ["c"], np.arange(100), words=["c"], inputs=CellInputs(words_from=3))
    assert whole == parts
    blocked = parts[0].encode(table)
    monkeypatch.undo()
    np.testing.assert_array_equal(whole[0].encode(table), blocked)


def test_a_text_that_is_too_long_is_refused_with_its_row(monkeypatch):
    monkeypatch.setattr(words, "LONGEST", 8)
    with pytest.raises(DataError) as caught:
        fitted(["short", "not so short"])
    said = 'rows row 2: column "c": a text of 12 bytes, words are taken of at most 8'
    assert said == str(caught.value)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match='no column "c"'):
        WordColumn("c", ("mr",), True).invalid_cells(Table.of({"b": ["x"]}))


def test_words_of_numbers_and_dates_keep_their_spelling(tmp_path):
    """A column with this role is neither read as numbers nor as dates."""
    lines = [f"{'007' if k % 2 else '7'},2024-0{k % 3 + 1}-01,{k % 2}" for k in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["code,day,y", *lines]))
    settings = DataSettings(source=str(tmp_path / "t.csv"), columns={"words": ["code", 1]}, words_from=5)
    data = prepare(settings, seed=0, dtype="float64")
    assert ['code has "007"', 'code has "7"'] == [*data.preprocessing.feature_names[:2]]
    assert {'day has "01"', 'day has "02"', 'day has "03"'} >= {*data.preprocessing.feature_names[2:]}
    assert ["code", "day"] == data.settings.columns.words
