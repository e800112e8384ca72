"""Tables of thousands of columns: the work for one column does not depend on the number of the others."""

import csv
from time import process_time
from timeit import repeat

import numpy as np
import polars as pl
import pytest

from nettrain.data import preprocessing
from nettrain.data.columns.profiles import column_profiles
from nettrain.data.columns.scaling import scalings
from nettrain.data.guess import guess
from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.data.tables.row_chunks import RowChunks
from nettrain.data.tables.table import Table, are_numbers, as_numbers
from nettrain.data.unpredictable import read_predictable
from tests.data.reading import read_rows

ROWS = 30
NARROW = 50  # columns up to which a frame does not count
LOOKS = ("columns", "schema", "select", "with_columns", "drop", "rename", "filter")


def written(path, columns, word=""):
    """A table of so many columns, numbers or words, and two classes."""
    numbers = np.random.default_rng(columns).integers(0, 4, (ROWS, columns)) / 8
    rows = [[*(f"{word}{cell}" for cell in row), "ab"[i % 2]] for i, row in enumerate(numbers)]
    names = [*(f"c{i}" for i in range(columns)), "y"]
    path.write_text("".join(f"{','.join(row)}\n" for row in [names, *rows]))
    return str(path)


def looks_at_wide_frames(monkeypatch, work):
    """How often `work` lists, selects or filters the columns of a wide frame."""
    looks = []

    def counted(name, call):
        def counting(self, *args, **kwargs):
            if self.width > NARROW:
                looks.append(name)
            return call(self, *args, **kwargs)

        return counting

    with monkeypatch.context() as patch:
        for name in LOOKS:
            member = getattr(pl.DataFrame, name)
            of_property = isinstance(member, property)
            call = counted(name, member.fget if of_property else member)
            setter = member.fset if of_property else None
            patch.setattr(pl.DataFrame, name, property(call, setter) if of_property else call)
        work()
    return len(looks)


def train(path):
    return prepare(DataSettings(source=path), seed=1, dtype="float32").preprocessing


@pytest.mark.parametrize("word", ["", "w"], ids=["numbers", "text"])
@pytest.mark.parametrize("work", [train, guess, lambda path: read_rows(path, train(path))])
def test_wide_frames_are_not_looked_at_once_per_column(monkeypatch, tmp_path, work, word):
    small = written(tmp_path / "small.csv", 60, word)
    large = written(tmp_path / "large.csv", 240, word)
    few = looks_at_wide_frames(monkeypatch, lambda: work(small))
    assert few > 0
    assert looks_at_wide_frames(monkeypatch, lambda: work(large)) <= few + 5


def predict(path):
    data = train(path)
    read_predictable(path, data, dtype="float32")
    read_labelled(path, data)


@pytest.mark.slow
@pytest.mark.parametrize("work", [guess, predict])
def test_time_is_linear_in_the_columns(tmp_path, work):
    def seconds(columns):
        path = written(tmp_path / f"{columns}.csv", columns)
        return min(repeat(lambda: work(path), timer=process_time, number=1, repeat=3))

    small, large = seconds(4_000), seconds(16_000)
    assert large < 6 * small  # 4 where it is linear, 16 where it is quadratic


@pytest.mark.parametrize("kind", ["numbers", "cells"])
def test_a_column_of_many_is_reached_as_fast_as_one_of_few(kind):
    def table_of(columns):
        names = tuple(f"c{i}" for i in range(columns))
        if kind == "cells":
            return Table(pl.DataFrame({name: ["1", "2"] for name in names}), "wide")
        return Table(pl.DataFrame(), "wide", numbers=RowChunks(names, [np.ones((2, columns))]), names=names)

    def seconds(columns):
        table, last = table_of(columns), f"c{columns - 1}"
        table.column(last)

        def reach():
            return table.column(last), table.select(last), table.has_numbers(last)

        return min(repeat(reach, number=10, repeat=7))

    assert seconds(20_000) < 8 * seconds(10)  # 40 times and more where names are searched one by one


@pytest.mark.parametrize("name", list(scalings))
def test_columns_are_scaled_to_the_bit_as_each_alone(monkeypatch, tmp_path, name):
    path = tmp_path / "data.csv"
    numbers = np.random.default_rng(1).lognormal(size=(777, 6)).round(3)
    rows = [
        ",".join(map(str, row)) + f",2024-01-{1 + i % 28:02},{'xyz'[i % 3]},{i % 2}"
        for i, row in enumerate(numbers)
    ]
    rows[3] = rows[3].replace(str(numbers[3, 2]), "")
    path.write_text("\n".join(["a,b,c,d,e,f,day,word,y", *rows]) + "\n")
    scaling = {"name": name, **({"channels": 1} if name == "channel" else {})}
    fits = []
    for block in (1, 1000, 1 << 19):  # cells: every column alone, two at once, all
        monkeypatch.setattr(preprocessing, "BLOCK", block)
        settings = DataSettings.model_validate({"source": str(path), "scaling": scaling})
        fits.append(prepare(settings, seed=1, dtype="float64").preprocessing.fitted)
    assert fits[0].keys() == fits[1].keys() == fits[2].keys()
    for key, alone in fits[0].items():
        np.testing.assert_array_equal(alone, fits[1][key])
        np.testing.assert_array_equal(alone, fits[2][key])


def test_rows_may_be_longer_than_a_cell_of_pythons_reader_may_be(tmp_path):
    names = [f"column_number_{i:06}" for i in range(10_000)]  # 200,000 characters, one cell under "\t"
    assert len(",".join(names)) > 131_072  # Python's default limit of a cell
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([",".join(names), *(",".join(["0.5"] * 10_000) for _ in range(3))]) + "\n")
    assert read_source(str(path), ReadOptions(), seed=0).table.columns == names
    assert csv.field_size_limit() > 131_072


def test_all_columns_at_once_are_numbers_where_each_is():
    cells = ["1", "-2.5e3", None, "x", "inf", "nan", "1e999", " 1", "1_0", "0x1", "", "１", "+5", "1."]
    frame = pl.DataFrame({f"c{i}": [cell, "7", None] for i, cell in enumerate(cells)})
    frame = frame.with_columns(pl.all().cast(pl.String), gaps=pl.lit(None, pl.String))
    assert are_numbers(frame) == [not as_numbers(column)[1].any() for column in frame.get_columns()]
    assert are_numbers(frame.clear()) == [True] * frame.width


def test_profiles_do_not_depend_on_how_numbers_are_stored():
    generator = np.random.default_rng(3)
    columns = {
        "few": generator.integers(0, 5, 200) / 4,
        "many": generator.normal(size=200),
        "zeros": np.where(generator.random(200) < 0.5, -0.0, 0.0),
        "gaps": np.where(generator.random(200) < 0.3, np.nan, generator.integers(0, 3, 200)),
        "none": np.full(200, np.nan),
        "infinite": np.where(np.arange(200) == 7, np.inf, 1.5),
    }
    in_cells = Table(pl.DataFrame(columns), "cells")
    matrix = np.column_stack(list(columns.values()))
    in_numbers = Table(pl.DataFrame(), "numbers", numbers=RowChunks(tuple(columns), [matrix]))
    assert column_profiles(in_cells) == column_profiles(in_numbers)
