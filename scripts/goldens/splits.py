"""Which rows scikit-learn's `train_test_split` keeps and holds out, plain and stratified.

Small cases have all indices, large ones their SHA-256 as int64 and the first few. The class of row i is one
of the letters, by the remainder of a polynomial, which the test computes likewise.
"""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import sklearn
from sklearn.model_selection import train_test_split

SHARE = 0.2
WHOLE = 100  # rows of which all indices are written
CASES = (  # rows, seed, classes
    *((10, 0, 0), (11, 3, 0), (57, 1, 0), (20_640, 0, 0), (16_512, 1, 0)),
    *((40, 1, 2), (45, 2, 3), (60, 4, 5), (99, 7, 6), (32_561, 1, 2), (4_001, 5, 7)),
)


def write(folder: Path) -> None:
    """Write splits.json."""
    lines = ",\n".join(json.dumps(case(*one)) for one in CASES)
    text = f'{{"scikit-learn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}\n'
    (folder / "splits.json").write_text(text)


def case(rows: int, seed: int, classes: int) -> dict[str, object]:
    """A case with what is kept and held out."""
    letters = letters_of(rows, classes) if classes else None
    parts = train_test_split(np.arange(rows), test_size=SHARE, random_state=seed, stratify=letters)
    named = zip(("kept", "held_out"), map(described, parts), strict=True)
    return {"rows": rows, "seed": seed, "classes": classes, **dict(named)}


def letters_of(rows: int, classes: int) -> np.ndarray:
    """The class of each row, as text; some are rare."""
    i = np.arange(rows)
    return np.array(list("ZQABXCD"))[(i * i + 3 * i) % 11 % classes]


def described(indices: np.ndarray) -> list[int] | dict[str, object]:
    """The indices, or of many their number, hash and beginning."""
    if len(indices) <= WHOLE:
        return indices.tolist()
    digest = sha256(indices.astype("<i8").tobytes()).hexdigest()
    return {"rows": len(indices), "sha256": digest, "first": indices[:5].tolist()}
