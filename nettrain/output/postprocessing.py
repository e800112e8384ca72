"""What a run does with the predictions of its networks, in a line each for calibration and thresholds."""

from collections.abc import Iterator
from itertools import takewhile

from nettrain.output.numbers import figure, plural
from nettrain.output.progress import title
from nettrain.store.postprocessing import AppliedPostprocessing
from nettrain.store.summary import Metrics

MOST = 6  # labels whose thresholds are written out
RULES = {"f1": "F1", "youden": "Youden index"}


def postprocessing_lines(applied: AppliedPostprocessing | None, positive: str) -> Iterator[str]:
    """What calibrates probabilities, and from which threshold on a row is called `positive`."""
    if applied is None:
        return
    if applied["calibration"] == "conformal":
        yield f"intervals: {calibration_words(applied)}"
    elif applied["calibration"] != "none":
        yield f"calibrated: {calibration_words(applied)} (not the loss)"
    if applied["threshold"] != "none":
        yield threshold_words(applied, positive)


def uncalibrated_lines(applied: AppliedPostprocessing, metrics: Metrics) -> Iterator[str]:
    """`test log loss 0.6123 → 0.4518, calibration error 0.1204 → 0.0312`, but not of training rows.

    A last line says so when calibration makes the log loss of test rows worse.
    """
    uncalibrated = applied.get("uncalibrated", {})
    for split, before in uncalibrated.items():
        changes = [
            f"{title(name)} {figure(value)} → {figure(metrics[split].get(name))}"
            for name, value in before.items()
        ]
        if split != "train":
            yield f"{split} {', '.join(changes)}"
    loss, calibrated = (named.get("test", {}).get("log_loss") for named in (uncalibrated, metrics))
    if loss is not None and calibrated is not None and calibrated > loss:
        way = "temperature, or more validation rows" if applied["calibration"] == "isotonic" else "none"
        yield f"calibration is no help to test rows: take {way}"


def calibration_words(applied: AppliedPostprocessing) -> str:
    """`temperature 1.73, by 120 validation rows`; of several `temperature 1.73, 1.69, by …`."""
    each = [one.split(" ") for one in dict.fromkeys(applied["calibrators"])]
    shared = sum(1 for _ in takewhile(lambda words: len({*words}) == 1, zip(*each, strict=False)))
    listed = [" ".join(words[shared:] if k else words) for k, words in enumerate(each)]
    return f"{_listed(listed)}, by {_rows(applied)}"


def threshold_words(applied: AppliedPostprocessing, positive: str) -> str:
    """`“yes” from threshold 0.3121 on: best F1 of 120 validation rows`."""
    thresholds = {name: figure(value) for name, value in applied["thresholds"].items()}
    values = dict.fromkeys(thresholds.values())
    if len(values) > 1:
        values = dict.fromkeys(f"{value} ({name})" for name, value in thresholds.items())
    why = f": best {RULES[applied['threshold']]} of {_rows(applied)}" if applied["threshold"] in RULES else ""
    return f"“{positive}” from threshold {_listed([*values])} on{why}"


def _rows(applied: AppliedPostprocessing) -> str:
    return plural(applied["rows"], "validation row")


def _listed(words: list[str]) -> str:
    shown = words[:MOST]
    more = [f"and {len(words) - len(shown)} more"] if len(words) > len(shown) else []
    return ", ".join([*shown, *more])
