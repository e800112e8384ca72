"""What a run does with the predictions of its networks, in a line each for calibration and thresholds."""

from collections.abc import Iterator

from nettrain.output.numbers import figure, plural
from nettrain.output.progress import title
from nettrain.store.postprocessing import AppliedPostprocessing
from nettrain.store.summary import Metrics

MOST = 6  # labels whose thresholds are written out


def postprocessing_lines(applied: AppliedPostprocessing | None, positive: str) -> Iterator[str]:
    """`probabilities are calibrated: temperature 1.73 on 120 validation rows`, and the thresholds."""
    if applied is None:
        return
    if applied["calibration"] != "none":
        yield f"probabilities are calibrated: {calibration_words(applied)}; the loss is that before"
    if applied["threshold"] != "none":
        yield f"threshold {threshold_words(applied, positive)}"


def uncalibrated_lines(applied: AppliedPostprocessing, metrics: Metrics) -> Iterator[str]:
    """`test log loss 0.6123 → 0.4518, calibration error 0.1204 → 0.0312`, but not of training rows."""
    for split, before in applied.get("uncalibrated", {}).items():
        changes = [
            f"{title(name)} {figure(value)} → {figure(metrics[split].get(name))}"
            for name, value in before.items()
        ]
        if split != "train":
            yield f"{split} {', '.join(changes)}"


def calibration_words(applied: AppliedPostprocessing) -> str:
    """`temperature 1.73 on 120 validation rows`."""
    different = dict.fromkeys(applied["calibrators"])
    return f"{_listed([*different])} on {plural(applied['rows'], 'validation row')}"


def threshold_words(applied: AppliedPostprocessing, positive: str) -> str:
    """`0.3121: “yes” from there on, the best f1 on 120 validation rows`."""
    thresholds = applied["thresholds"]
    values = [figure(value) for value in thresholds.values()]
    if len(thresholds) > 1:
        values = [f"{name} {value}" for name, value in zip(thresholds, values, strict=True)]
    rule = applied["threshold"]
    why = f", the best {RULES[rule]} on {plural(applied['rows'], 'validation row')}" if rule in RULES else ""
    return f"{_listed([*dict.fromkeys(values)])}: “{positive}” from there on{why}"


RULES = {"f1": "F1", "youden": "recall - false-positive rate"}


def _listed(words: list[str]) -> str:
    shown = words[:MOST]
    more = [f"and {len(words) - len(shown)} more"] if len(words) > len(shown) else []
    return ", ".join([*shown, *more])
