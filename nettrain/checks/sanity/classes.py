"""Classes with too few rows to learn from."""

from collections.abc import Iterator

import numpy as np

from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.data.targets.target import quoted_names

FEW = 10


@sanity_check("small_classes", rank=140)
def small_classes(checked: CheckedExperiment) -> Iterator[Finding]:
    """Every class has at least ten training rows."""
    if checked.data.preprocessing.target_kind != "classes":
        return
    classes = checked.data.preprocessing.classes
    counts = np.bincount(checked.data.train.y.astype(np.int64), minlength=len(classes))
    small = [name for name, rows in zip(classes, counts, strict=True) if rows < FEW]
    # of a truth table every class is small
    all_rows = len(checked.data.train.y) < FEW * len(classes)
    yield Finding(
        subject="smallest class",
        value=f"{counts.min():,} rows",
        expected=f"at least {FEW}",
        verdict="look" if small and not all_rows else "ok",
        advice=f"{quoted_names(small)}: collect more rows, or join classes (data.labels)."
        if small and not all_rows
        else "",
        figures={"smallest": int(counts.min())},
    )
