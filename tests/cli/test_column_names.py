"""Columns and classes may have any name, also those of nettrain's predictions and of a pattern in Polars."""

import csv
import io
import json

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.data.tables.names import distinct_names, free_name
from tests.cli.command import inside

RNG = np.random.default_rng(0)
X = RNG.normal(size=60).round(3)
OWN = (
    "prediction",
    "probability",
    "probability_a",
    "score_a",
    "sd_a",
    "row",
    "label",
    "split",
    "member",
    "interval",
)
ODD = ("*", "count", "index", "value", "text", "test", "a,b", 'say "x"', "two words", "#", "yes")


def trained(folder, columns, target, **settings):
    """A folder with rows.csv and a run on them."""
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
    values = {
        "experiment": "e",
        "data": {"source": "rows.csv", "header": True, "target": target, **settings},
        "model": {"hidden": [3], "dropout": 0.1},
        "training": {"epochs": 2, "batch_size": 16},
    }
    (folder / "e.yaml").write_text(json.dumps(values), encoding="utf-8")
    done = inside(folder, "train", "e.yaml", "--quiet", "--no-figures")
    assert 0 == done.code, done.err


def predicted(folder, *options):
    """The columns of the predictions by name, which the three ways to them agree on."""
    done = inside(folder, "predict", "runs/e", "rows.csv", *options)
    assert 0 == done.code, done.err
    header, *rows = csv.reader(io.StringIO(done.out))
    report = json.loads(inside(folder, "predict", "runs/e", "rows.csv", *options, "--json").out)
    assert (header, 60) == (report["columns"], len(report["predictions"]))
    assert len(header) == len(set(header))
    inside(folder, "predict", "runs/e", "rows.csv", *options, "--out", "p.parquet")
    assert header == pl.read_parquet(folder / "p.parquet").columns
    return header, rows


@pytest.mark.parametrize("name", OWN + ODD)
def test_a_target_of_any_name_is_predicted(name, tmp_path):
    classes = ["a", "b", "c"] * 20
    trained(tmp_path, {"input": X, name: classes}, name)
    header, rows = predicted(tmp_path)
    assert (name, 4) == (header[0], len(header))
    assert {row[0] for row in rows} <= set(classes)
    run = nettrain.open_run(tmp_path / "runs/e")
    assert [row[0] for row in rows] == run.predict(tmp_path / "rows.csv").tolist()
    proba = run.predict_proba(tmp_path / "rows.csv")
    assert (60, 3) == proba.shape
    np.testing.assert_allclose(proba, np.array([row[1:] for row in rows], float))
    assert 7 == len(predicted(tmp_path, "--mc-samples", "2")[0])
    report = json.loads(inside(tmp_path, "evaluate", "runs/e", "rows.csv", "--json").out)
    assert [name] == list(report["confusion"])


def test_the_name_of_a_target_stays_and_the_probability_gets_another(tmp_path):
    trained(tmp_path, {"input": X, "probability_a": ["a", "b"] * 30}, "probability_a")
    assert ["probability_a", "probability_a_2", "probability_b"] == predicted(tmp_path)[0]


def test_the_names_of_several_targets_stay(tmp_path):
    labels = {"wet": [0, 1] * 30, "probability_wet": [0, 0, 1] * 20}
    trained(tmp_path, {"input": X, **labels}, list(labels))
    expected = ["wet", "probability_wet", "probability_wet_2", "probability_probability_wet"]
    assert expected == predicted(tmp_path)[0]
    (tmp_path / "numbers").mkdir()
    trained(
        tmp_path / "numbers", {"input": X, "y": 2 * X, "sd_y": X + 1}, ["y", "sd_y"], target_kind="numbers"
    )
    assert ["y", "sd_y", "sd_y_2", "sd_sd_y"] == predicted(tmp_path / "numbers", "--mc-samples", "2")[0]


@pytest.mark.parametrize("name", OWN + ODD)
def test_an_input_of_any_name_is_read(name, tmp_path):
    """With text in another column, so that numbers and text are stored apart."""
    trained(tmp_path, {name: X, "kind": ["u", "v"] * 30, "target": ["a", "b", "c"] * 20}, "target")
    assert ["target", "probability_a", "probability_b", "probability_c"] == predicted(tmp_path)[0]
    importance = inside(tmp_path, "evaluate", "runs/e", "rows.csv", "--importance", "--json")
    columns = json.loads(importance.out)["importance"]["columns"]
    assert {name, "kind"} == {one["column"] for one in columns}


@pytest.mark.parametrize("name", OWN + ODD)
def test_a_class_of_any_name_is_predicted(name, tmp_path):
    trained(tmp_path, {"input": X, "target": [name, "other"] * 30}, "target")
    assert {"target", "probability_other", f"probability_{name}"} == set(predicted(tmp_path)[0])


def test_y_without_a_name_beside_a_column_called_target():
    frame = pl.DataFrame({"target": X, "other": X[::-1]})
    run = nettrain.train(
        {"model": {"hidden": [2]}, "training": {"epochs": 1, "batch_size": "full"}},
        data=(frame, ["a", "b"] * 30),
    )
    assert "target_2" == run.trained.task.names[0]
    assert (60,) == run.predict(frame).shape
    assert 60 == run.evaluate((frame, ["a", "b"] * 30)).rows


def test_equal_names_get_numbers_that_no_other_name_has():
    assert ["a", "a_3", "a_2", "b"] == distinct_names(["a", "a", "a_2", "b"])
    assert ["a", "a_2", "a_3"] == distinct_names(["a", "a", "a"])
    assert ("x", "x_3") == (free_name("x", []), free_name("x", {"x", "x_2"}))
