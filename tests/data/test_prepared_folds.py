"""The data of each fold: what a run that takes the fold has, and which rows of the source they are."""

import numpy as np
import polars as pl
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.prepared_folds import prepare_folds
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError

TABLE = "a,b,y\n" + "".join(f"{i},{'uvw'[i % 3]},{['no', 'yes'][i % 2]}\n" for i in range(23))
GAPS = "a,y\n1,no\n,\n2,yes\n3,\n4,no\n,\n,\n5,yes\n6,no\n7,yes\n8,no\n"  # rows 1, 5, 6 empty, 3 without y


def settings(**keys):
    return DataSettings(**{"folds": 3, **keys})


def write(folder, text=TABLE, name="x.csv"):
    path = folder / name
    path.write_text(text)
    return str(path)


def folds_of(keys, memory=None, seed=5, dtype="float32"):
    return prepare_folds(settings(**keys), seed=seed, dtype=dtype, memory=memory)


def taking(keys, number, memory=None, seed=5, dtype="float32"):
    given = settings(**keys)
    taken = given.model_copy(update={"folds": given.folds.fold(number)})
    return prepare(taken, seed=seed, dtype=dtype, memory=memory)


def assert_equal_rows(expected, actual):
    assert (expected is None) == (actual is None)
    for name in ("x", "y", "weight") if expected is not None else ():
        np.testing.assert_array_equal(getattr(expected, name), getattr(actual, name), strict=True)


@pytest.mark.parametrize(
    "keys",
    [
        {"source": "builtin:penguins", "folds": {"count": 4, "repeats": 2}, "test": 0.2},
        {"source": "builtin:penguins", "class_weights": "balanced", "scaling": {"name": "robust"}},
        {
            "source": "builtin:penguins",
            "target": "body_mass_g",
            "missing_target": "drop",
            "columns": {"group": "island"},
            "max_categories": 2,
        },
        {"source": "builtin:iris", "target": "petal_length", "order": "time"},
        {"source": "synthetic:sine"},
    ],
)
def test_each_fold_is_that_of_a_run_which_takes_it(keys):
    for fold in folds_of(keys):
        alone = taking(keys, fold.number)
        for split in ("train", "validation", "test"):
            assert_equal_rows(getattr(alone, split), getattr(fold.data, split))
        np.testing.assert_array_equal(alone.column_weight, fold.data.column_weight)
        assert alone.preprocessing.to_json() == fold.data.preprocessing.to_json()
        assert alone.settings == fold.data.settings
        note = f"data.folds: the rows of fold {fold.number} of {settings(**keys).folds.total} validate"
        assert alone.notes == (note, *fold.data.notes)


def test_large_tables_of_numbers_are_not_released_before_the_last_fold():
    x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    memory = MemoryTables.of((x, x[:, 0] > 0))
    folds = folds_of({"source": "memory:train"}, memory)
    for fold in folds:
        assert_equal_rows(taking({"source": "memory:train"}, fold.number, memory).train, fold.data.train)


def test_folds_are_numbered_over_all_repeats_and_test_rows_are_in_none():
    folds = folds_of({"source": "builtin:iris", "folds": {"count": 4, "repeats": 2}, "test": 30})
    assert [(k, 1 + (k > 4)) for k in range(1, 9)] == [(fold.number, fold.repeat) for fold in folds]
    for repeat in (folds[:4], folds[4:]):
        rows = np.concatenate([fold.rows for fold in repeat])
        assert 120 == len(rows) == len(set(rows.tolist()))
    assert set(folds[0].rows.tolist()) != set(folds[4].rows.tolist())
    assert {30} == {len(fold.data.test.x) for fold in folds}


def test_inputs_are_scaled_by_the_training_rows_of_each_fold(tmp_path):
    folds = folds_of({"source": write(tmp_path), "scaling": {"name": "standard"}}, dtype="float64")
    numbers = np.arange(23.0)
    for fold in folds:
        train = np.setdiff1d(numbers, fold.rows)
        expected = (fold.rows - train.mean()) / train.std()
        np.testing.assert_allclose(expected, fold.data.validation.x[:, 0], rtol=1e-12)


def test_targets_are_scaled_by_the_training_rows_of_each_fold(tmp_path):
    text = "x,y\n" + "".join(f"{i % 5},{i * i}.5\n" for i in range(20))
    for fold in folds_of({"source": write(tmp_path, text)}, dtype="float64"):
        y = np.arange(20.0) ** 2 + 0.5
        train = np.delete(y, fold.rows)
        expected = (y[fold.rows] - train.mean()) / train.std()
        np.testing.assert_allclose(expected, fold.data.validation.y[:, 0], rtol=1e-12)


def test_rows_are_numbered_like_predictions_of_the_source(tmp_path):
    path = write(tmp_path, GAPS)
    folds = folds_of({"source": path, "missing_target": "drop", "folds": 2, "scaling": {"name": "none"}})
    assert [0, 2, 4, 7, 8, 9, 10] == sorted(np.concatenate([fold.rows for fold in folds]).tolist())
    a = {0: 1, 2: 2, 4: 4, 7: 5, 8: 6, 9: 7, 10: 8}
    for fold in folds:
        assert [a[row] for row in fold.rows.tolist()] == fold.data.validation.x[:, 0].tolist()


def test_whole_groups_and_their_note(tmp_path):
    frame = pl.DataFrame({"g": [i // 4 for i in range(24)], "x": range(24), "y": [i % 2 for i in range(24)]})
    keys = {"source": "memory:train", "target": "y", "columns": {"group": "g"}}
    folds = folds_of(keys, MemoryTables.of(frame))
    for fold in folds:
        assert 8 == len(fold.rows)
        assert 2 == len({row // 4 for row in fold.rows.tolist()})
    assert 'split by whole groups of "g": 16 training, 8 validation rows' in folds[0].data.notes


def test_the_only_row_of_a_class_trains_all_networks():
    frame = pl.DataFrame({"x": range(10), "y": list("aaaabaaaac")})
    folds = folds_of({"source": "memory:train", "target": "y"}, MemoryTables.of(frame))
    held_out = np.concatenate([fold.rows for fold in folds])
    assert [0, 1, 2, 3, 5, 6, 7, 8] == sorted(held_out.tolist())
    words = 'classes "b", "c" have a single row, which trains all networks'
    assert all(words in fold.data.notes for fold in folds)


def test_an_error_of_one_fold_has_its_number():
    frame = pl.DataFrame({"x": range(12), "y": ["a"] * 8 + ["b"] * 4})
    keys = {"source": "memory:train", "target": "y", "order": "time", "folds": 2}
    with pytest.raises(DataError) as caught:
        folds_of(keys, MemoryTables.of(frame))
    words = (
        'fold 1: target "y": class "b" has no training row; split otherwise (data.test, '
        "data.folds), or remove its rows"
    )
    assert words == str(caught.value)


def test_without_take_an_ordinary_preparation_takes_the_first_fold():
    first = folds_of({"source": "builtin:iris"})[0]
    assert_equal_rows(
        first.data.validation, prepare(settings(source="builtin:iris"), seed=5, dtype="float32").validation
    )
