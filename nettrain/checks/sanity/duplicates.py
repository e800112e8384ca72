"""Rows of the test set that the network has seen in training."""

from collections.abc import Iterator

import numpy as np

from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import Verdict
from nettrain.data.labelled import Rows
from nettrain.data.tables.arrays import Numbers

FEW = 2  # rows that prove nothing
MANY, MOST = 0.05, 0.3  # of the held-out rows

ADVICE = "The {name} figures are too good: remove repeated rows, or keep them together (data.columns.group)."


@sanity_check("duplicates", rank=150)
def duplicates(checked: CheckedExperiment) -> Iterator[Finding]:
    """Hardly any held-out row occurs among the training rows.

    Rows of few values, such as answers of yes and no, recur by chance and prove nothing.
    """
    data = checked.data
    held_out = {"test": data.test, "validation": data.validation}
    if recurs_by_chance(data.train.x):
        return
    seen = set(row_keys(data.train))
    for name, rows in held_out.items():
        if rows is None:
            continue
        repeated = sum(key in seen for key in row_keys(rows))
        share = repeated / len(rows.x)
        verdict: Verdict = "wrong" if share > MOST else "look"
        if share <= MANY or repeated <= FEW:
            verdict = "ok"
        yield Finding(
            subject=f"{name} rows",
            value=f"{100 * share:.3g} % in training",
            expected=f"below {100 * MANY:.0f} %",
            verdict=verdict,
            advice="" if verdict == "ok" else ADVICE.format(name=name),
            figures={"share": share},
        )


def row_keys(rows: Rows) -> list[int]:
    """A hash of the inputs and targets of each row."""
    y = rows.y.reshape(len(rows.y), -1)
    return [hash((one.tobytes(), target.tobytes())) for one, target in zip(rows.x, y, strict=True)]


def recurs_by_chance(x: Numbers) -> bool:
    """Whether rows (N, D) would often be equal if their columns were independent."""
    likely = 0.0  # the logarithm of how likely two rows are equal
    for column in x.T:
        _, counts = np.unique(column, return_counts=True)
        shares = counts / counts.sum()
        likely += np.log(np.square(shares).sum())
    return bool(likely > -2 * np.log(max(2, len(x))))
