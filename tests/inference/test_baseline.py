"""The baseline against closed forms and NumPy: what constant predictions score."""

import numpy as np
import pytest

from nettrain.catalogue.losses import losses
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.metrics import Task, metrics_for
from nettrain.data.labelled import Rows
from nettrain.errors import StoredContentError
from nettrain.inference import baseline
from nettrain.inference.baseline import Baseline, fit_baseline, worse_than

RANDOM = np.random.default_rng(0)
WEIGHT = RANDOM.integers(0, 4, 60).astype(float)
EVEN = np.ones(60)


def rows(y, weight=EVEN):
    return Rows(np.zeros((len(y), 1)), np.asarray(y), weight[: len(y)])


def scored(loss, task, train, test, outputs):
    return fit_baseline(losses[loss](), task, train, outputs).metrics(losses[loss](), task, test)


@pytest.mark.parametrize("weight", [EVEN, WEIGHT])
@pytest.mark.parametrize("loss", ["cross_entropy", "kl_divergence", "focal", "binary_cross_entropy", "hinge"])
def test_classes_are_predicted_by_their_shares(loss, weight):
    y = RANDOM.permutation(np.repeat([0, 1, 2], [10, 30, 20])).astype(np.int32)
    task = Task("classes", ("y",), ("a", "b", "c"), probabilities=losses[loss].probabilities)
    shares = np.bincount(y, weight) / weight.sum()
    other = rows(np.array([0, 1, 1, 2], np.int32))
    figures = scored(loss, task, rows(y, weight), other, 3)
    assert pytest.approx(0.5) == figures["accuracy"]
    assert pytest.approx(1 / 3) == figures["balanced_accuracy"]
    p = shares[[0, 1, 1, 2]]
    expected = {
        "cross_entropy": -np.log(p).mean(),
        "kl_divergence": -np.log(p).mean(),
        "focal": (-((1 - p) ** 2) * np.log(p)).mean(),
        "binary_cross_entropy": (-np.log(p) - np.log(1 - shares).sum() + np.log(1 - p)).mean(),
    }
    assert pytest.approx(expected.get(loss)) == figures.get("loss")
    assert {*metrics_for(task)} == {*figures} - {"loss"}


@pytest.mark.parametrize("weight", [EVEN, WEIGHT])
def test_two_classes_have_the_entropy_of_their_shares_and_the_best_f1_of_a_constant(weight):
    y = np.repeat([0, 1], [45, 15]).astype(np.int32)
    task = Task("two classes", ("y",), ("no", "yes"))
    figures = scored("binary_cross_entropy", task, rows(y, weight), rows(y, weight), 1)
    p = float((weight * y).sum() / weight.sum())
    assert pytest.approx(-p * np.log(p) - (1 - p) * np.log(1 - p)) == figures["loss"]
    assert pytest.approx(1 - p) == figures["accuracy"]
    assert pytest.approx(2 * p / (1 + p)) == figures["f1"]  # of always saying yes
    assert 0.5 == figures["roc_auc"]


def test_labels_have_the_more_frequent_value_of_each():
    y = (RANDOM.random((60, 3)) < [0.2, 0.6, 0.9]).astype(float)
    task = Task("labels", ("a", "b", "c"))
    figures = scored("binary_cross_entropy", task, rows(y, WEIGHT), rows(y, WEIGHT), 3)
    p = np.average(y, axis=0, weights=WEIGHT)
    assert pytest.approx(np.maximum(p, 1 - p).mean()) == figures["accuracy"]
    assert pytest.approx(-(p * np.log(p) + (1 - p) * np.log(1 - p)).sum()) == figures["loss"]


@pytest.mark.parametrize("loss", ["mse", "mae", "mse_half"])
def test_numbers_have_their_mean_or_for_distances_their_median(loss):
    own = RANDOM.lognormal(size=(60, 2)) * [1, 100]
    task = Task("numbers", ("a", "b"), center=(1.0, 50.0), scale=(2.0, 30.0))
    y = (own - [1, 50]) / [2, 30]
    test = rows(y[:20], WEIGHT[:20])
    figures = scored(loss, task, rows(y, WEIGHT), test, 2)
    repeated = np.repeat(own, WEIGHT.astype(int), axis=0)
    mean, median = repeated.mean(axis=0), np.median(repeated, axis=0)
    true = np.repeat(own[:20], WEIGHT[:20].astype(int), axis=0)
    assert pytest.approx(np.sqrt(((true - mean) ** 2).mean(axis=0)).mean()) == figures["rmse"]
    assert pytest.approx(np.abs(true - median).mean()) == figures["mae"]
    scaled = (true - (median if loss == "mae" else mean)) / [2, 30]
    expected = {
        "mse": (scaled**2).mean(),
        "mae": np.abs(scaled).mean(),
        "mse_half": (scaled**2).sum() / 2 / len(true),
    }
    assert pytest.approx(expected[loss]) == figures["loss"]


def test_counts_have_their_mean():
    y = RANDOM.poisson(3.0, (60, 1)).astype(float)
    task = Task("numbers", ("a",), center=(0.0,), scale=(1.0,))
    figures = scored("poisson", task, rows(y), rows(y), 1)
    assert pytest.approx((y.mean() - y * np.log(y.mean())).mean()) == figures["loss"]
    assert pytest.approx(0.0) == figures["r2"]


def test_a_baseline_is_the_same_after_json():
    y = rows(np.array([0, 1, 1], np.int32), np.ones(3))
    task, loss = Task("two classes", ("y",), ("no", "yes")), losses["binary_cross_entropy"]()
    fitted = fit_baseline(loss, task, y, 1)
    again = Baseline.from_json(fitted.to_json(), task, 1)
    assert fitted.metrics(loss, task, y) == again.metrics(loss, task, y)
    assert 'always "yes", 66.7 % of the training rows' == again.description(task)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"predictions": {"mean": [1.0, 2.0], "median": [1.0]}},
            "predictions.mean: has 2 numbers, the run has 1",
        ),
        ({"predictions": {"mean": [1.0]}}, "predictions.median: missing"),
        ({"outputs": [1.0, 2.0]}, "outputs: has 2 numbers, the run has 1"),
        ({"chosen": {"rmse": "mode"}}, "chosen.rmse: is not a metric of the run, or of no prediction"),
        ({"chosen": {"rsme": "mean"}}, "chosen.rsme: is not a metric of the run, or of no prediction"),
    ],
)
def test_a_stored_baseline_of_another_task_is_refused(changes, said):
    task = Task("numbers", ("a",), center=(0.0,), scale=(1.0,))
    stored = fit_baseline(losses["mse"](), task, rows(RANDOM.normal(size=(60, 1))), 1).to_json()
    with pytest.raises(StoredContentError) as caught:
        Baseline.from_json({**stored, **changes}, task, 1)
    assert said == str(caught.value)


def test_among_many_rows_some_tell_which_constant_is_best(monkeypatch):
    y = RANDOM.lognormal(size=(60, 1))
    task, loss = Task("numbers", ("a",), center=(0.0,), scale=(1.0,)), losses["mse"]()
    everything = fit_baseline(loss, task, rows(y), 1)
    monkeypatch.setattr(baseline, "MANY", 20)
    some = fit_baseline(loss, task, rows(y), 1)
    assert everything.to_json() == some.to_json(), "whose figures come from all rows"
    weighty = np.where(np.isin(np.arange(60), np.linspace(0, 59, 20).astype(int)), 0.0, 1.0)
    assert {"rmse": "mean", "mae": "median"}.items() <= fit_baseline(
        loss, task, rows(y, weighty), 1
    ).chosen.items()


def test_worse_is_a_larger_loss_or_a_smaller_share():
    task = Task("two classes", ("y",), ("no", "yes"))
    base = {"loss": 0.6, "accuracy": 0.7, "f1": 0.5}
    assert ["loss", "accuracy"] == worse_than(base, {"loss": 0.7, "accuracy": 0.6, "f1": 0.1}, task)
    assert [] == worse_than(base, {"loss": 0.6, "accuracy": 0.7, "f1": 0.1}, task)
    assert [] == worse_than(base, {"loss": float("nan"), "accuracy": None}, task)


TRANSFORMING = [
    name
    for name, entry in losses.items()
    if entry.output_activation != "linear" and not issubclass(entry, DistributionalLoss)
]


@pytest.mark.parametrize("name", TRANSFORMING)
def test_outputs_give_the_predictions_that_they_are_for(name):
    loss = losses[name]()
    for p in (np.array([0.2, 0.3, 0.5]), np.array([0.3])):
        if len(p) > 1 or loss.output_activation != "softmax" or name == "focal":
            assert pytest.approx(p) == loss.predictions(np, loss.outputs_for(p))
