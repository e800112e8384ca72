"""What `scripts/published` does: rows as the papers cut them, runs that go on where they were, and its table."""

import json
import sys
from dataclasses import replace
from hashlib import sha256

import numpy as np
import polars as pl
import pytest
from papers import runs
from papers.figures import FIGURES, Figure
from papers.report import Row, markdown, rows
from papers.runs import InterruptedTrainingError, Measured, Workplace, fingerprint
from papers.splits import cut, stratified_cut
from papers.tables import ADULT_COLUMNS, NUMBERS, SplitRows, split_rows

import nettrain
from tests.cli.command import ROOT, ended

pytestmark = pytest.mark.usefixtures("step_by_step")

GOLDEN = json.loads((ROOT / "tests" / "golden" / "splits.json").read_text())
ELSEWHERE = ROOT.parent / "shared" / "data"
SCRIPT = (sys.executable, str(ROOT / "scripts" / "published"))


# ----- rows -----


def letters(rows, classes):
    i = np.arange(rows)
    return np.array(list("ZQABXCD"))[(i * i + 3 * i) % 11 % classes]


def as_golden(indices):
    if len(indices) <= 100:
        return indices.tolist()
    digest = sha256(indices.astype("<i8").tobytes()).hexdigest()
    return {"rows": len(indices), "sha256": digest, "first": indices[:5].tolist()}


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['rows']}-{case['classes']}")
def test_cuts_are_scikit_learns(case):
    if case["classes"]:
        got = stratified_cut(letters(case["rows"], case["classes"]), 0.2, case["seed"])
    else:
        got = cut(case["rows"], 0.2, case["seed"])
    assert (case["kept"], case["held_out"]) == (as_golden(got.kept), as_golden(got.held_out))


def real_rows(table):
    try:
        return split_rows(table, ELSEWHERE)
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_california_is_scikit_learns_table():
    split = real_rows("california")
    assert (13_209, 3_303, 4_128) == (split.train.height, split.validation.height, split.test.height)
    # the first row of X_test by train_test_split(X, test_size=0.2, random_state=0)
    first = [4.1518, 22.0, 5.66307278, 1.07547170, 1551.0, 4.18059299, 32.58, -117.05, 1.369]
    assert first == pytest.approx(split.test.row(0))
    # the first row of the table, whichever part it is in
    row = [8.3252, 41.0, 6.98412698, 1.02380952, 322.0, 2.55555556, 37.88, -122.23, 4.526]
    together = pl.concat([split.train, split.validation, split.test])
    (found,) = together.filter((pl.col("MedInc") == 8.3252) & (pl.col("HouseAge") == 41)).rows()
    assert row == pytest.approx(found)
    assert 20_640 == together.unique().height


def test_adult_has_the_papers_shares_of_classes():
    split = real_rows("adult")
    counts = [
        dict(part["income"].value_counts().iter_rows())
        for part in (split.train, split.validation, split.test)
    ]
    assert [
        {"<=50K": 19_775, ">50K": 6_273},
        {"<=50K": 4_945, ">50K": 1_568},
        {"<=50K": 12_435, ">50K": 3_846},
    ] == counts
    assert 102 == sum(split.train[name].n_unique() for name in split.train.columns if is_text(split, name))
    assert "?" in set(split.train["occupation"])


def is_text(split, name):
    return split.train[name].dtype == pl.String and name != "income"


def test_a_table_that_was_changed_is_refused(tmp_path):
    (tmp_path / "cal_housing.data").write_text("longitude\n1\n2\n")
    with pytest.raises(ValueError, match="california has 2 rows, not 20,640"):
        split_rows("california", tmp_path)


# ----- figures -----


def test_a_mean_holds_within_two_deviations_or_when_it_is_better():
    error, accuracy = FIGURES["california-mlp"], FIGURES["adult-mlp"]
    assert [True, True, False] == [error.holds(value) for value in (0.30, 0.5063, 0.5065)]
    assert [True, True, False] == [accuracy.holds(value) for value in (0.99, 0.8506, 0.8504)]
    assert [True, None] == [FIGURES["adult-mlp-five"].holds(value) for value in (0.856, 0.855)]


def test_every_figure_has_an_experiment():
    assert [] == [name for name, figure in FIGURES.items() if not (runs.CONFIGS / figure.config).exists()]


SOURCES = {"source": "train", "validation": "validation", "test": "test"}
PARAMETERS = {  # of the networks in the authors' reports
    "california_mlp": 45_553,
    "california_periodic": 215_617,
    "california_piecewise": 578_721,
    "california_tabm": 438_688,
}


@pytest.fixture(scope="module")
def small_rows(tmp_path_factory):
    """A folder with a few rows that look like those of the papers."""
    folder, draw = tmp_path_factory.mktemp("rows"), np.random.default_rng(0)
    california = pl.DataFrame(draw.normal(size=(100, 9)), [*"abcdefgh", "MedHouseVal"])
    words = {name: draw.choice(["?", "blue", "red"], 100) for name in ADULT_COLUMNS}
    adult = pl.DataFrame(words).with_columns(
        *(pl.Series(name, draw.integers(0, 90, 100)) for name in NUMBERS),
        income=pl.Series(draw.choice(["<=50K", ">50K"], 100)),
    )
    for table, whole in (("california", california), ("adult", adult)):
        SplitRows(whole[:60], whole[60:80], whole[80:]).write(folder / table)
    return folder


@pytest.mark.parametrize("config", sorted({figure.config for figure in FIGURES.values()}))
def test_networks_are_those_of_the_paper(config, small_rows):
    name = config.removesuffix(".yaml")
    place = small_rows / name.partition("_")[0]
    sources = [f"data.{key}={place / part}.parquet" for key, part in SOURCES.items()]
    run = nettrain.train(ROOT / "configs" / config, *sources, "training.epochs=1", "training.batch_size=full")
    assert PARAMETERS.get(name, run.summary["parameters"]) == run.summary["parameters"]
    assert name == run.summary["experiment"]


# ----- runs -----

EXPERIMENT = """
data: {source: rows.parquet, test: rows.parquet, validation: rows.parquet, target: TARGET}
model: {hidden: [4]}
training: {epochs: 40, checkpoint: {seconds: 0}}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with small rows of both tables, and an experiment for each."""
    draw = np.random.default_rng(0)
    for table, target in (("california", "MedHouseVal"), ("adult", "income")):
        x = draw.normal(size=(90, 2))
        y = x.sum(axis=1) + draw.normal(size=90)
        labels = y if table == "california" else np.where(y > 0, "rich", "poor")
        whole = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], target: labels})
        SplitRows(whole[:40], whole[40:60], whole[60:]).write(tmp_path / "out" / "rows" / table)
        (tmp_path / f"{table}_small.yaml").write_text(EXPERIMENT.replace("TARGET", target))
        small = Figure(table, "small", "small", 0.5, 0.1)
        monkeypatch.setitem(FIGURES, small.name, small)
        five = replace(small, key="small-five", members=small.name)
        monkeypatch.setitem(FIGURES, five.name, five)
    monkeypatch.setattr(runs, "CONFIGS", tmp_path)
    return Workplace(tmp_path / "out", tmp_path)


def test_what_was_measured_is_not_measured_again(place):
    figure = FIGURES["california-small"]
    first = place.measure(figure, 3)
    assert {("california-small", 3): first} == place.measured()
    run = nettrain.open_run(place.folder / "runs" / f"california-small-{fingerprint(figure)}" / "3")
    assert (run.metrics["test"]["rmse"], run.metrics["val"]["rmse"]) == (first.value, first.validation)
    assert 3 == run.summary["seed"]
    before = place.results.read_text()
    assert first == replace(place, stop=never_asked).measure(figure, 3)
    assert before == place.results.read_text()


def test_a_line_that_was_cut_off_is_measured_anew(place):
    first = place.measure(FIGURES["california-small"], 0)
    line = place.results.read_text()
    place.results.write_text(line[:60])
    assert {} == place.measured()
    assert first == place.measure(FIGURES["california-small"], 0)
    place.measure(FIGURES["california-small"], 1)
    assert [line[:60], line.strip()] == place.results.read_text().splitlines()[:2]
    assert 2 == len(place.measured())


def never_asked():
    raise AssertionError


def test_a_changed_experiment_is_measured_anew(place):
    figure = FIGURES["california-small"]
    first = place.measure(figure, 0)
    file = runs.CONFIGS / figure.config
    file.write_text(f"# a comment changes nothing\n{file.read_text()}")
    assert [first] == list(place.measured().values())
    file.write_text(file.read_text().replace("[4]", "[5]"))
    assert {} == place.measured()
    second = place.measure(figure, 0)
    assert second.value != first.value
    assert [second] == list(place.measured().values())


def test_an_interrupted_training_goes_on(place):
    figure = FIGURES["california-small"]
    asked = iter([False] * 30 + [True])
    with pytest.raises(InterruptedTrainingError):
        replace(place, stop=lambda: next(asked)).measure(figure, 0)
    assert {} == place.measured()
    gone_on = place.measure(figure, 0)
    undisturbed = Workplace(place.folder / "elsewhere", place.data)
    for table in ("california", "adult"):
        part = {
            name: pl.read_parquet(place.rows(table) / f"{name}.parquet") for name in SplitRows.__annotations__
        }
        SplitRows(**part).write(undisturbed.folder / "rows" / table)
    assert replace(undisturbed.measure(figure, 0), seconds=gone_on.seconds) == gone_on


def test_five_numbers_are_averaged(place):
    one = place.measure(FIGURES["california-small-five"], 1)
    assert {("california-small", seed) for seed in range(5, 10)} == set(place.measured()) - {(one.figure, 1)}
    test = pl.read_parquet(place.rows("california") / "test.parquet")
    folder = place.folder / "runs" / f"california-small-{one.settings}"
    together = np.mean([nettrain.open_run(folder / str(k)).predict(test) for k in range(5, 10)], axis=0)
    assert np.sqrt(np.mean((together - test["MedHouseVal"].to_numpy()) ** 2)) == pytest.approx(one.value)


def test_five_classifications_are_averaged(place):
    one = place.measure(FIGURES["adult-small-five"], 0)
    test = pl.read_parquet(place.rows("adult") / "test.parquet")
    folder = place.folder / "runs" / f"adult-small-{one.settings}"
    rich = np.mean([nettrain.open_run(folder / str(k)).predict_proba(test)[:, 1] for k in range(5)], axis=0)
    right = np.where(rich > 0.5, "rich", "poor") == test["income"].to_numpy()
    assert right.mean() == pytest.approx(one.value)


# ----- the table -----


def measured(name, *values):
    return {
        (name, seed): Measured(name, "", seed, value, 0.5, 150 + seed, 130, 8.0)
        for seed, value in enumerate(values)
    }


def test_the_table():
    found = {
        **measured("california-mlp", 0.49, 0.50, 0.49, 0.50, 0.50),
        **measured("adult-mlp", 0.84, 0.85, 0.85, 0.84, 0.85),
        **measured("adult-mlp-five", 0.8562),
    }
    names = ("california-mlp", "california-mlp-five", "adult-mlp", "adult-mlp-five")
    shown = markdown(rows([FIGURES[name] for name in names], found))
    assert (
        shown
        == """\
| california, RMSE, in 100,000 dollars | published | nettrain | seeds | within 2 sd or better | epochs | time |
|---|---|---|---|---|---|---|
| MLP | 0.4948 ± 0.0058 | 0.4960 ± 0.0055 | 5 | yes | 152 | 8 s |
| MLP, five averaged | 0.4880 |  |  |  |  |  |

| adult, accuracy | published | nettrain | seeds | within 2 sd or better | epochs | time |
|---|---|---|---|---|---|---|
| MLP | 0.8541 ± 0.0018 | 0.8460 ± 0.0055 | 5 | **no** | 152 | 8 s |
| MLP, five averaged | 0.8559 | 0.8562 | 1 | yes | 150 | 8 s |"""
    )


def test_rows_as_json():
    (row,) = rows([FIGURES["california-mlp"]], measured("california-mlp", 0.5, 0.51))
    assert isinstance(row, Row)
    found = row.as_json()
    assert ("california-mlp", "rmse", None) == (found["figure"], found["metric"], found["holds"])
    assert 0.505 == pytest.approx(found["mean"])
    assert [0.5, 0.51] == [seed["value"] for seed in found["seeds"]]


# ----- the script -----


def script(folder, *arguments):
    return ended([*SCRIPT, *arguments], folder)


def test_the_script_shows_what_there_is(tmp_path):
    lines = [
        json.dumps({**vars(one), "settings": fingerprint(FIGURES["california-mlp"])})
        for one in measured("california-mlp", *[0.6] * 5).values()
    ]
    (tmp_path / "results.jsonl").write_text("\n".join(lines) + "\n")
    done = script(tmp_path, "--show", "--out", ".", "--only", "california_mlp")
    assert (1, "") == (done.code, done.err)
    assert "| MLP | 0.4948 ± 0.0058 | 0.6000 ± 0.0000 | 5 | **no** |" in done.out
    done = script(tmp_path, "--show", "--out", "nowhere", "--json")
    assert 0 == done.code
    assert list(FIGURES) == [one["figure"] for one in json.loads(done.out)["figures"]]


def test_the_script_names_what_is_missing(tmp_path):
    done = script(tmp_path, "--only", "california-mpl")
    assert 2 == done.code
    assert 'no figure "california-mpl", did you mean "california-mlp"?' in done.err
    done = script(tmp_path, "--only", "california-mlp", "--data", str(tmp_path))
    assert 2 == done.code
    assert "no cal_housing.data or cal_housing.data.gz below" in done.err


def test_the_script_writes_the_rows_of_tables_that_are_there(tmp_path):
    columns = "longitude,latitude,housing_median_age,total_rooms,total_bedrooms,population,households"
    row = ",".join(["2.0"] * 9)
    table = [f"{columns},median_income,median_house_value", *[row] * 20_640]
    (tmp_path / "cal_housing.data").write_text("\n".join(table))
    done = script(tmp_path, "--data", ".", "--rows", "rows")
    assert 0 == done.code
    assert done.err.splitlines()[1].startswith("adult: no adult-train.csv")
    assert 3_303 == pl.read_parquet(tmp_path / "rows" / "california" / "validation.parquet").height
    assert 2 == script(tmp_path, "--data", "rows", "--rows", "rows").code


@pytest.mark.slow
def test_the_multilayer_perceptron_on_california_reaches_its_figure(tmp_path):
    real_rows("california")
    done = script(tmp_path, "--data", str(ELSEWHERE), "--only", "california-mlp", "--seeds", "1", "--json")
    (found,) = json.loads(done.out)["figures"]
    assert 0.4948 + 2 * 0.0058 > found["mean"]
