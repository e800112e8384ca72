"""The summary of a cross-validated run, and its table, from summaries of folds drawn up by hand."""

import csv
import math

import pytest

import nettrain
from nettrain.experiment.document import Document
from nettrain.experiment.load import validate
from nettrain.store.fold_summary import EndedFold, folds_csv, mean_baseline, summarise_folds

TIMING = {
    "total_seconds": 2.0,
    "train_seconds": 1.0,
    "steps": 30,
    "microseconds_per_step": 1.0,
    "samples_per_second": 5.0,
}
EXPERIMENT = validate(Document({"experiment": "folded", "data": {"source": "builtin:iris"}}))


def ended(number, accuracy, constant=0.25, *, status="finished", epochs=5, **changes):
    """A fold with these validation accuracies, of the network and of constant predictions."""
    baseline = {
        "prediction": "always a",
        "metrics": {"val": {"accuracy": constant}},
        "worse": ["val_accuracy"] if accuracy < constant else [],
        "constants": {"predictions": {}, "chosen": {}, "outputs": None},
    }
    summary = {
        "experiment": "folded",
        "status": status,
        "stop_reason": "epochs" if status == "finished" else status,
        "epochs_run": epochs,
        "unfinished_steps": 0,
        "best_epoch": 3,
        "restored_best": True,
        "monitor": "val_loss",
        "metrics": {"train": {"loss": 0.5}, "val": {"loss": 1 - accuracy, "accuracy": accuracy}},
        "parameters": 10 + number,
        "output_activation": "softmax",
        "timing": TIMING,
        "environment": {},
        "seed": 7,
        "baseline": baseline,
        **changes,
    }
    return EndedFold(number, 1 + (number - 1) // 2, {"train": 8, "val": 4}, summary)


def summary_of(folds, **arguments):
    return summarise_folds(EXPERIMENT, folds, {"accuracy": 0.6}, arguments.get("test"), TIMING)


def test_means_and_deviations_are_over_the_folds():
    whole = summary_of([ended(1, 0.5), ended(2, 0.75, epochs=9), ended(3, 1.0)], test={"accuracy": 0.9})
    assert {"loss": 0.25, "accuracy": 0.75} == whole["metrics"]["val"] == whole["mean"]["val"]
    assert math.sqrt(0.125 / 2) == pytest.approx(whole["sd"]["val"]["accuracy"])  # of ±0.25 and 0
    assert 0.0 == whole["sd"]["train"]["loss"]
    assert {"accuracy": 0.9} == whole["metrics"]["test"]
    assert {"accuracy": 0.6} == whole["out_of_fold"]
    assert (9, 13, "epochs", 3) == tuple(
        whole[key] for key in ("epochs_run", "parameters", "stop_reason", "best_epoch")
    )
    assert [1, 2, 3] == [one["fold"] for one in whole["folds"]]
    assert [1, 1, 2] == [one["repeat"] for one in whole["folds"]]


def test_folds_that_diverged_are_left_out_of_means():
    whole = summary_of([ended(1, 0.5), ended(2, math.nan, status="diverged"), ended(3, 1.0)])
    assert ("diverged", "various") == (whole["status"], whole["stop_reason"])
    assert 0.75 == whole["mean"]["val"]["accuracy"]
    assert math.isnan(summary_of([ended(1, math.nan, status="diverged")])["mean"]["val"]["accuracy"])


def test_a_figure_that_one_fold_does_not_define_has_no_mean():
    undefined = {"val": {"loss": 0.5, "accuracy": None}, "train": {"loss": 0.5}}
    whole = summary_of([ended(1, 0.5), ended(2, 0.5, metrics=undefined)])
    assert math.isnan(whole["mean"]["val"]["accuracy"])
    assert 0.5 == whole["mean"]["val"]["loss"]


def test_the_baseline_is_the_mean_of_those_of_the_folds():
    folds = [ended(1, 0.5, 0.25), ended(2, 0.1, 0.5), ended(3, 0.2, 0.75)]
    baseline = summary_of(folds)["baseline"]
    assert 0.5 == baseline["metrics"]["val"]["accuracy"]
    assert ["val_accuracy"] == baseline["worse"]  # in two of three folds
    assert "always a" == baseline["prediction"]
    assert [] == mean_baseline([one.summary for one in folds[:2]])["worse"]
    without = ended(1, 0.5)
    del without.summary["baseline"]
    assert "baseline" not in summary_of([without, ended(2, 0.5)])


def test_the_table_has_a_row_for_each_fold():
    summary = summary_of([ended(1, 0.5), ended(2, math.nan, status="diverged")])
    rows = list(csv.DictReader(folds_csv(summary["folds"]).splitlines()))
    assert {
        "fold": "1",
        "repeat": "1",
        "status": "finished",
        "stop_reason": "epochs",
        "epochs_run": "5",
        "best_epoch": "3",
        "train_rows": "8",
        "val_rows": "4",
        "train_loss": "0.5",
        "val_loss": "0.5",
        "val_accuracy": "0.5",
    } == rows[0]
    assert ("diverged", "") == (rows[1]["status"], rows[1]["val_accuracy"])


def test_where_convergence_is_looked_for_rises_of_the_objective_are_counted():
    """A step of this length overshoots every time."""
    spec = {
        "data": {"source": "synthetic:sine", "validation": 0, "folds": 2},
        "model": {"hidden": []},
        "optimizer": {"name": "sgd", "learning_rate": 1.05},
        "training": {"epochs": 6, "batch_size": "full", "convergence": {"tolerance": 1e-9}},
    }
    folds = nettrain.train(spec).summary["folds"]
    alone = nettrain.train({**spec, "data": {"source": "synthetic:sine", "validation": 0}}).summary
    for one in (alone, *folds):
        assert 5 == one["objective_rises"]
    assert "objective_rises" not in nettrain.train({**spec, "training": {"epochs": 1}}).summary["folds"][0]
