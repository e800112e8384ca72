"""Reliability, threshold curves and residuals against figures worked out by hand, and against the metrics."""

from types import SimpleNamespace

import numpy as np
import pytest

from nettrain.catalogue.metrics import Task
from nettrain.catalogue.metrics.ranking import RankingStatistic
from nettrain.data.labelled import Rows
from nettrain.inference.metrics import compute_metrics
from nettrain.inference.reliability import calibration_error, overconfidence, reliability
from nettrain.inference.residuals import residuals_of, summarise_residuals
from nettrain.inference.threshold_curve import thinned, threshold_curve

TWO = Task("two classes", ("y",), ("no", "yes"))


def labelled(y, values, weight=None):
    """Predictions for rows as `predict_labelled` gives them."""
    y, values = np.asarray(y), np.asarray(values, float)
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    rows = Rows(np.zeros((len(y), 1)), y, weight)
    return SimpleNamespace(rows=rows, y=y, values=values)


def of_positive(p):
    return np.column_stack([1 - np.asarray(p), p])


def test_bins_hold_the_share_that_is_right():
    # top probabilities 0.9, 0.92, 0.55, 0.58 of which the classes yes, no, yes, no are predicted
    bins = reliability(labelled([1, 1, 1, 0], of_positive([0.9, 0.08, 0.55, 0.42])), TWO)
    assert [(2.0, 0.565, 1.0), (2.0, 0.91, 0.5)] == [
        (one.rows, pytest.approx(one.predicted), one.right) for one in bins
    ]
    assert (8 / 15, 9 / 15) == (pytest.approx(bins[0].low), pytest.approx(bins[0].high))
    assert pytest.approx((2 * 0.435 + 2 * 0.41) / 4) == calibration_error(bins)
    assert pytest.approx((2 * -0.435 + 2 * 0.41) / 4) == overconfidence(bins)


@pytest.mark.parametrize("classes", [2, 5])
def test_the_bins_have_the_calibration_error_of_the_metric(classes):
    generator = np.random.default_rng(0)
    p = generator.dirichlet(np.ones(classes), 400)
    y, weight = generator.integers(0, classes, 400), generator.uniform(0, 2, 400)
    names = tuple(map(str, range(classes)))
    task = Task("two classes" if classes == 2 else "classes", ("y",), names)
    bins = reliability(labelled(y, p, weight), task)
    metric = compute_metrics([(slice(None), p)], y, weight, task, ["calibration_error"])
    assert pytest.approx(metric.scalars["calibration_error"]) == calibration_error(bins)


def test_labels_share_their_bins_and_scores_have_none():
    task = Task("labels", ("a", "b"))
    bins = reliability(labelled([[1, 0], [1, 1]], [[0.9, 0.1], [0.9, 0.1]]), task)
    assert [(4.0, 0.75)] == [(one.rows, one.right) for one in bins]
    scores = Task("two classes", ("y",), ("no", "yes"), probabilities=False)
    assert [] == reliability(labelled([0, 1], [[2, -2], [1, -1]]), scores)
    assert [] == reliability(labelled([0, 1], [[0.5, 0.5], [np.nan, 1]]), TWO)


def ranked(y, p, weight=None):
    statistic = RankingStatistic(2)
    statistic.add(np.asarray(y), of_positive(p), np.ones(len(y)) if weight is None else np.asarray(weight))
    return statistic


def test_a_threshold_curve_by_hand():
    curve = threshold_curve(ranked([1, 0, 1, 1, 0], [0.9, 0.8, 0.8, 0.4, 0.1]))
    assert [0.9, 0.8, 0.4, 0.1] == curve.thresholds.tolist()
    assert [1 / 3, 2 / 3, 1, 1] == pytest.approx(curve.recall.tolist())
    assert [0, 1 / 2, 1 / 2, 1] == pytest.approx(curve.false_positives.tolist())
    assert [1, 2 / 3, 3 / 4, 3 / 5] == pytest.approx(curve.precision.tolist())
    assert 0.6 == curve.positives
    half = curve.at(0.5)
    assert (2 / 3, 2 / 3, 2 / 3) == pytest.approx((half.recall, half.precision, half.f1))
    assert (0.0, None, 0.0) == (curve.at(0.95).recall, curve.at(0.95).precision, curve.at(0.95).f1)


def test_the_area_under_the_curve_is_the_metric():
    generator = np.random.default_rng(1)
    y, p = generator.integers(0, 2, 3000), generator.uniform(0, 1, 3000).round(3)
    curve = threshold_curve(ranked(y, p))
    area = np.trapezoid([0, *curve.recall], [0, *curve.false_positives])
    metric = compute_metrics([(slice(None), of_positive(p))], y, np.ones(3000), TWO, ["roc_auc"])
    assert pytest.approx(metric.scalars["roc_auc"]) == area
    few = thinned(curve, 50)
    assert 50 == len(few.thresholds)
    assert (curve.thresholds[0], curve.thresholds[-1]) == (few.thresholds[0], few.thresholds[-1])


def test_one_class_alone_has_no_curve():
    assert threshold_curve(ranked([1, 1], [0.2, 0.3])) is None


def test_residuals_by_hand_leave_out_what_does_not_count():
    task = Task("numbers", ("a",))
    y, values = [[0.0], [0.0], [0.0], [0.0], [9.0]], [[1.0], [-3.0], [2.0], [np.nan], [0.0]]
    predictions = labelled(y, values, [1, 1, 1, 1, 0])
    assert [[1.0], [-3.0], [2.0]] == residuals_of(predictions).tolist()
    (one,) = summarise_residuals(predictions, task)
    assert ("a", 0.0, 2.0, 3.0) == (one.target, one.bias, one.half, one.largest)
    assert pytest.approx(2.8) == one.ninety
    assert pytest.approx(3.6) == one.spread  # of 0, 0, 0, 0, 9
    assert [] == summarise_residuals(labelled([0], [[0.5, 0.5]]), TWO)
    assert [] == summarise_residuals(labelled([[1.0]], [[np.inf]]), task)
