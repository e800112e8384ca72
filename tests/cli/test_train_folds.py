"""Cross-validation through the real command: what it shows, leaves behind, and answers afterwards."""

import csv
import json
import re
import shutil
import statistics

import numpy as np
import polars as pl
import pytest

from nettrain.errors import SpecError
from nettrain.store.trained_folds import open_folds
from tests.cli.command import CONFIGS, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

IRIS = CONFIGS / "iris.yaml"
FEW = ("training.epochs=12", "training.early_stopping.patience=3", "optimizer.learning_rate=0.05")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folds")


@pytest.fixture(scope="module")
def ended(folder):
    """The command that cross-validates iris."""
    return inside(folder, "train", IRIS, *FEW, "--folds", "4")


@pytest.fixture(scope="module")
def run(folder, ended):
    assert 0 == ended.code, ended.err
    return folder / "runs" / "iris"


def summary(run):
    return json.loads((run / "summary.json").read_text())


def test_the_files_of_a_cross_validation(run):
    assert {
        "summary.json",
        "folds.csv",
        "out_of_fold.parquet",
        "folds.png",
        "confusion.png",
        "config.yaml",
    } | {"folds"} == {path.name for path in run.iterdir()}
    for number in "1234":
        assert {"model.safetensors", "preprocessing.json", "history.csv", "summary.json"} <= {
            path.name for path in (run / "folds" / number).iterdir()
        }


def test_a_row_for_each_fold_then_all_together(ended, run):
    whole = summary(run)
    start = next(
        k for k, line in enumerate(ended.out.splitlines()) if "held out" in line and "epochs" in line
    )
    lines = [line.split() for line in ended.out.splitlines()[start + 2 :]]
    rows = {words[0]: words for words in lines if words}
    accuracies = [fold["metrics"]["val"]["accuracy"] for fold in whole["folds"]]
    for number, accuracy in enumerate(accuracies, 1):
        assert f"{accuracy:#.4g}" in rows[str(number)]
    assert f"{statistics.mean(accuracies):#.4g}" in rows["mean"]
    assert f"{statistics.stdev(accuracies):.4f}" in rows["sd"]
    assert f"{whole['out_of_fold']['accuracy']:#.4g}" in rows["pooled"]
    assert f"{whole['metrics']['test']['accuracy']:#.4g}" in rows["together"]


def test_each_fold_has_a_line_while_it_trains(ended):
    lines = [line for line in ended.out.splitlines() if line.startswith("fold ")]
    assert ["fold 1/4", "fold 2/4", "fold 3/4", "fold 4/4"] == sorted(line[:8] for line in lines)
    assert all("val accuracy" in line and "after" in line for line in lines)


def test_the_head_says_what_is_held_out(ended):
    assert "data     120 cross-validated, 30 test rows" in ended.out
    assert "folds    4, stratified: 90 rows train a network, 30 are held out" in ended.out


def test_a_fold_is_a_run_of_its_own(folder, run):
    one, figures = run / "folds" / "3", summary(run)["folds"][2]["metrics"]["val"]
    measured = inside(folder, "evaluate", one, "--part", "validation", "--json")
    assert figures["accuracy"] == pytest.approx(json.loads(measured.out)["metrics"]["accuracy"])
    trained = inside(folder, "train", one / "config.yaml", "--quiet", "--out", "again", "--no-figures")
    assert 0 == trained.code, trained.err
    same = [path / "model.safetensors" for path in (one, folder / "again" / "iris")]
    assert same[0].read_bytes() == same[1].read_bytes()


def test_the_folds_predict_together(folder, run):
    def probabilities(path):
        answer = inside(folder, "predict", path, "builtin:iris")
        rows = list(csv.reader(answer.out.splitlines()))[1:]
        return np.array([row[1:] for row in rows], dtype=float)

    alone = [probabilities(run / "folds" / number) for number in "1234"]
    np.testing.assert_allclose(probabilities(run), np.mean(alone, axis=0), rtol=1e-12)


def test_they_are_not_the_networks_of_one_training(run):
    with pytest.raises(
        SpecError, match=r"iris: is cross-validated; each fold is a run: name one of "
    ) as caught:
        open_folds(run).alone()
    assert 1 == len(str(caught.value).splitlines())


def test_held_out_rows_are_evaluated_as_the_summary_has_them(folder, run):
    answer = json.loads(inside(folder, "evaluate", run, "--part", "validation", "--json").out)
    pooled, frame = summary(run)["out_of_fold"], pl.read_parquet(run / "out_of_fold.parquet")
    assert 120 == answer["rows"] == frame.height
    for name in ("loss", "accuracy", "macro_f1"):
        assert pooled[name] == pytest.approx(answer["metrics"][name])
    assert summary(run)["baseline"]["metrics"]["val"] == answer["baseline"]["metrics"]
    right = (frame["true_species"] == frame["species"]).mean()
    assert right == pytest.approx(pooled["accuracy"])


def test_test_rows_are_evaluated_as_the_summary_has_them(folder, run):
    answer = json.loads(inside(folder, "evaluate", run, "--json").out)
    assert summary(run)["metrics"]["test"]["accuracy"] == pytest.approx(answer["metrics"]["accuracy"])


def test_repeats_by_the_short_option(folder):
    answer = inside(folder, "train", IRIS, *FEW, "--folds", "2x3", "--quiet", "--no-figures", "--json")
    folds = json.loads(answer.out)["folds"]
    assert [(n, 1 + (n - 1) // 2) for n in range(1, 7)] == [(one["fold"], one["repeat"]) for one in folds]


@pytest.mark.parametrize("folds", ["five", "5x", "x5", "-5", "5x3x1", ""])
def test_other_texts_than_numbers_are_refused(folder, folds):
    answer = inside(folder, "train", IRIS, f"--folds={folds}")
    assert (2, f"--folds: {folds} is neither") == (answer.code, answer.err[: len(folds) + 20])


@pytest.mark.parametrize("override", ["data.folds.take=2", "data.folds={count: 4}", "data.folds.repeats=1"])
def test_folds_are_not_given_twice(folder, override):
    answer = inside(folder, "train", IRIS, "--folds", "4x2", override)
    assert (2, f'--folds: does not go with the override "{override}", which says the same\n') == (
        answer.code,
        answer.err,
    )


@pytest.mark.parametrize("option", ["--profile", "--animate"])
def test_options_of_one_training_are_refused(folder, option):
    answer = inside(folder, "train", IRIS, "--folds", "3", option)
    assert (2, f"{option}: is for one training") == (answer.code, answer.err[: len(option) + 21])


def test_other_commands_name_the_folds(folder, run):
    for command in ("graph", "landscape", "gradcheck"):
        answer = inside(folder, command, "runs/iris")
        assert 2 == answer.code
        assert answer.err.startswith("runs/iris: is cross-validated; each fold is a run: name one of")
        assert 1 == answer.err.count("\n")


def test_runs_lists_the_whole_and_its_folds(folder, run):
    listed = json.loads(inside(folder, "runs", "runs/iris", "--json").out)["runs"]
    assert summary(run)["mean"]["val"]["accuracy"] == listed[0]["figures"]["val_accuracy"]
    folds = json.loads(inside(folder, "runs", "runs/iris/folds", "--json").out)
    assert (4, ["data.folds.take"]) == (len(folds["runs"]), folds["differing"])


def test_one_that_has_ended_has_nothing_left(folder, run):
    answer = inside(folder, "resume", "runs/iris")
    assert (0, "nothing to do") == (answer.code, answer.out.strip()[-13:])


def test_folds_that_were_not_trained_are_trained_by_resume(folder, run):
    whole = folder / "killed" / "iris"
    shutil.copytree(run, whole)
    (whole / "summary.json").unlink()
    weights = (whole / "folds/4/model.safetensors").read_bytes()
    shutil.rmtree(whole / "folds/4")
    answer = inside(folder, "resume", "killed/iris", "--animate")
    assert (2, "--animate: is for one training") == (answer.code, answer.err[:30])
    answer = inside(folder, "resume", "killed/iris", "--no-figures")
    assert (0, 4) == (answer.code, len(summary(whole)["folds"])), answer.err
    assert "together" in answer.out
    assert weights == (whole / "folds/4/model.safetensors").read_bytes()
    assert summary(run)["mean"] == summary(whole)["mean"]
    again = inside(folder, "resume", "killed/iris", "--quiet")
    assert (0, "", "") == (again.code, again.out, again.err)


def test_numbers_have_a_picture_of_residuals(folder):
    answer = inside(
        folder, "train", CONFIGS / "sine.yaml", "training.epochs=3", "data.test=0", "--folds", "3"
    )
    assert 0 == answer.code, answer.err
    assert {"folds.png", "residuals.png"} <= {path.name for path in (folder / "runs" / "sine").iterdir()}
    assert "pooled" in answer.out
    assert "together" not in answer.out  # without test rows


def test_comparisons_go_by_folds(folder):
    answer = inside(
        folder, "compare", IRIS, *FEW, "data.folds=4", "data.validation=0", "--vary", "model.hidden=[4],[9]"
    )
    words = " ".join(answer.out.split())
    assert "2 experiments with 4 folds each" in words
    assert "t-test over folds, corrected for the training rows that they share" in words
    assert "--repeat" not in words


@pytest.fixture(scope="module")
def people(folder):
    """Cross-validation on a file, without test rows."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 60)
    rows = [f"{value},{'yes' if value > 50 else 'no'}" for value in age]
    path = folder / "people.csv"
    path.write_text("age,smokes\n" + "\n".join(rows) + "\n")
    file = folder / "people.yaml"
    file.write_text("experiment: people\ndata: {source: people.csv, target: smokes}\ntraining: {epochs: 3}\n")
    assert 0 == inside(folder, "train", file, "--folds", "3", "--quiet", "--no-figures").code
    return path


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            ["data.columns.group=house"],
            "3 of whole groups of house: 40 rows train a network, 20 are held out",
        ),
        (
            ["data.order={by: day}"],
            "3 in the order of time, each after the rows that train it: 15 to 45 rows train a network, 15 are held out",
        ),
        (
            ["data.order={by: day}", "data.folds.train_on=others"],
            "3 in the order of time, each among the rows that train it: 40 rows train a network, 20 are held out",
        ),
    ],
)
def test_folds_of_groups_and_of_time_are_told(folder, keys, told):
    rows = "\n".join(f"{k % 7},{k % 6},2020-01-{k % 28 + 1:02},{'no' if k % 3 else 'yes'}" for k in range(60))
    (folder / "visits.csv").write_text(f"age,house,day,smokes\n{rows}\n")
    file = folder / "visits.yaml"
    file.write_text("experiment: visits\ndata: {source: visits.csv, target: smokes}\ntraining: {epochs: 1}\n")
    answer = inside(folder, "train", file, "--folds", "3", "--no-figures", *keys)
    assert 0 == answer.code, answer.err
    assert told in " ".join(answer.out.split())


def test_when_every_fold_diverged_it_fails_and_draws_what_there_is(folder, people):
    settings = ("optimizer={name: sgd, learning_rate: 1e30}", "experiment=wild")
    answer = inside(folder, "train", people.with_suffix(".yaml"), "--folds", "3", *settings)
    assert (1, "3 of 3 folds diverged in runs/wild: folds 1, 2, 3\n") == (answer.code, answer.err)
    assert ["folds.png"] == [path.name for path in (folder / "runs" / "wild").glob("*.png")]
    measured = inside(folder, "evaluate", "runs/wild")
    said = "runs/wild: all folds diverged, their weights are not finite\n"
    assert (2, said) == (measured.code, measured.err)


def test_without_test_rows_the_held_out_ones_are_named(folder, people):
    answer = inside(folder, "evaluate", "runs/people")
    assert (2, "") == (answer.code, answer.out)
    assert answer.err == (
        "runs/people: the run has no test rows; --part validation takes those that folds held out, or "
        "name a file with labelled rows\n"
    )


def test_a_source_is_read_once_for_all_folds(folder, people, monkeypatch):
    from nettrain.data import prepare

    calls, read = [], prepare.read_source
    monkeypatch.setattr(prepare, "read_source", lambda *a, **k: calls.append(a) or read(*a, **k))
    assert 0 == inside(folder, "evaluate", "runs/people/folds/1", "--part", "validation").code
    once = len(calls)
    assert 0 == inside(folder, "evaluate", "runs/people", "--part", "validation").code
    assert 2 * once == len(calls)


def test_rows_that_have_changed_are_noticed(folder, people):
    text = people.read_text()
    try:
        people.write_text(text + "30,no\n")
        for run in ("runs/people", "runs/people/folds/2"):
            answer = inside(folder, "evaluate", run, "--part", "validation")
            assert 3 == answer.code
            assert "people.csv has changed since runs/people/folds/" in answer.err
    finally:
        people.write_text(text)


def test_folds_worse_than_their_baselines_are_warned_of(folder):
    settings = ("experiment=worse", "optimizer.learning_rate=5", "training.early_stopping=null")
    answer = inside(folder, "train", IRIS, *settings, "training.epochs=2", "--folds", "3", "--no-figures")
    assert 0 == answer.code, answer.err
    whole = summary(folder / "runs" / "worse")
    assert {"train_loss", "val_loss", "test_loss"} & set(whole["baseline"]["worse"])
    for name in whole["baseline"]["worse"]:
        split, _, metric = name.partition("_")
        mean = statistics.mean(fold["metrics"][split][metric] for fold in whole["folds"])
        assert f"{split} {metric} {mean:#.4g} against" in " ".join(answer.out.split())


def test_errors_of_a_fold_have_the_place_of_their_key(folder):
    answer = inside(folder, "train", IRIS, "--folds", "3", "threshold=f1")
    assert (2, True) == (
        answer.code,
        answer.err.startswith(
            'override "threshold=f1": threshold: fold 1: f1 is for two classes and labels,'
        ),
    )


def test_the_page_has_a_column_of_repeats_where_there_are_some(folder, run):
    settings = ("--folds", "2x2", "experiment=twice", "training.epochs=2", "--no-figures")
    assert 0 == inside(folder, "train", IRIS, *settings).code
    for path, columns in ((run, ["fold"]), (folder / "runs" / "twice", ["fold", "repeat"])):
        answer = inside(folder, "report", path, "--out", "page.html")
        assert 0 == answer.code, answer.err
        page = (folder / "page.html").read_text(encoding="utf-8")
        table = page[page.index("Networks of this run") :].partition("<tbody")[0]
        headings = [text.strip() for text in re.sub(r"<[^>]*>", "\n", table).splitlines() if text.strip()]
        assert columns == [text for text in headings if text in ("fold", "repeat")]
