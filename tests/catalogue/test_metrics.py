"""Every metric against scikit-learn's figures in tests/golden/metrics.json, in chunks of any size."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.metrics import Task, metrics, metrics_for
from nettrain.catalogue.metrics.classes import f1_scores, precisions, recalls
from nettrain.catalogue.metrics.ranking import RankingStatistic, f1_at
from nettrain.inference.metrics import compute_metrics
from tests.catalogue.oracles import assert_oracles

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "metrics.json").read_text())["cases"]
CASES = {f"{case['targets']}: {case['name']}": case for case in GOLDEN}
SUPPORT = ("confusion", "precisions", "recalls", "f1_scores", "threshold", "threshold_f1")


def task_of(case):
    prediction = np.array(case["prediction"])
    width = prediction.shape[1]
    if case["targets"] in ("classes", "two classes"):
        return Task(case["targets"], ("y",), tuple("abcdefghijklm"[:width]))
    return Task(case["targets"], tuple(f"y{k}" for k in range(width)))


def measured(case, size=1000, weight=None):
    """The case measured in chunks of `size` rows."""
    y, prediction = np.array(case["y"]), np.array(case["prediction"])
    weight = case["weight"] if weight is None else weight
    weight = np.ones(len(y)) if weight is None else np.array(weight)
    chunks = ((slice(k, k + size), prediction[k : k + size]) for k in range(0, len(y), size))
    return compute_metrics(chunks, y, weight, task_of(case))


def near(expected):
    """To 1e-12, undefined where it is undefined."""
    return pytest.approx(math.nan if expected is None else expected, rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("name", CASES)
def test_every_metric_is_scikit_learns(name, size):
    case = CASES[name]
    result = measured(case, size)
    for target, expected in zip(result.targets, case["expected"], strict=True):
        values = result.targets[target]
        assert set(values) == set(expected) - set(SUPPORT)
        for metric, value in values.items():
            assert near(expected[metric]) == value, metric


@pytest.mark.parametrize("name", CASES)
def test_several_targets_have_the_mean_of_those_that_define_it(name):
    case = CASES[name]
    for metric, value in measured(case).scalars.items():
        defined = [one[metric] for one in case["expected"] if one[metric] is not None]
        assert near(sum(defined) / len(defined) if defined else None) == value


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["targets"] != "numbers"])
def test_confusion_and_classes_are_scikit_learns(name):
    result = measured(CASES[name], 7)
    for target, expected in zip(result.targets, CASES[name]["expected"], strict=True):
        matrix = result.confusion[target]
        assert expected["confusion"] == matrix.tolist()
        for key, function in {"precisions": precisions, "recalls": recalls, "f1_scores": f1_scores}.items():
            assert near(expected[key]) == function(result.confusions[target].totals()).tolist()
        rows = result.classes(task_of(CASES[name]))[target]
        assert near(expected["f1_scores"]) == [row.f1 for row in rows]
        assert [sum(line) for line in expected["confusion"]] == [row.rows for row in rows]


@pytest.mark.parametrize(
    "name", [n for n, case in CASES.items() if case["targets"] in ("two classes", "labels")]
)
def test_the_best_threshold_is_scikit_learns(name):
    result = measured(CASES[name], 7)
    thresholds = result.best_f1_by_target()
    for target, expected in zip(result.targets, CASES[name]["expected"], strict=True):
        if expected["threshold"] is None:
            assert target not in thresholds
            continue
        scores, at = np.concatenate(result.rankings[target].chunks, axis=1)[0], thresholds[target].threshold
        below = scores[scores < expected["threshold"]]
        # halfway to the next prediction, which is not called positive
        assert (expected["threshold"] + below.max()) / 2 == at if len(below) else expected["threshold"] == at
        assert near(expected["threshold_f1"]) == thresholds[target].f1
        assert near(expected["threshold_f1"]) == f1_at(result.rankings[target], thresholds[target].threshold)
        assert near(expected["f1"]) == f1_at(result.rankings[target], 0.5 + 1e-9)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["weight"] is not None])
def test_a_weight_of_n_eighths_is_n_rows(name):
    case = CASES[name]
    times = (8 * np.array(case["weight"])).astype(int)
    many = {
        **case,
        **{key: np.repeat(case[key], times, axis=0) for key in ("y", "prediction")},
        "weight": None,
    }
    expected = measured(many).scalars
    assert {metric: near(value) for metric, value in expected.items()} == measured(case).scalars


def test_every_metric_has_an_oracle():
    assert_oracles(metrics, {metric for case in GOLDEN for metric in case["expected"][0]} - set(SUPPORT))


def predictions_of_classes(outcomes):
    """Classes, confident right predictions, and confident predictions of another class."""
    y = np.arange(40) % outcomes
    good = np.full((40, outcomes), 0.1 / (outcomes - 1))
    good[np.arange(40), y] = 0.9
    bad = np.roll(good, outcomes // 2, axis=1)
    bad[np.arange(40), y] = 0.0  # the right class is not among the first five either
    return y, good, bad


NUMBERS = np.arange(40.0)[:, None]
PREDICTIONS = {
    "classes": (Task("classes", ("y",), tuple("abcdefghij")), *predictions_of_classes(10)),
    "two classes": (Task("two classes", ("y",), ("a", "b")), *predictions_of_classes(2)),
    "numbers": (Task("numbers", ("y",)), NUMBERS, NUMBERS + 0.1, NUMBERS + 3),
}


@pytest.mark.parametrize("name", metrics)
def test_the_goal_is_the_right_way_round(name):
    task, y, *predictions = PREDICTIONS[metrics[name].fits[0]]
    better, worse = (
        compute_metrics([(slice(0, len(y)), prediction)], y, np.ones(len(y)), task).scalars[name]
        for prediction in predictions
    )
    assert (better > worse) == (metrics[name].goal == "maximize")
    assert better != worse


def test_scores_have_no_metrics_of_probabilities():
    probabilities, scores = (
        metrics_for(Task("two classes", ("y",), ("a", "b"), probabilities=known)) for known in (True, False)
    )
    assert {"log_loss", "calibration_error"} == set(probabilities) - set(scores)
    assert {"roc_auc", "f1", "accuracy"} <= set(scores)


@pytest.mark.parametrize(("classes", "there"), [(9, False), (10, True)])
def test_the_top_five_are_told_of_ten_classes_or_more(classes, there):
    names = metrics_for(Task("classes", ("y",), tuple("abcdefghij"[:classes])))
    assert there == ("top_5_accuracy" in names)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_responses_that_are_no_numbers_give_none(value):
    case = {**CASES["two classes: two classes"]}
    case["prediction"] = [[value, 0.5], *case["prediction"][1:]]
    result = measured(case)
    assert all(math.isnan(scalar) for scalar in result.scalars.values())
    assert ({}, {}, len(case["y"])) == (result.confusion, result.best_f1_by_target(), result.rows)


@pytest.mark.parametrize("name", [name for name, entry in metrics.items() if entry.quick])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_row_that_is_not_finite_has_no_quick_figure(name, value):
    labels, flags = np.array([[0, 2, 1]]), np.array([[[0.0], [1.0], [0.0]]])
    forms = {"classes": (labels, 3), "two classes": (flags, 1), "labels": (flags, 1), "numbers": (flags, 1)}
    for fit in metrics[name].fits:
        target, width = forms[fit]
        output = np.arange(3.0 * width).reshape(1, 3, width)
        output[0, 1, 0] = value
        rows = metrics[name].rows(np, output, target, np.ones(1)).reshape(1, 3)
        assert [True, False, True] == np.isfinite(rows[0]).tolist(), fit


def test_the_calibration_error_by_hand():
    """Bins (0.6, 2/3] and (14/15, 1]: 2 rows of 0.625, one right, and 2 of 1.0, one right."""
    prediction = np.array([[0.625, 0.375], [0.625, 0.375], [0.0, 1.0], [0.0, 1.0]])
    y = np.array([0, 1, 1, 0])
    result = compute_metrics(
        [(slice(0, 4), prediction)], y, np.ones(4), Task("two classes", ("y",), ("a", "b"))
    )
    assert (2 * 0.125 + 2 * 0.5) / 4 == result.scalars["calibration_error"]


@pytest.mark.parametrize("y", [0.1, 7e11 / 3, -1e-9])
@pytest.mark.parametrize("off", [0.0, 0.25])
def test_r2_of_a_constant_target_is_0_or_1_in_spite_of_rounding(y, off):
    true = np.full((50, 1), y)
    true[::3] = np.nextafter(y, np.inf)  # as when a number is scaled and scaled back
    prediction = np.full((50, 1), y * (1 + off))
    result = compute_metrics([(slice(None), prediction)], true, np.full(50, 1 / 3), Task("numbers", ("y",)))
    assert float(off == 0) == result.scalars["r2"]


@pytest.mark.parametrize(("center", "step"), [(1e9, 2**-10), (1e15, 0.25), (1e15, 0.5), (-1e150, 1e136)])
def test_r2_of_large_numbers_that_hardly_differ_is_not_that_of_a_constant(center, step):
    true = center + step * np.arange(6.0)[:, None]
    result = compute_metrics([(slice(None), true[::-1])], true, np.ones(6), Task("numbers", ("y",)))
    assert pytest.approx(-3.0) == result.scalars["r2"]


def test_the_roc_area_counts_pairs():
    rng = np.random.default_rng(5)
    score, y, weight = rng.integers(0, 6, 40) / 8, rng.integers(0, 2, 40), rng.integers(1, 5, 40)
    pairs = [
        (wp * wn, 1.0 if p > n else 0.5 if p == n else 0.0)
        for p, wp in zip(score[y == 1], weight[y == 1], strict=True)
        for n, wn in zip(score[y == 0], weight[y == 0], strict=True)
    ]
    ranking = RankingStatistic(2)
    ranking.add(y, np.column_stack([1 - score, score]), weight.astype(float))
    expected = sum(w * share for w, share in pairs) / sum(w for w, _ in pairs)
    assert pytest.approx(expected, rel=1e-14) == metrics["roc_auc"].value(ranking)
