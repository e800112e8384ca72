"""Columns that give the target away: alone they predict it nearly as well as all, and the others do not.

A column predicts by itself through the mean target of the rows around it: its values are cut into bins of
equally many rows, and what the bins of one half of the rows say is measured on the other half.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.sanity.plain import unregularized, with_adam
from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import Verdict
from nettrain.checks.short_training import measured, taken, train_to_end, with_rows
from nettrain.data.columns.categories import CategoryColumn, categories_in
from nettrain.data.columns.encoding import Encoder, columns_text
from nettrain.data.giveaways import giveaways
from nettrain.data.labelled import Rows
from nettrain.data.tables.arrays import Indices, Numbers
from nettrain.data.tables.spaced import spaced

ROWS = 4000
FEW_ROWS = 40  # with which half of the rows says little
BINS = 50
STRONG = 0.9  # share of the target that a column explains
ENOUGH = 0.65  # share that the others may explain
GAIN = 0.25  # what it leaves unexplained, relative to what the others do
VERDICTS: tuple[Verdict, ...] = ("ok", "wrong", "look")  # of none, one, and several that may be measurements
EPOCHS, BATCH = 20, 64


@sanity_check("giveaways", rank=170)
def giveaway_columns(checked: CheckedExperiment) -> Iterator[Finding]:
    """No column gives the target away: alone it predicts as well as all, and without it little is left.

    Such a column is often a copy of the target or made from it, and unknown when predictions are wanted.
    """
    train = checked.data.train
    encoders = checked.data.preprocessing.encoders
    if len(encoders) < 2 or len(train.x) < FEW_ROWS:
        return
    rows = taken(train, spaced(len(train.x), ROWS))
    scores = column_scores(checked, rows)
    certain = giveaways(checked.data.preprocessing, train)
    scores[[k for k, one in enumerate(encoders) if one.name in certain]] = 1.0
    strong = np.flatnonzero(scores >= STRONG)
    without = score_without(checked, rows, strong) if len(strong) else 1.0
    limit = 1 - GAIN * (1 - without) if without < ENOUGH else np.inf
    names = [encoders[k].name for k in strong if scores[k] >= limit]
    best = int(scores.argmax())
    yield Finding(
        subject="best column",
        value=f'"{encoders[best].name}" {100 * max(0.0, scores[best]):.0f} %',
        expected="not all, alone",
        verdict=VERDICTS[min(2, len(names))],
        advice=f"{columns_text(names)}: is it known before the target is? (data.columns.ignore)."
        if names
        else "",
        figures={"best": float(scores[best]), "giveaways": len(names)},
    )


def column_scores(checked: CheckedExperiment, rows: Rows) -> Floats:
    """The share (C,) of the target that each column explains by itself, out of sample."""
    encoders, scores = checked.data.preprocessing.encoders, []
    y = indicators(rows, len(checked.data.preprocessing.classes))
    start = 0
    for encoder in encoders:
        end = start + len(encoder.kinds)
        scores.append(score_of(bins_of(encoder, rows.x[:, start:end]), y))
        start = end
    return np.array(scores)


def indicators(rows: Rows, classes: int) -> Floats:
    """The targets (N, K): numbers, labels, or 1 for the class of the row."""
    if rows.y.dtype.kind == "i":
        return np.asarray(np.eye(classes)[rows.y])
    return np.asarray(rows.y, dtype=np.float64)


def bins_of(encoder: Encoder, features: Numbers) -> Indices:
    """The bin (N,) of each row by a column's features (N, w): its category, or the rank of its number."""
    if isinstance(encoder, CategoryColumn):
        return categories_in(features)
    values = features[:, 0]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)


def score_of(bins: Indices, y: Floats) -> float:
    """The share of the variance of y (N, K) that the means of the bins explain, on rows not averaged over."""
    learn, test = np.arange(0, len(y), 2), np.arange(1, len(y), 2)
    sums = np.zeros((bins.max() + 1, y.shape[1]))
    np.add.at(sums, bins[learn], y[learn])
    counts = np.bincount(bins[learn], minlength=len(sums))[:, None]
    overall = y[learn].mean(axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), overall)
    left = np.square(y[test] - means[bins[test]]).sum()
    total = np.square(y[test] - overall).sum()
    return float(1 - left / total) if total > 0 else 0.0


def score_without(checked: CheckedExperiment, rows: Rows, columns: Indices) -> float:
    """The share of the target that a network explains which does not see some columns, out of sample."""
    starts = np.cumsum([0, *(len(one.kinds) for one in checked.data.preprocessing.encoders)])
    x = rows.x.copy()
    for column in columns:
        x[:, starts[column] : starts[column + 1]] = 0
    blind = replace(rows, x=x)
    learn, test = (taken(blind, np.arange(first, len(x), 2)) for first in (0, 1))
    data = replace(with_rows(checked.data, np.arange(1)), train=learn)
    experiments = with_adam(unregularized(checked.experiment), EPOCHS, min(BATCH, len(learn.x)))
    figures = measured(train_to_end(checked.built(experiments, data), experiments), test)
    if checked.task.targets == "numbers":
        best = float(np.nanmax(figures["r2"]))
    else:
        wrong = 1 - np.nanmax(figures["accuracy"])
        share = 1 - checked.baseline.metrics(checked.loss, checked.task, test)["accuracy"]
        best = float(1 - wrong / share) if share > 0 else 0.0
    return min(1.0, max(0.0, best))
