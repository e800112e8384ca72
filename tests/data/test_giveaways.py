"""Columns that give the target away, and all the honest ones that do not."""

import math
from time import process_time

import numpy as np
import polars as pl
import pytest

from nettrain.data.giveaways import SortedColumns, giveaway_notes, giveaways, tells_classes
from nettrain.data.prepare import prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings

RANDOM = np.random.default_rng(5)
N = 120
NOISE = RANDOM.normal(size=(N, 3))
CLASS = RANDOM.permutation(np.repeat(["a", "b", "c"], N // 3))
PRICE = RANDOM.lognormal(size=N)


def prepared(target, dtype="float32", **columns):
    """The columns beside one of noise, with a target of this name among them."""
    frame = pl.DataFrame({"noise": NOISE[:, 0], **columns})
    memory = MemoryTables.of(frame)
    settings = DataSettings(**memory.sources(), target=target, validation=0, order="time")
    return prepare(settings, seed=0, dtype=dtype, memory=memory)


def found(target, **columns):
    data = prepared(target, **columns)
    return giveaways(data.preprocessing, data.train)


@pytest.mark.parametrize(
    "column",
    [
        CLASS,  # the target itself
        np.array([{"a": "Ja", "b": "Nein", "c": "Ja!"}[one] for one in CLASS]),
        np.array([{"a": 3, "b": 1, "c": 2}[one] for one in CLASS]),
        np.array([ord(one) for one in CLASS]) + 0.5 * RANDOM.random(N),  # ranges that do not meet
        np.array([f"{one}{k % 4}" for k, one in enumerate(CLASS)]),  # finer than the classes
        np.array([10 * ord(one) % 7 + 10 * (k % 5) for k, one in enumerate(CLASS)]),
    ],
)
def test_a_column_that_tells_the_classes_apart(column):
    assert ["leak"] == list(found("y", leak=column, y=CLASS))


@pytest.mark.parametrize(
    "column",
    [
        NOISE[:, 1],
        np.where(CLASS == "a", NOISE[:, 1] + 9, NOISE[:, 1]),  # two of three classes overlap
        np.where(np.arange(N) == 7, "a", CLASS),  # one exception
        np.array([f"key {k}" for k in range(N)]),  # values that occur once prove nothing
        np.array([f"key {k // 2}" for k in range(N)]),
        np.full(N, 1.0),
    ],
)
def test_a_column_that_does_not(column):
    assert {} == found("y", other=column, y=CLASS)


def test_labels_are_told_one_by_one():
    wet, cold = (RANDOM.random((2, N)) < 0.5).astype(int)
    assert {"rain": 'alone tells "wet"'} == found(
        ["wet", "cold"], rain=np.where(wet == 1, "yes", "no"), wet=wet, cold=cold
    )


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (PRICE * 1.08, 'is "y" in another unit'),
        (32 - 1.8 * PRICE, 'is "y" in another unit'),
        (np.round(PRICE, 2), 'is "y" in another unit'),
        (np.log(PRICE), 'has the order of "y"'),
        (1 / PRICE, 'has the order of "y"'),
    ],
)
def test_a_column_that_is_the_number(column, reason):
    assert {"leak": reason} == found("y", leak=column, y=PRICE)


@pytest.mark.parametrize(
    "column",
    [PRICE + 0.05 * NOISE[:, 1], np.round(PRICE), np.full(N, 2.0), np.where(PRICE > 1, "high", "low")],
)
def test_a_column_that_only_goes_with_the_number(column):
    assert {} == found("y", other=column, y=PRICE)


def test_columns_that_add_up_to_the_number():
    casual, registered = RANDOM.poisson([[3], [20]], (2, N)).astype(float)
    reason = 'one of a few columns that add up to "y"'
    expected = {"casual": reason, "registered": reason}
    assert expected == found("y", casual=casual, registered=registered, y=casual + registered)
    assert expected == found("y", casual=casual, registered=registered, y=2 * casual - registered)
    assert {} == found("y", casual=casual, registered=registered, y=casual + registered + 0.1 * NOISE[:, 2])
    # an exact function of all columns is an exercise
    assert {} == found("y", casual=casual, y=casual + NOISE[:, 0])


def test_gaps_do_not_hide_a_copy_and_may_tell_by_themselves():
    holes = np.where(np.arange(N) % 5 == 0, np.nan, PRICE * 1.08)
    assert {"leak": 'is "y" in another unit'} == found("y", leak=holes, y=PRICE)
    yes = RANDOM.random(N) < 0.4
    boat = np.where(yes, NOISE[:, 1], np.nan)  # only survivors have one
    leak = {"boat": "alone tells the classes apart, by its gaps"}
    assert leak == found("y", boat=boat, y=np.where(yes, "yes", "no"))
    assert leak == found("y", boat=boat, y=np.where(yes, 1, 0))


def test_a_copy_in_a_few_rows_proves_nothing():
    assert {} == found("y", rare=np.where(np.arange(N) % 12 == 0, PRICE * 1.08, np.nan), y=PRICE)


def test_as_many_addends_as_chance_fits_are_none():
    """With 60 columns of 120 rows, least squares come close to any number."""
    columns = {f"x{k}": RANDOM.normal(size=N) for k in range(60)}
    assert {} == found("y", **columns, y=columns["x0"] + columns["x1"])


def test_large_data_are_looked_at_in_rows_at_even_distances(monkeypatch):
    monkeypatch.setattr("nettrain.data.giveaways.CELLS", 80)  # 40 rows of two columns
    leak = np.where(np.arange(N) == 1, -1.0, 2 * PRICE)  # but in a row between these
    assert {"leak": 'is "y" in another unit'} == found("y", leak=leak, y=PRICE)


def test_a_category_may_tell_a_number_of_few_values():
    stars = RANDOM.integers(1, 6, N)
    words = np.array(["", "bad", "poor", "fair", "good", "best"])[stars]
    data = prepared("y", leak=words, y=stars * 1.5)
    assert {"leak": 'alone tells "y"'} == giveaways(data.preprocessing, data.train)


def test_the_only_column_is_no_giveaway():
    memory = MemoryTables.of(pl.DataFrame({"x": PRICE, "y": 2 * PRICE}))
    data = prepare(DataSettings(**memory.sources(), target="y"), seed=0, dtype="float64", memory=memory)
    assert {} == giveaways(data.preprocessing, data.train)


def test_columns_with_the_same_reason_share_a_note():
    data = prepared("y", one=CLASS, other=CLASS, y=CLASS)
    (note,) = giveaway_notes(data.preprocessing, data.train)
    assert note.startswith('2 columns ("one", "other"): alone tells the classes apart; ')


@pytest.mark.parametrize("positives", [2, 3, 10, 30])
def test_few_of_thousands_of_random_columns_are_found_by_chance(positives):
    """Of 20,000 columns of noise none, although of each one in 1,770 tells 2 of 60 rows apart."""
    y = np.arange(60) < positives
    columns = SortedColumns.sorted(RANDOM.normal(size=(60, 20_000)))
    assert not tells_classes(columns, y.astype(np.int64)).any()


def test_what_chance_makes_is_counted():
    """The share of random orders with both classes in one piece, against 2!·3!·4!/7!."""
    y = np.repeat([0, 1], [3, 4])
    orders = [RANDOM.permutation(y) for _ in range(40_000)]
    apart = np.mean([np.count_nonzero(np.diff(order)) == 1 for order in orders])
    assert pytest.approx(2 * math.factorial(3) * math.factorial(4) / math.factorial(7), rel=0.1) == apart


def test_twenty_thousand_columns_take_less_than_a_second():
    columns, y = RANDOM.normal(size=(60, 20_000)), RANDOM.integers(0, 2, 60)
    started = process_time()
    tells_classes(SortedColumns.sorted(columns), y)
    assert process_time() - started < 1
