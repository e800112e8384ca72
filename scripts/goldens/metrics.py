"""scikit-learn's metrics of small sets of predictions: weights, ties, and cases that hardly define them.

Probabilities and weights are multiples of 1/64 and 1/8, so that JSON holds them exactly and many are equal.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

BINS = 15


def write(folder: Path) -> None:
    """Write metrics.json."""
    warnings.simplefilter("ignore")  # of figures that are not defined
    cases = [with_expected(case) for case in (*classes(), *two_classes(), *labels(), *numbers())]
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{"scikit-learn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n'
    (folder / "metrics.json").write_text(text)


def chances(rng: np.random.Generator, rows: int, outcomes: int, sure: float = 1.0) -> np.ndarray:
    """Probabilities (rows, outcomes) in 64ths."""
    p = rng.dirichlet(np.full(outcomes, 1 / sure), rows)
    return np.stack([rng.multinomial(64, row) for row in p]) / 64


def weights(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Weights in eighths, some of them 0."""
    return rng.integers(0, 20, rows) / 8


def leaning(rng: np.random.Generator, prediction: np.ndarray) -> np.ndarray:
    """Classes (N,) drawn from their probabilities, half of them."""
    drawn = (prediction.cumsum(axis=1) > rng.random((len(prediction), 1))).argmax(axis=1)
    return np.where(
        rng.random(len(prediction)) < 0.5, drawn, rng.integers(0, prediction.shape[1], len(prediction))
    )


def classes() -> list[dict]:
    """Ties, weights, absent classes, sure mistakes."""
    rng = np.random.default_rng(1)
    few, many = chances(rng, 60, 3, 2.0), chances(rng, 80, 11)
    y, of_many = leaning(rng, few), leaning(rng, many)
    constant, sure = np.tile([0.5, 0.25, 0.25], (20, 1)), np.eye(3)[rng.integers(0, 3, 24)]
    equal = np.full((12, 4), 0.25)
    return [
        case("three classes", "classes", y, few),
        case("three classes, weighted", "classes", y, few, weights(rng, 60)),
        case("eleven classes", "classes", of_many, many),
        case("eleven classes, weighted", "classes", of_many, many, weights(rng, 80)),
        case("a class is absent", "classes", np.minimum(y, 1), few),
        case("one class alone", "classes", np.full(60, 2), few),
        case("a constant prediction", "classes", y[:20], constant),
        case("all predictions equal", "classes", np.arange(12) % 4, equal),
        case("quite sure, half wrong", "classes", rng.integers(0, 3, 24), sure),
        case("perfect", "classes", sure.argmax(axis=1), sure),
        case("one row", "classes", np.array([1]), few[:1]),
    ]


def two_classes() -> list[dict]:
    """Ties, weights, and rows of one class alone."""
    rng = np.random.default_rng(2)
    p = chances(rng, 70, 2)
    y = leaning(rng, p)
    rare = (rng.random(70) < 0.1).astype(int)
    half = np.full((9, 2), 0.5)
    return [
        case("two classes", "two classes", y, p),
        case("two classes, weighted", "two classes", y, p, weights(rng, 70)),
        case("few positives", "two classes", rare, p, weights(rng, 70)),
        case("no positives", "two classes", np.zeros(70, int), p),
        case("positives alone", "two classes", np.ones(70, int), p),
        case("all even", "two classes", np.arange(9) % 2, half),
        case("ranked to perfection", "two classes", (p[:, 1] > 0.7).astype(int), p),
        case("ranked the wrong way round", "two classes", (p[:, 1] < 0.3).astype(int), p),
    ]


def labels() -> list[dict]:
    """Several labels, also one that never changes."""
    rng = np.random.default_rng(3)
    p = np.stack([chances(rng, 50, 2)[:, 1] for _ in range(3)], axis=1)
    y = (p + rng.normal(0, 0.4, p.shape) > 0.5).astype(int)
    dull = y.copy()
    dull[:, 1] = 1
    return [
        case("three labels", "labels", y, p),
        case("three labels, weighted", "labels", y, p, weights(rng, 50)),
        case("a label that is always there", "labels", dull, p),
    ]


def numbers() -> list[dict]:
    """Weights, several targets, large and constant ones."""
    rng = np.random.default_rng(4)
    y = rng.normal(20, 5, (51, 1)).round(2)
    near = (y + rng.normal(0, 2, y.shape)).round(2)
    two = np.column_stack([y, 1e6 + rng.normal(0, 1, 51).round(3)])
    near_two = (two + rng.normal(0, 1, two.shape)).round(3)
    w = weights(rng, 51)
    return [
        case("numbers", "numbers", y, near),
        case("an even number of rows", "numbers", y[:50], near[:50]),
        case("numbers, weighted", "numbers", y, near, w),
        case("two targets of different size", "numbers", two, near_two),
        case("two targets, weighted", "numbers", two, near_two, w),
        case("equal errors", "numbers", y[:10], y[:10] + np.repeat([1, 2], 5)[:, None], w[:10]),
        case("a constant target", "numbers", np.full((6, 1), 3.0), near[:6]),
        case("a constant target, hit", "numbers", np.full((6, 1), 3.0), np.full((6, 1), 3.0)),
        case("a constant prediction", "numbers", y, np.full((51, 1), 7.0)),
        case("worse than the mean", "numbers", y, -y),
        case("one row", "numbers", y[:1], near[:1]),
    ]


def case(
    name: str, targets: str, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None
) -> dict:
    """A case without its expected values."""
    return {"name": name, "targets": targets, "y": y, "prediction": prediction, "weight": weight}


def with_expected(case: dict) -> dict:
    """The case with scikit-learn's figures, as plain values."""
    w = np.ones(len(case["y"])) if case["weight"] is None else case["weight"]
    there = w > 0  # scikit-learn lets a row without weight decide which classes there are
    y, prediction, weight = case["y"][there], case["prediction"][there], w[there]
    weights = None if case["weight"] is None else weight
    values = [figures(case["targets"], *one, weights) for one in by_target(case["targets"], y, prediction)]
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in case.items()}
    return {**plain, "expected": [{k: plain_value(v) for k, v in one.items()} for one in values]}


def plain_value(value: object) -> object:
    """Lists and numbers, None where there is no number."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if value is None or np.isnan(value) else float(value)


def by_target(targets: str, y: np.ndarray, prediction: np.ndarray):
    """y and prediction of each target."""
    if targets in ("classes", "two classes"):
        yield y, prediction
    else:
        for k in range(y.shape[1]):
            r = prediction[:, k]
            yield y[:, k], np.column_stack([1 - r, r]) if targets == "labels" else r


def figures(targets: str, y: np.ndarray, prediction: np.ndarray, w: np.ndarray | None) -> dict:
    """What scikit-learn says of one target."""
    if targets == "numbers":
        return {
            "rmse": sk.root_mean_squared_error(y, prediction, sample_weight=w),
            "mae": sk.mean_absolute_error(y, prediction, sample_weight=w),
            "r2": sk.r2_score(y, prediction, sample_weight=w) if len(y) > 1 else None,
            "median_error": sk.median_absolute_error(y, prediction, sample_weight=w),
        }
    outcomes = list(range(prediction.shape[1]))
    predicted = prediction.argmax(axis=1)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        y, predicted, labels=outcomes, sample_weight=w, zero_division=0
    )
    values = {
        "accuracy": sk.accuracy_score(y, predicted, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, predicted, sample_weight=w),
        "log_loss": sk.log_loss(y, prediction, labels=outcomes, sample_weight=w),
        "calibration_error": calibration_error(y, prediction, w),
        "confusion": sk.confusion_matrix(y, predicted, labels=outcomes, sample_weight=w).astype(float),
        "precisions": precision,
        "recalls": recall,
        "f1_scores": f1,
    }
    if targets != "labels":
        values["macro_f1"] = sk.f1_score(y, predicted, average="macro", sample_weight=w, zero_division=0)
    if len(outcomes) >= 10:
        values["top_5_accuracy"] = sk.top_k_accuracy_score(
            y, prediction, k=5, labels=outcomes, sample_weight=w
        )
    if len(outcomes) == 2:
        values |= positive(y, prediction[:, 1], predicted, w)
    return values


def positive(y: np.ndarray, score: np.ndarray, predicted: np.ndarray, w: np.ndarray | None) -> dict:
    """What it says of the positive class."""
    values = {
        "precision": sk.precision_score(y, predicted, sample_weight=w, zero_division=0),
        "recall": sk.recall_score(y, predicted, sample_weight=w, zero_division=0),
        "f1": sk.f1_score(y, predicted, sample_weight=w, zero_division=0),
        "roc_auc": sk.roc_auc_score(y, score, sample_weight=w) if len(set(y.tolist())) == 2 else None,
        "pr_auc": sk.average_precision_score(y, score, sample_weight=w),
    }
    if not y.any():
        return values | {"threshold": None, "threshold_f1": None}
    precision, recall, thresholds = sk.precision_recall_curve(y, score, sample_weight=w)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    best = np.flatnonzero(f1[:-1] >= f1[:-1].max() - 1e-12)[0]
    return values | {"threshold": thresholds[best], "threshold_f1": f1[best]}


def calibration_error(y: np.ndarray, prediction: np.ndarray, w: np.ndarray | None) -> float:
    """From scikit-learn's calibration curve; a weight of n eighths is n rows."""
    times = np.ones(len(y), int) if w is None else np.round(8 * w).astype(int)
    right = np.repeat(prediction.argmax(axis=1) == y, times)
    top = np.repeat(prediction.max(axis=1), times)
    share, mean = calibration_curve(right, top, n_bins=BINS, strategy="uniform")
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], top), minlength=BINS)
    return float((np.abs(share - mean) * counts[counts > 0]).sum() / len(top))
