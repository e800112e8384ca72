"""Columns that teach nothing or too much of one thing: constants, identifiers, and scales far apart."""

from collections.abc import Iterator

import numpy as np

from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import Verdict
from nettrain.data.columns.encoding import columns_text, features_of
from nettrain.data.columns.identifiers import ADVICE as IDENTIFIES
from nettrain.data.columns.input_kind import NUMBER

IMAGE = 49  # columns from which on some constant ones may be the border of an image
LARGE, FAR = 10.0, 100.0  # spread of a column, and times that of another
VERY_LARGE, VERY_FAR = 100.0, 1e4


@sanity_check("constant_columns", rank=110)
def constant_columns(checked: CheckedExperiment) -> Iterator[Finding]:
    """No column has the same value in every training row."""
    x, encoders = checked.data.train.x, checked.data.preprocessing.encoders
    varies = x.max(axis=0) > x.min(axis=0)
    starts = np.cumsum([0, *(len(one.kinds) for one in encoders)])
    constant = [
        one.name
        for one, start, end in zip(encoders, starts, starts[1:], strict=False)
        if not varies[start:end].any()
    ]
    border = len(encoders) >= IMAGE and len(constant) * 2 < len(encoders)
    yield Finding(
        subject="constant",
        value=str(len(constant)),
        expected="0 but at borders" if border else "0",
        verdict="look" if constant and not border else "ok",
        advice=f"{columns_text(constant)}: leave it out (data.columns.ignore)."
        if constant and not border
        else "",
        figures={"constant": len(constant)},
    )


@sanity_check("identifiers", rank=120)
def identifiers(checked: CheckedExperiment) -> Iterator[Finding]:
    """No column identifies rows instead of describing them."""
    notes = [note.removesuffix(f"; {IDENTIFIES}") for note in checked.data.notes if IDENTIFIES in note]
    yield Finding(
        subject="identifiers",
        value=str(len(notes)),
        expected="0",
        verdict="look" if notes else "ok",
        advice=f"{'; '.join(notes)}: leave it out (data.columns.ignore)." if notes else "",
        figures={"identifiers": len(notes)},
    )


@sanity_check("scales", rank=130)
def scales(checked: CheckedExperiment) -> Iterator[Finding]:
    """Numeric inputs have about the same spread, as scaling gives them."""
    numeric = features_of([NUMBER], checked.data.preprocessing.encoders)
    spread = checked.data.train.x[:, numeric].std(axis=0, dtype=np.float64)
    names = np.array(checked.data.preprocessing.feature_names)[numeric]
    names, spread = names[spread > 0], spread[spread > 0]
    if len(spread) < 2:
        return
    largest, times = spread.max(), spread.max() / spread.min()
    verdict = grade_scales(float(largest), float(times))
    widest, narrowest = names[spread.argmax()], names[spread.argmin()]
    apart = f'"{widest}" spreads by {largest:.3g}, "{narrowest}" by {spread.min():.3g}'
    yield Finding(
        subject="largest spread",
        value=f"{largest:.3g}, {times:.3g}-fold",
        expected=f"below {LARGE:g} or {FAR:g}-fold",
        verdict=verdict,
        advice="" if verdict == "ok" else f"{apart}: set data.scaling: standard.",
        figures={"largest": float(largest), "times": float(times)},
    )


def grade_scales(largest: float, times: float) -> Verdict:
    """The verdict on the largest spread, and on how many times the smallest it is."""
    if largest > VERY_LARGE and times > VERY_FAR:
        return "wrong"
    return "look" if largest > LARGE and times > FAR else "ok"
