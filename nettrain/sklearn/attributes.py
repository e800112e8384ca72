"""What scikit-learn's MLP says of its fit beside weights and losses, of a trained run."""

from collections.abc import Sequence
from math import nan

import polars as pl

from nettrain.sklearn.settings import ACTIVATIONS
from nettrain.store.summary import RunSummary
from nettrain.workflow.run import Run

THEIRS = {ours: name for name, ours in ACTIVATIONS.items()}


def output_activation(run: Run) -> str:
    """The output activation by scikit-learn's name, where it has one."""
    name = run.summary["output_activation"]
    return THEIRS.get(name, name)


def rows_seen(summary: RunSummary) -> int:
    """How many rows one network has trained on, counted anew in every epoch."""
    timing = summary["timing"]
    samples = timing["samples_per_second"] * max(timing["train_seconds"], 1e-9)
    return round(samples / len(summary.get("members") or [summary]))


def training_losses(history: pl.DataFrame) -> list[float]:
    """The running loss of every epoch, of several networks the mean."""
    if "member" not in history.columns:
        return [loss for loss in history["running_loss"].to_list() if loss is not None]
    losses = history.drop_nulls("running_loss").group_by("epoch", maintain_order=True).mean()
    return losses["running_loss"].to_list()


def validation_scores(run: Run) -> list[float] | None:
    """The accuracy, or R², of the validation rows after every epoch, None where there are none.

    R² follows from the RMSE; that of several targets is exact where their errors are alike.
    """
    history, metrics = run.history, run.metrics.get("val", {})
    name = next((one for one in ("val_accuracy", "val_rmse") if one in history.columns), None)
    if name is None or not metrics:
        return None
    rows = history.filter(pl.col("epoch") > 0).drop_nulls(name)
    values: Sequence[float] = rows.group_by("epoch", maintain_order=True).mean()[name].to_list()
    if name == "val_accuracy":
        return list(values)
    unexplained = 1 - metrics.get("r2", nan)
    variance = metrics["rmse"] ** 2 / unexplained if unexplained else nan
    return [1 - value**2 / variance for value in values]
