"""Settings of the training that do not fit the data or each other."""

import math
from collections.abc import Iterator

from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment

SHARE = 10  # a batch has at most one of so many rows,
SMALL_BATCH = 128  # or so many rows,
SMALL_DATA = 3000  # or all rows of so small data


@sanity_check("batch_size", rank=210)
def batch_size(checked: CheckedExperiment) -> Iterator[Finding]:
    """A batch is at most a tenth of the data, so that an epoch has some steps.

    Where an epoch of all rows is cheap, as below 3,000 rows, a full batch is a choice that courses make.
    """
    rows, setting = len(checked.data.train.x), checked.experiment.training.batch_size
    size = rows if setting == "full" else min(int(setting), rows)
    full = size == rows and (rows <= SMALL_DATA or checked.experiment.optimizer.full_batch)
    fits = size * SHARE <= rows or size <= SMALL_BATCH or full
    yield Finding(
        subject="batch",
        value=f"{size:,} of {rows:,} rows",
        expected=f"at most {max(SMALL_BATCH, rows // SHARE):,}",
        verdict="ok" if fits else "look",
        advice=""
        if fits
        else f"Smaller batches make more steps of an epoch: training.batch_size={rows // SHARE}.",
        figures={"batch_size": size, "rows": rows},
    )


@sanity_check("patience", rank=220)
def patience(checked: CheckedExperiment) -> Iterator[Finding]:
    """The patience of early stopping is shorter than the run, which it could not end otherwise."""
    training = checked.experiment.training
    if training.early_stopping is None or training.early_stopping.patience is None:
        return
    epochs = math.ceil(training.early_stopping.patience * training.evaluate_every)
    fits = epochs < training.epochs
    yield Finding(
        subject="patience",
        value=f"{epochs} epochs",
        expected=f"below {training.epochs}",
        verdict="ok" if fits else "look",
        advice="" if fits else "Early stopping never acts: train longer, or be less patient.",
        figures={"patience": epochs, "epochs": training.epochs},
    )
