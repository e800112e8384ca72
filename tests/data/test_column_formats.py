"""Formats of columns from the training source to predictions: the same rows in any form are the same numbers."""

import csv
import random
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.unpredictable import read_predictable
from nettrain.errors import DataError

N = 120
ROUND, NARROW = "\u2019", "\u202f"  # an apostrophe, and a blank


def rows(seed=0):
    """Plain rows: a price, a share, a weight, a small number, a date and a target of numbers."""
    draw = random.Random(seed)
    start = datetime(2021, 1, 1)
    for _ in range(N):
        price = f"{draw.uniform(1, 90_000):.2f}"
        share = f"{draw.uniform(0, 100):.1f}"
        weight = str(draw.randrange(40, 120))
        small = f"{draw.uniform(-5, 5):.3f}"
        day = start + timedelta(hours=draw.randrange(20_000))
        yield [price, share, weight, small, day, f"{float(price) / 7:.2f}"]


def grouped(number, thousands, decimal):
    whole, _, fraction = number.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    groups = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)][::-1]
    return sign + thousands.join(groups) + (decimal + fraction if fraction else "")


def plain(price, share, weight, small, day, y):
    return [price, share, weight, small, f"{day:%Y-%m-%d %H:%M}", y]


def american(price, share, weight, small, day, y):
    return [
        f"${grouped(price, ',', '.')}",
        f"{share}%",
        f"{weight} kg",
        small.replace("-", "\u2212"),
        f"{day.month}/{day.day}/{day.year} {day:%I:%M %p}",
        f"${grouped(y, ',', '.')}",
    ]


def german(price, share, weight, small, day, y):
    return [
        f"{grouped(price, '.', ',')} €",
        f"{share.replace('.', ',')} %",
        f"{weight} kg",
        small.replace(".", ","),
        f"{day:%d.%m.%Y %H:%M}",
        grouped(y, ".", ","),
    ]


def swiss(price, share, weight, small, day, y):
    return [
        f"CHF {grouped(price, ROUND, '.')}",
        f"{share}%",
        f"{weight}kg",
        f"({small[1:]})" if small[0] == "-" else small,
        f"{day.day} {day:%b %Y %H:%M}",
        grouped(y, "'", "."),
    ]


def french(price, share, weight, small, day, y):
    return [
        f"{grouped(price, NARROW, ',')}\u00a0€",
        f"{share.replace('.', ',')}\u00a0%",
        f"{weight} kg",
        small.replace(".", ","),
        f"{day:%Y/%m/%d %H:%M}",
        grouped(y, "\u00a0", ","),
    ]


FORMS = {
    "american": (american, ","),
    "german": (german, ";"),
    "swiss": (swiss, "\t"),
    "french": (french, ";"),
}
NAMES = ["price", "share", "weight", "small", "day", "y"]


def table(form, seed=0):
    return [form(*row) for row in rows(seed)]


def write(path, cells, separator=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator).writerows([NAMES, *cells])
    return str(path)


def prepared(source, memory=None, **settings):
    return prepare(DataSettings(source=source, **settings), seed=3, dtype="float64", memory=memory)


def assert_equal(first, second):
    for one, other in zip((first.train, first.validation), (second.train, second.validation), strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)


@pytest.mark.parametrize("kind", ["csv", "parquet", "memory"])
@pytest.mark.parametrize("form", FORMS)
def test_a_table_in_another_form_is_the_same_numbers(tmp_path, form, kind):
    expected = prepared(write(tmp_path / "plain.csv", table(plain)))
    write_row, separator = FORMS[form]
    cells = table(write_row)
    frame = pl.DataFrame(cells, schema=NAMES, orient="row")
    if kind == "csv":
        found = prepared(write(tmp_path / "x.csv", cells, separator))
    elif kind == "parquet":
        frame.write_parquet(tmp_path / "x.parquet")
        found = prepared(str(tmp_path / "x.parquet"))
    else:
        memory = MemoryTables.of(frame)
        found = prepared("memory:train", memory)
    assert_equal(expected, found)
    assert "numbers" == found.preprocessing.target_kind


@pytest.mark.parametrize("form", FORMS)
def test_other_rows_are_read_alike_whatever_stands_beside_them(tmp_path, form):
    write_row, separator = FORMS[form]
    preprocessing = prepared(write(tmp_path / "x.csv", table(write_row), separator)).preprocessing
    stored = Preprocessing.from_json(preprocessing.to_json())
    plain_one = prepared(write(tmp_path / "plain.csv", table(plain))).preprocessing
    new, new_plain = table(write_row, 1), table(plain, 1)
    expected = read_labelled(write(tmp_path / "p.csv", new_plain), plain_one)
    together = read_labelled(write(tmp_path / "n.csv", new, separator), stored)
    np.testing.assert_array_equal(expected.x, together.x)
    np.testing.assert_array_equal(expected.y, together.y)
    for i in range(5):
        alone = read_labelled(write(tmp_path / "one.csv", new[i : i + 1], separator), stored)
        np.testing.assert_array_equal(together.x[i : i + 1], alone.x)
        np.testing.assert_array_equal(together.y[i : i + 1], alone.y)


def test_points_in_a_file_of_decimal_commas_stand_between_thousands(tmp_path):
    path = tmp_path / "x.csv"
    lines = [f"{i},5;{1 + i % 9}.{i:03};{i % 2}" for i in range(100, 200)]
    path.write_text("\n".join(["a;people;y", *lines]))
    first = prepared(str(path), validation=0)
    people = (
        first.train.x[:, 1] * first.preprocessing.fitted["scale"][1] + first.preprocessing.fitted["center"][1]
    )
    np.testing.assert_allclose(people, [1000 * (1 + i % 9) + i for i in range(100, 200)], rtol=1e-12)
    path.write_text("a;people;y\n100,5;1.234;0\n")
    alone = read_labelled(str(path), first.preprocessing)
    center, scale = (first.preprocessing.fitted[key][1] for key in ("center", "scale"))
    np.testing.assert_allclose(1234.0, alone.x[0, 1] * scale + center)


def test_columns_whose_cells_tell_decide_for_the_others(tmp_path):
    path = tmp_path / "x.csv"
    for sure, value in (("{}.5", None), ("{},5", 1.234), ('"1,{}00.5"', 1234.0)):
        lines = [f"{sure.format(i % 9)};{1 + i % 9},234;{i % 2}" for i in range(60)]
        path.write_text("\n".join(["a;b;y", *lines]))
        found = prepared(str(path), validation=0, scaling={"name": "none"})
        columns = dict(zip(found.preprocessing.feature_names, found.train.x[0], strict=True))
        assert value == columns.get("b")


def test_few_cells_that_may_be_read_in_two_ways_are_an_error(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["a,y", *(f"{i},{i % 2}" for i in range(900, 999)), '"1,002",1']))
    with pytest.raises(DataError) as caught:
        prepared(str(path))
    assert (
        'x.csv:101: column "a": looks like numbers, but "1,002" may be 1.002 or 1002: data.decimal: "," or "."'
    ) in str(caught.value)
    assert 1002.0 == prepared(str(path), decimal=".", validation=0, scaling={"name": "none"}).train.x[-1, 0]


def test_second_sources_have_the_formats_of_the_first(tmp_path):
    first = write(tmp_path / "x.csv", table(german), ";")
    whole = [[cell.partition(",")[0].replace("%", " ") for cell in row] for row in table(german, 1)]
    expected = prepared(first, test=write(tmp_path / "t.csv", table(german, 1), ";"), validation=0)
    plain_table = prepared(
        write(tmp_path / "p.csv", table(plain)), test=write(tmp_path / "q.csv", table(plain, 1)), validation=0
    )
    np.testing.assert_array_equal(plain_table.test.x, expected.test.x)
    np.testing.assert_array_equal(plain_table.test.y, expected.test.y)
    with pytest.raises(DataError, match=r't.csv:2: column "price": ".*" is not a number such as ".* €"'):
        prepared(first, test=write(tmp_path / "t.csv", whole, ";"), validation=0)


def test_points_that_may_stand_between_thousands_are_pointed_out(tmp_path):
    path = tmp_path / "x.csv"
    draw = random.Random(2)
    people = [draw.choice([draw.randrange(1000), draw.randrange(1000, 90_000)]) for _ in range(100)]
    plain_cells = [f"{draw.choice([draw.randrange(9), round(draw.uniform(1, 9), 3)])}" for _ in people]
    lines = [
        f"{grouped(str(n), '.', ',')};{p};{i % 2}"
        for i, (n, p) in enumerate(zip(people, plain_cells, strict=True))
    ]
    path.write_text("\n".join(["people;plain;y", *lines]))
    hint = "read with decimal points, though they may stand between thousands"
    notes = [note for note in prepared(str(path)).notes if hint in note]
    assert [f'column "people": {hint}; data.decimal: "," reads 1.234 as 1234'] == notes
    found = prepared(str(path), decimal=",", validation=0, scaling={"name": "none"})
    assert people == found.train.x[:, 0].tolist()
    assert [float(cell) for cell in plain_cells] == found.train.x[:, 1].tolist()
    assert not any(hint in note for note in found.notes)
    assert not any(hint in note for note in prepared(str(path), decimal=".").notes)


def test_the_decimal_mark_may_be_set(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["a,y", *(f'"{i},234",{i % 2}' for i in range(1, 60))]))
    for decimal, value in ((",", 59.234), (".", 59234.0)):
        found = prepared(str(path), decimal=decimal, validation=0, scaling={"name": "none"})
        assert value == found.train.x[-1, 0]
    notes = prepared(str(path)).notes
    assert (
        'column "a": looks like numbers, but "1,234" may be 1.234 or 1234: data.decimal: "," or "." says '
        "which; taken as text" in notes
    )


def test_a_target_or_weight_that_may_be_read_in_two_ways_is_an_error(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["a,w,y", *(f'{i},"{i},234","{i},500"' for i in range(1, 60))]))
    with pytest.raises(DataError, match=r'target "y": looks like numbers, but "1,500" may be 1.5 or 1500'):
        prepared(str(path))
    with pytest.raises(DataError, match=r'weight "w": looks like numbers'):
        prepared(str(path), target="a", columns={"weight": "w", "ignore": ["y"]})
    with pytest.raises(DataError, match=r'column "w": looks like numbers'):
        prepared(str(path), target="a", columns={"numeric": ["w"], "ignore": ["y"]})
    found = prepared(str(path), decimal=",", validation=0, target_scaling="none")
    assert [1.5, 59.5] == [found.train.y[0, 0], found.train.y[-1, 0]]


def test_formats_of_dates_may_be_set(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["d,y", *(f"{1 + i % 12}/{1 + i // 12}/2021,{i % 2}" for i in range(60))]))
    found = prepared(str(path))
    assert any(
        'column "d": looks like dates, but "2/1/2021" may be 2 January 2021 or' in note
        for note in found.notes
    )
    days = prepared(str(path), dates={"d": "%d/%m/%Y"}, validation=0, scaling={"name": "none"})
    assert ("d month", "d day of week", "d days since 2021-01-01") == days.preprocessing.feature_names
    assert [1.0, 6.0, 1.0] == days.train.x[1].tolist()
    with pytest.raises(DataError, match=r'^data.dates: .*: no column "e"'):
        prepared(str(path), dates={"e": "%d/%m/%Y"})
    with pytest.raises(DataError, match=r'^data.dates: "y" is not a column of dates, but has another role$'):
        prepared(str(path), dates={"y": "%d/%m/%Y"})


def test_dates_without_marks_may_be_set(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["d,y", *(f"202101{1 + i % 28:02},{i % 2}" for i in range(60))]))
    found = prepared(str(path), dates={"d": "%Y%m%d"}, validation=0, scaling={"name": "none"})
    assert [5.0, 0.0] == found.train.x[0].tolist()
    one = tmp_path / "one.csv"
    one.write_text("d\n20210105\n")
    assert [2.0, 4.0] == read_predictable(str(one), found.preprocessing, dtype="float64").x[0].tolist()


@pytest.mark.parametrize("kind", ["csv", "parquet", "memory"])
def test_one_impossible_date_is_an_error_with_its_place(tmp_path, kind):
    days = [str((datetime(2023, 1, 1) + timedelta(i)).date()) for i in range(300)]
    days[150] = "2023-02-30"
    frame = pl.DataFrame({"when": days, "y": [i % 2 for i in range(300)]})
    memory, source = None, str(tmp_path / f"x.{kind}")
    if kind == "csv":
        frame.write_csv(source)
        place = ":152"
    elif kind == "parquet":
        frame.write_parquet(source)
        place = " row 151"
    else:
        memory, source, place = MemoryTables.of(frame), "memory:train", "data row 151"
    with pytest.raises(DataError) as caught:
        prepared(source, memory)
    assert f'{place}: column "when": "2023-02-30" is not a date; write it like 2024-02-29' in str(
        caught.value
    )
    found = prepared(source, memory, columns={"categorical": ["when"]})
    assert isinstance(found.preprocessing.encoders[0], CategoryColumn)


@pytest.mark.parametrize(
    ("cells", "bad", "message"),
    [
        (["$1,234.50", "$2.00"], "$12,34", '"$12,34" is not a number such as "$1,234.50"'),
        (["7%", "8.5%"], "0.08", '"0.08" is not a number such as "7%"'),
        (["77 kg", "80 kg"], "170 lb", '"170 lb" is not a number such as "77 kg"'),
        (["1,5", "2,25"], "1.5", '"1.5" is not a number such as "1,5"'),
        (["12:30", "13:45"], "12:75", '"12:75" is not a number such as "12:30"'),
        (["31.12.2024", "01.02.2024"], "31.2.2024", '"31.2.2024" is not a date; write it like 29.02.2024'),
    ],
)
def test_a_stray_is_an_error_with_its_line_in_training_and_a_row_less_in_prediction(
    tmp_path, cells, bad, message
):
    path = tmp_path / "x.csv"
    good = [*cells * 30]
    lines = [f'"{cell}",{i % 2}' for i, cell in enumerate(good)]
    path.write_text("\n".join(["a,y", *lines]))
    preprocessing = prepared(str(path)).preprocessing
    path.write_text("\n".join(["a,y", *lines[:40], f'"{bad}",0', *lines[40:]]))
    with pytest.raises(DataError) as caught:
        prepared(str(path))
    assert f'x.csv:42: column "a": {message}' in str(caught.value)
    path.write_text(f'a\n"{cells[0]}"\n"{bad}"\n')
    predictable = read_predictable(str(path), preprocessing, dtype="float64")
    assert [0] == predictable.rows.tolist()
    assert message.partition(";")[0].rpartition(" is ")[0] in predictable.unpredictable[0].reason


def test_categories_and_classes_keep_their_cells(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "\n".join(["term,stars", *(f"{36 + 24 * (i % 2)} months,{1 + i % 3} stars" for i in range(60))])
    )
    found = prepared(str(path), columns={"categorical": ["term"]})
    assert ("36 months", "60 months") == tuple(found.preprocessing.encoders[0].values)
    assert ("1 stars", "2 stars", "3 stars") == found.preprocessing.classes
    assert not any("read as" in note for note in found.notes)
    numbers = prepared(str(path), target_kind="numbers", validation=0, target_scaling="none")
    assert [1, 2, 3] == numbers.train.y[:3, 0].tolist()
    assert 'column "term": read as numbers with the unit "month"' in numbers.notes


def test_gaps_by_value_are_found_in_formatted_cells(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["a;y", *(f"{i},5;{i % 2}" for i in range(50)), "-999,0;1", "-999,00;0"]))
    found = prepared(str(path), missing=["", -999], validation=0, mark_gaps_from=2)
    assert ("a", "a is missing") == found.preprocessing.feature_names
    assert [0] * 50 + [1, 1] == found.train.x[:, 1].tolist()


def test_rows_are_ordered_by_dates_of_any_format(tmp_path):
    path = tmp_path / "x.csv"
    days = [datetime(2021, 1, 1) + timedelta((17 * i) % 100) for i in range(100)]
    path.write_text("\n".join(["d,n,y", *(f"{d:%d.%m.%Y},{i},{i % 2}" for i, d in enumerate(days))]))
    found = prepared(str(path), order={"by": "d"}, validation=0.1, scaling={"name": "none"})
    expected = [i for i, d in enumerate(days) if d >= datetime(2021, 1, 1) + timedelta(90)]
    assert expected == found.validation.x[:, -1].tolist()
