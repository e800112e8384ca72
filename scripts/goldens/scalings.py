"""What scikit-learn's transformers make of small columns: skewed, with ties, with gaps, constant."""

import json
import math
from pathlib import Path

import numpy as np
import sklearn
from sklearn.preprocessing import QuantileTransformer, RobustScaler

ROWS = 400
WHOLE = 10**9  # no subsample
SETTINGS = ({}, {"knots": 7, "seed": 3}, {"noise": 0.01, "seed": 1})


def write(folder: Path) -> None:
    """Write scalings.json."""
    x = drawn()
    new = [[-50.0, 0.5, 3.0, 1.0], [50.0, 1.5, 12.0, 8.0], [1.25, math.nan, -1.0, 7.0]]
    cases = [
        case_of("robust_clip", {}, filled(x), filled(np.array(new))),
        *(case_of("quantile", settings, x, np.array(new)) for settings in SETTINGS),
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    (folder / "scalings.json").write_text(f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n')


def case_of(name: str, settings: dict, x: np.ndarray, new: np.ndarray) -> dict:
    """The rows to be fitted and further ones, with what becomes of the first and of those."""
    case = {"name": name, "settings": settings, "x": rounded(x), "new": rounded(new)}
    given, later = (np.array(case[key], dtype=float) for key in ("x", "new"))
    expected = clipped if name == "robust_clip" else normal
    return {**case, "expected": expected(given, np.vstack([given[:40], later]), settings).tolist()}


def drawn() -> np.ndarray:
    """Columns (N, C): skewed, of two values with gaps, whole numbers of which most are equal, constant."""
    rng = np.random.default_rng(5)
    skewed = rng.exponential(size=ROWS) ** 2
    two = rng.integers(0, 2, ROWS).astype(float)
    two[rng.random(ROWS) < 0.1] = math.nan
    counts = np.where(rng.random(ROWS) < 0.85, 3.0, rng.integers(0, 9, ROWS))
    return np.stack([skewed, two, counts, np.full(ROWS, 7.0)], axis=1)


def rounded(x: np.ndarray) -> list[list[float | None]]:
    """The rows as JSON holds them: multiples of 2^-20, null in gaps."""
    whole = np.round(x * 2**20) / 2**20
    return [[None if math.isnan(value) else value for value in row] for row in whole.tolist()]


def filled(x: np.ndarray) -> np.ndarray:
    """The rows with 1 in gaps."""
    return np.where(np.isnan(x), 1.0, x)


def normal(x: np.ndarray, later: np.ndarray, settings: dict) -> np.ndarray:
    """QuantileTransformer on rows with noise; gaps are 0 afterwards."""
    wanted = settings.get("knots", max(min(len(x) // 30, 1000), 10))
    generator = np.random.Generator(np.random.Philox(key=settings.get("seed", 0)))
    noise = generator.normal(0.0, settings.get("noise", 1e-5), (len(x), 1))
    made = QuantileTransformer(n_quantiles=wanted, output_distribution="normal", subsample=WHOLE)
    return np.nan_to_num(made.fit(x + noise).transform(later))


def clipped(x: np.ndarray, later: np.ndarray, settings: dict) -> np.ndarray:
    """RobustScaler, or half the range where the quartiles are equal, and the smooth clip."""
    made = RobustScaler().fit(x)
    quartiles = np.subtract(*np.percentile(x, [75, 25], axis=0))
    half = np.ptp(x, axis=0) / 2
    scaled = made.transform(later) / np.where(quartiles == 0, np.where(half == 0, np.inf, half), 1.0)
    return scaled / np.sqrt(1 + (scaled / 3) ** 2)
