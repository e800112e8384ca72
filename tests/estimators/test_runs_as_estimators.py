"""Runs as estimators, and estimators as runs that the commands read."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from safetensors.numpy import load_file
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score

import nettrain
from nettrain import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
SIZE = RNG.normal(size=120).round(3)
KIND = RNG.choice(["apple", "pear", "fig"], 120)
GAP = np.where(RNG.random(120) < 0.2, None, RNG.choice(["small", "large"], 120))
TABLE = pl.DataFrame(
    {
        "id": range(120),
        "size": SIZE,
        "kind": KIND.tolist(),
        "gap": GAP.tolist(),
        "weight": RNG.uniform(0.5, 2, 120).round(3),
        "grade": np.where(SIZE > 0.3, "high", np.where(SIZE < -0.5, "low", "middle")),
        "level": np.where(SIZE > 0, 10, 9),
        "share": np.where(SIZE > 0, 2.0, 1.0),
        "coded": (SIZE > 0).astype(int),
        "price": 3 * SIZE + (KIND == "fig"),
        "tax": -SIZE,
        "ripe": (SIZE > 0).astype(int),
        "red": (KIND == "apple").astype(int),
    }
)
INPUTS = ["size", "kind", "gap"]
ROLES = {"weight": "weight", "ignore": ["id"]}
TARGETS = {
    "text": {"target": "grade"},
    "whole numbers": {"target": "level", "target_kind": "classes"},
    "numbers with a point": {"target": "share", "target_kind": "classes"},
    "renamed": {"target": "coded", "labels": {"0": "yes", "1": "no"}, "positive": "yes"},
    "numbers": {"target": "price"},
    "several numbers": {"target": ["price", "tax"]},
    "labels": {"target": ["ripe", "red"]},
}


def train(folder, data=None, training=None, **more):
    """A run in a folder on the table with some of its columns."""
    data = TARGETS["text"] if data is None else data
    names = data["target"] if isinstance(data["target"], list) else [data["target"]]
    folder.mkdir(exist_ok=True)
    TABLE.select("id", *INPUTS, "weight", *names).write_csv(folder / "table.csv")
    experiment = {
        "data": {"source": str(folder / "table.csv"), "columns": ROLES, **data},
        "model": {"hidden": [6]},
        "training": {"epochs": 4, "early_stopping": None, **(training or {})},
        **more,
    }
    run = nettrain.train(experiment)
    run.save(folder / "run")
    return nettrain.open_run(folder / "run")


def pandas_frame(rows):
    return pd.DataFrame(rows.to_dict(as_series=False))


@pytest.mark.parametrize("target", TARGETS)
def test_an_estimator_predicts_what_its_run_predicts(tmp_path, target):
    run = train(tmp_path, TARGETS[target], seed=3)
    estimator = run.to_sklearn()
    rows = TABLE.select(INPUTS)
    assert (INPUTS, 3) == (list(estimator.feature_names_in_), estimator.n_features_in_)
    for one in (estimator, pickle.loads(pickle.dumps(estimator))):
        assert run.predict(rows).dtype == one.predict(rows).dtype
        np.testing.assert_array_equal(run.predict(rows), one.predict(rows))
        np.testing.assert_array_equal(run.predict(rows), one.predict(pandas_frame(rows)))
    if isinstance(estimator, MLPClassifier):
        probabilities = estimator.predict_proba(rows)
        expected = run.predict_proba(rows)
        if target != "labels":
            order = [[*map(str, estimator.classes_)].index(name) for name in run.classes]
            assert sorted(estimator.classes_) == list(estimator.classes_)
            probabilities = probabilities[:, order]
        np.testing.assert_array_equal(expected, probabilities)
    assert (run.epochs, run.best_epoch) == (estimator.n_iter_, estimator.best_epoch_)
    assert run.history.equals(estimator.history_)
    truth = TABLE.select(TARGETS[target]["target"]).to_numpy().squeeze()
    if target == "renamed":
        truth = np.where(truth == 0, "yes", "no")
    before = estimator.score(rows, truth)
    for _ in range(25):
        estimator.partial_fit(rows, truth, TABLE["weight"].to_numpy())
    assert estimator.score(rows, truth) > before
    assert 29 == estimator.n_iter_


@pytest.mark.parametrize(
    "training",
    [
        {"ensemble": 3, "diagnostics": True},
        {"repeat": 2},
        {"evaluate_every": 2, "history": "step"},
        {"evaluate_every": 0.5, "history": "step", "ensemble": 2},
        {"snapshots": 2},
    ],
    ids=", ".join,
)
def test_a_saved_estimator_has_the_files_of_its_run(tmp_path, training):
    run = train(tmp_path, training=training)
    estimator = run.to_sklearn()
    rows = TABLE.select(INPUTS)
    np.testing.assert_array_equal(run.predict(rows), estimator.predict(rows))
    pickle.loads(pickle.dumps(estimator)).save(tmp_path / "copy")
    files = {path.name for path in (tmp_path / "run").iterdir() if path.suffix != ".png"}
    assert files == {path.name for path in (tmp_path / "copy").iterdir()}
    for name in files:
        before, after = tmp_path / "run" / name, tmp_path / "copy" / name
        if name == "checkpoint.safetensors":
            old, new = load_file(before), load_file(after)
            assert old.keys() == new.keys()
            assert all(np.array_equal(old[key], new[key], equal_nan=True) for key in old)
        else:
            assert before.read_text("latin-1") == after.read_text("latin-1"), name


def test_a_clone_trains_like_its_run(tmp_path):
    """To the bit where all rows train; roles of columns that are no inputs are arguments of fit."""
    for target in ("text", "several numbers"):
        folder = tmp_path / target
        folder.mkdir()
        run = train(folder, {**TARGETS[target], "validation": 0, "test": 0}, {"ensemble": 2}, seed=8)
        again = clone(run.to_sklearn())
        assert 8 == again.random_state
        again.fit(
            TABLE.select(INPUTS), TABLE.select(TARGETS[target]["target"]).to_numpy(), TABLE["weight"]
        ) if target != "text" else again.fit(TABLE.select(INPUTS), TABLE["grade"], TABLE["weight"])
        np.testing.assert_array_equal(run.trained.parameters, again._network.trained.parameters)


def test_a_warm_start_trains_as_long_as_the_run(tmp_path):
    estimator = train(tmp_path).to_sklearn().set_params(warm_start=True)
    rows, grades = TABLE.select(INPUTS), TABLE["grade"].to_numpy()
    assert [8, 12] == [estimator.fit(rows, grades).n_iter_ for _ in range(2)]
    assert (
        5
        == train(tmp_path / "again")
        .to_sklearn()
        .set_params(warm_start=True, max_iter=1)
        .fit(rows, grades)
        .n_iter_
    )


def test_a_run_in_memory_is_an_estimator():
    run = nettrain.train({"data": {"source": "builtin:iris"}, "training": {"epochs": 3}})
    x = load_iris().data
    estimator = run.to_sklearn()
    np.testing.assert_array_equal(run.predict_proba(x), estimator.predict_proba(x))
    labels = np.array(run.classes)[load_iris().target]
    assert len(cross_val_score(estimator, x, labels, cv=3)) == 3
    assert (FrozenEstimator(estimator).predict(x) == estimator.predict(x)).all()


def test_a_file_without_names_has_inputs_by_position(tmp_path):
    rows = np.column_stack([SIZE, RNG.normal(size=120), SIZE > 0])
    np.savetxt(tmp_path / "plain.csv", rows, delimiter=",", fmt="%.4g")
    run = nettrain.train({"data": {"source": str(tmp_path / "plain.csv")}, "training": {"epochs": 3}})
    estimator = run.to_sklearn()
    assert not hasattr(estimator, "feature_names_in_")
    np.testing.assert_array_equal(run.predict(rows[:, :2]), estimator.predict(rows[:, :2]))


def test_classes_have_the_names_of_y_whatever_labels_the_config_gives(tmp_path):
    labels = {"labels": {"0": "none", "1": "some"}, "positive": "none", "class_weights": {"some": 3}}
    y = TABLE["coded"].to_numpy()
    estimator = MLPClassifier(max_iter=60, random_state=0, config={"data": labels})
    estimator.fit(TABLE.select(INPUTS), y)
    assert [0, 1] == list(estimator.classes_)
    assert estimator.score(TABLE.select(INPUTS), y) > 0.9
    assert {"1": 3} == {str(k): v for k, v in estimator._network.experiment.data.class_weights.items()}


def test_the_wrong_estimator_says_which_is_right(tmp_path):
    with pytest.raises(ValueError, match=r"predicts classes: MLPClassifier\.from_run"):
        MLPRegressor.from_run(train(tmp_path))
    with pytest.raises(ValueError, match=r"predicts numbers: MLPRegressor\.from_run"):
        MLPClassifier.from_run(
            nettrain.train({"data": {"source": "synthetic:sine"}, "training": {"epochs": 1}})
        )


def test_a_run_without_a_checkpoint_predicts_but_does_not_go_on(tmp_path):
    run = train(tmp_path)
    (run.folder / "checkpoint.safetensors").unlink()
    estimator = run.to_sklearn()
    assert (120,) == estimator.predict(TABLE.select(INPUTS)).shape
    with pytest.raises(ValueError, match="has no checkpoint, without which training cannot go on"):
        estimator.partial_fit(TABLE.select(INPUTS), TABLE["grade"])
    again = pickle.loads(pickle.dumps(estimator))
    assert (again.predict(TABLE.select(INPUTS)) == estimator.predict(TABLE.select(INPUTS))).all()


def test_what_a_config_says_of_other_columns_and_of_a_file_is_left_out(tmp_path):
    """An order by a column that is no input, and validation rows in a file of their own."""
    held_out = tmp_path / "held_out.csv"
    TABLE.write_csv(held_out)
    data = {**TARGETS["text"], "columns": {"ignore": [*ROLES["ignore"], "weight"]}, "order": {"by": "id"}}
    run = train(tmp_path, {**data, "validation": str(held_out), "test": 0})
    kept = run.to_sklearn().config["data"]
    assert not {"order", "validation", "test"} & {*kept}
    assert (
        3 == clone(run.to_sklearn()).set_params(max_iter=3).fit(TABLE.select(INPUTS), TABLE["grade"]).n_iter_
    )


# ----- through the real command -----


def command(folder, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "nettrain", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100", "NO_COLOR": "1"},
    )  # fmt: skip
    assert code == done.returncode, done.stdout + done.stderr
    return done.stdout if not code else done.stderr


def saved(folder, name):
    """An estimator of a column in a folder, its rows, and their targets."""
    frame, y = pandas_frame(TABLE.select(INPUTS)), pd.Series(TABLE[name].to_numpy(), name=name)
    estimator = (MLPClassifier if name == "grade" else MLPRegressor)(max_iter=5, random_state=0, tol=0.0)
    estimator.fit(frame, y).save(folder / "est")
    frame.assign(**{name: y}).to_csv(folder / "rows.csv", index=False)
    return estimator, frame, y


@pytest.mark.parametrize(("name", "figure"), [("grade", "accuracy"), ("price", "r2")])
def test_evaluate_scores_a_saved_estimator_alike(tmp_path, name, figure):
    estimator, frame, y = saved(tmp_path, name)
    report = json.loads(command(tmp_path, "evaluate", "est", "rows.csv", "--json"))
    assert estimator.score(frame, y) == pytest.approx(report["metrics"][figure], abs=1e-9)
    predicted = json.loads(command(tmp_path, "predict", "est", "rows.csv", "--json"))
    assert estimator.predict(frame).tolist() == [row[0] for row in predicted["predictions"]]


def test_resume_continues_a_saved_estimator(tmp_path):
    """With its rows in a file or passed again, and back, all to the bit."""
    estimator, frame, y = saved(tmp_path, "grade")
    longer = [clone(estimator).set_params(max_iter=epochs).fit(frame, y) for epochs in (7, 9)]
    message = command(tmp_path, "resume", "est", "training.epochs=7", code=3)
    assert "memory:train stands for a table that was passed from Python" in message
    assert "or say where they lie: data.source=…" in message
    run = nettrain.resume(tmp_path / "est", "training.epochs=7", data=(frame, y))
    np.testing.assert_array_equal(longer[0].predict_proba(frame), run.to_sklearn().predict_proba(frame))
    command(tmp_path, "resume", "est", "data.source=rows.csv", "training.epochs=9", "--no-figures")
    back = nettrain.open_run(tmp_path / "est").to_sklearn()
    np.testing.assert_array_equal(longer[1].predict_proba(frame), back.predict_proba(frame))
    assert 10 == back.partial_fit(frame, y).n_iter_
