"""Files with decimal commas, signs, units and dates of other countries: trained, predicted and measured."""

import csv
import io
import json
import random

import pytest

from tests.cli.command import inside, nettrain

SPEC = """
experiment: r
data: {source: rows.csv, test: 0.2}
model: {hidden: [4]}
optimizer: {name: adam, learning_rate: 0.02}
training: {epochs: 3, batch_size: 16}
"""


def numbers(count=150):
    """Temperature, drift and load, plainly written."""
    draw = random.Random(5)
    for _ in range(count):
        a, b = draw.uniform(0, 100), draw.uniform(-5, 5)
        yield f"{a:.2f}", f"{b:.3f}", f"{3 * a - 2 * b + 1000:.1f}"


def write(path, rows, separator=",", names=("temp", "drift", "load")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator).writerows([*([names] if names else []), *rows])


def comma(row):
    return [cell.replace(".", ",") for cell in row]


def signs(row):
    temp, drift, load = row
    return [f"{temp} °C", drift.replace("-", "\u2212"), f"${float(load):,.1f}"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "r.yaml").write_text(SPEC)
    write(tmp_path / "rows.csv", numbers())
    return tmp_path


def trained(folder, name, *overrides):
    done = inside(folder, "train", "r.yaml", "--no-figures", f"experiment={name}", *overrides)
    assert 0 == done.code, done.err
    return done.out, json.loads((folder / f"runs/{name}/summary.json").read_text())


def predictions(folder, run, data):
    done = inside(folder, "predict", f"runs/{run}", data)
    return done, list(csv.reader(io.StringIO(done.out)))


@pytest.mark.parametrize(
    ("form", "separator"),
    [(comma, ";"), (comma, "\t"), (comma, ","), (signs, ",")],
    ids=["semicolon", "tab", "quoted", "signs"],
)
@pytest.mark.parametrize("header", [True, False])
def test_a_run_on_the_same_numbers_in_another_form_is_the_same(folder, form, separator, header):
    names = ("temp", "drift", "load") if header else ()
    write(folder / "rows.csv", numbers(), names=names)
    _, expected = trained(folder, "plain")
    write(folder / "other.csv", map(form, numbers()), separator, names)
    out, summary = trained(folder, "other", "data.source=other.csv")
    assert expected["metrics"] == summary["metrics"]
    assert "read as numbers with" in out
    _, plain = predictions(folder, "plain", "rows.csv")
    done, other = predictions(folder, "other", "other.csv")
    assert (0, plain) == (done.code, other)
    assert all(float(cell) for cell, *_ in other[1:])
    measured = [
        json.loads(inside(folder, "evaluate", f"runs/{run}", data, "--json").out)["metrics"]
        for run, data in (("plain", "rows.csv"), ("other", "other.csv"))
    ]
    assert measured[0] == measured[1]


def test_a_run_is_repeated_by_its_config(folder):
    write(folder / "rows.csv", map(comma, numbers()), ";")
    _, first = trained(folder, "first", "data.decimal=,")
    done = inside(folder, "train", "runs/first/config.yaml", "--no-figures", "experiment=again")
    assert 0 == done.code, done.err
    again = json.loads((folder / "runs/again/summary.json").read_text())
    assert first["metrics"] == again["metrics"]


def test_each_row_is_predicted_as_among_the_others(folder):
    rows = [comma(row) for row in numbers()]
    write(folder / "rows.csv", rows, ";")
    trained(folder, "r")
    _, (_, *together) = predictions(folder, "r", "rows.csv")
    for i in (0, 7, 8):
        write(folder / "one.csv", [["1,234", "1", "5"], rows[i]], ";")
        assert predictions(folder, "r", "one.csv")[1][2] == together[i]
        write(folder / "one.csv", [[cell.partition(",")[0] for cell in rows[i]]], ";")
        whole = predictions(folder, "r", "one.csv")[1][1]
        write(folder / "one.csv", [[cell.partition(",")[0] + ",0" for cell in rows[i]]], ";")
        assert whole == predictions(folder, "r", "one.csv")[1][1]


def test_a_cell_of_another_form_is_no_guess(folder):
    write(folder / "rows.csv", map(signs, numbers()))
    trained(folder, "r")
    write(folder / "new.csv", [["20.5 °C", "1", ""], ["20.5", "1", ""], ["68 °F", "1", ""]])
    done, rows = predictions(folder, "r", "new.csv")
    assert [True, False, False] == [row != [""] for row in rows[1:]]
    assert 'new.csv:3: column "temp": "20.5" is not a number such as "' in done.err
    assert 'new.csv:4: column "temp": "68 °F" is not a number such as "' in done.err


def test_one_bad_date_is_an_error_with_its_line(folder):
    rows = [[f"2021-{1 + i % 12:02}-{1 + i % 28:02}", i % 7] for i in range(300)]
    rows[150][0] = "2021-02-30"
    write(folder / "rows.csv", rows, names=("when", "sold"))
    done = nettrain(folder, "train", "r.yaml", "--no-figures")
    assert (3, "") == (done.code, done.out)
    assert done.err.startswith(
        'rows.csv:152: column "when": "2021-02-30" is not a date; write it like 2024-02-29'
    )
    assert 1 == done.err.count("\n")


def test_dates_that_may_be_read_in_two_ways_are_said_and_settable(folder):
    rows = [[f"{1 + i % 12}/{1 + i % 11}/2021", i % 2] for i in range(100)]
    write(folder / "rows.csv", rows, names=("when", "sold"))
    out, _ = trained(folder, "text")
    assert (
        'column "when": looks like dates, but "12/1/2021" may be 12 January 2021 or 1 December 2021: '
        'data.dates: {column: "%d/%m/%Y" or "%m/%d/%Y"} says which; taken as text'
    ) in " ".join(out.split())
    out, _ = trained(folder, "dates", "data.dates={when: '%m/%d/%Y'}")
    assert "dates written as 02/29/2024, taken as" in " ".join(out.split())
    done = inside(folder, "train", "r.yaml", "--no-figures", "data.dates={when: '%m/%d'}")
    assert 2 == done.code
    assert 'data.dates.when: "%m/%d" is not a format of dates: has no year' in done.err


def test_init_reads_them_too(folder):
    write(folder / "rows.csv", map(signs, numbers()))
    done = inside(folder, "init", "rows.csv", "--out", "new.yaml")
    assert 0 == done.code, done.err
    assert "numbers" in done.out
    assert 'column "temp": read as numbers with the unit "°C"' in " ".join(done.out.split())
    done = inside(folder, "train", "new.yaml", "--no-figures", "training.epochs=2")
    assert 0 == done.code, done.err


def test_a_target_that_may_be_read_in_two_ways_names_the_key(folder):
    write(folder / "rows.csv", [[i, f"{1 + i % 9},{100 + i}"] for i in range(100)], names=("a", "y"))
    done = inside(folder, "train", "r.yaml", "--no-figures")
    assert 3 == done.code
    assert (
        'rows.csv: target "y": looks like numbers, but "1,100" may be 1.1 or 1100: data.decimal' in done.err
    )
    out, _ = trained(folder, "thousands", "data.decimal=.")
    assert 'column "y": read as numbers with commas between thousands' in " ".join(out.split())


def test_whole_numbers_beside_decimal_commas_have_points_between_thousands_in_other_files(folder):
    rows = [[25 * i, f"{i / 3:.3f}".replace(".", ","), i % 7] for i in range(80)]
    write(folder / "rows.csv", rows, ";", ("x", "z", "y"))
    trained(folder, "r", "data.target=y", "data.target_kind=numbers")
    write(folder / "new.csv", [["1.500", "1,5"], ["1500", "1,5"], ["1500,0", "1,5"]], ";", ("x", "z"))
    done, (_, *cells) = predictions(folder, "r", "new.csv")
    assert 0 == done.code, done.err
    assert cells[0] == cells[1] == cells[2]
    write(folder / "new.csv", [["1.5", "1,5"]], ";", ("x", "z"))
    done, _ = predictions(folder, "r", "new.csv")
    assert 'new.csv:2: column "x": "1.5" is not a number such as "1.234,5"' in done.err


def test_whole_targets_beside_decimal_commas_have_points_between_thousands_in_other_files(folder):
    rows = [[f"{i / 3:.3f}".replace(".", ","), 25 * i] for i in range(80)]
    write(folder / "rows.csv", rows, ";", ("x", "y"))
    trained(folder, "r")
    metrics = []
    for name, cell in (("pointed.csv", "1.500"), ("plain.csv", "1500")):
        write(folder / name, [["1,5", cell], ["2,5", "750"]], ";", ("x", "y"))
        done = inside(folder, "evaluate", "runs/r", name, "--json")
        assert 0 == done.code, done.err
        metrics.append(json.loads(done.out)["metrics"])
    assert metrics[0] == metrics[1]
