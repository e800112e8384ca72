"""What SciPy's minimiser and scikit-learn fit to small sets of probabilities: weights, ties, many classes.

Probabilities are multiples of 1/1024 and weights of 1/8, so that JSON holds them exactly and many are equal.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax
from sklearn.isotonic import IsotonicRegression

LEAST = 2.0**-52
UNITS = 1024
ASKED = 40  # probabilities for which the corrected ones are written


def write(folder: Path) -> None:
    """Write calibrations.json."""
    cases = [with_expected(*case) for case in drawn()]
    lines = ",\n".join(json.dumps(case) for case in cases)
    versions = {"scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
    (folder / "calibrations.json").write_text(
        f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n'
    )


def drawn():
    """Name, probabilities (N, K), classes (N,) and weights (N,); some too sure, some not sure enough."""
    rng = np.random.default_rng(7)
    for name, rows, classes, sure in (
        ("two classes, too sure", 120, 2, 3.0),
        ("two classes, too cautious", 120, 2, 0.4),
        ("three classes, too sure", 150, 3, 2.5),
        ("ten classes, too sure", 200, 10, 4.0),
        ("few rows", 16, 3, 1.5),
    ):
        z = rng.normal(0, 1.5, (rows, classes))
        y = np.array([rng.choice(classes, p=softmax(one)) for one in z])
        p = np.array([rng.multinomial(UNITS, softmax(sure * one)) for one in z]) / UNITS
        yield name, p, y, np.ones(rows)
        yield f"{name}, weighted", p, y, rng.integers(0, 20, rows) / 8
    p = np.array([[0.0, 1.0], [0.25, 0.75], [0.25, 0.75], [1.0, 0.0], [0.5, 0.5]] * 4)
    yield "sure mistakes and ties", p, np.array([1, 1, 0, 0, 1] * 3 + [0, 1, 1, 0, 0]), np.ones(20)


def with_expected(name: str, p: np.ndarray, y: np.ndarray, weight: np.ndarray) -> dict:
    """The case with what the others fit, and what they make of the first probabilities."""
    there = weight > 0
    temperature = best_temperature(p[there], y[there], weight[there])
    return {
        "name": name,
        "probabilities": p.tolist(),
        "y": y.tolist(),
        "weight": weight.tolist(),
        "temperature": {
            "value": temperature,
            "calibrated": softmax(logarithms(p[:ASKED]) / temperature, axis=1).tolist(),
        },
        "isotonic": {"calibrated": isotonic(p[there], y[there], weight[there], p[:ASKED]).tolist()},
    }


def logarithms(p: np.ndarray) -> np.ndarray:
    """log p, of which 0 is the least."""
    return np.log(np.maximum(p, LEAST))


def best_temperature(p: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """Where SciPy finds the derivative of the log loss by 1/T to be 0."""
    logs, rows = logarithms(p), np.arange(len(y))

    def slope(b: float) -> float:
        return float(weight @ ((softmax(b * logs, axis=1) * logs).sum(axis=1) - logs[rows, y]))

    def loss(b: float) -> float:
        return float(-weight @ log_softmax(b * logs, axis=1)[rows, y])

    b = brentq(slope, 1e-3, 100, xtol=1e-15, rtol=1e-15)
    assert loss(b) <= min(loss(0.99 * b), loss(1.01 * b))
    return 1 / b


def isotonic(p: np.ndarray, y: np.ndarray, weight: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """As CalibratedClassifierCV: the positive of two classes, or one against the rest and their shares."""

    def curve(k: int) -> np.ndarray:
        fitted = IsotonicRegression(out_of_bounds="clip").fit(p[:, k], y == k, sample_weight=weight)
        return fitted.predict(asked[:, k])

    if p.shape[1] == 2:
        positive = curve(1)
        return np.column_stack([1 - positive, positive])
    each = np.column_stack([curve(k) for k in range(p.shape[1])])
    total = each.sum(axis=1, keepdims=True)
    return np.where(total > 0, each / np.where(total > 0, total, 1), 1 / p.shape[1])
