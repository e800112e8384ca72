"""What figures are called in TensorBoard and MLflow, which show those with the same beginning side by side.

| figures | tags |
|---|---|
| a history | `loss/train`, `loss/validation`, `loss/running`, `accuracy/validation`, `learning_rate`, … |
| of the final networks | `final/test_accuracy`, … |
| diagnostics | `gradient_norm/hidden 1`, … |
| steps | `batch/loss`, `batch/learning_rate` |
| times | `time/epoch_seconds`, `time/step_seconds` |
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast

from nettrain.experiment.monitors import RUNNING
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.store.history import HistoryRow
from nettrain.store.summary import MemberSummary, RunSummary
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES

SPLITS = {"train": "train", "val": "validation"}  # by the beginning of a column's name
LEFT_OUT = ("member", "epoch", "step")  # columns that say where a row belongs
FACTOR = "_factor"  # at the end of a column of factors on a number

Figures = dict[str, float]  # by tag


@lru_cache(maxsize=256)
def history_tag(column: str) -> str:
    """The tag of a column of a history."""
    split, _, figure = column.partition("_")
    if split in SPLITS and figure:
        return f"{figure}/{SPLITS[split]}"
    if column in RUNNING:
        return f"loss/{column.removesuffix('_loss')}"
    if column.endswith(FACTOR):
        return f"schedule/{column}"
    return column


def history_figures(row: HistoryRow) -> Figures:
    """The figures of a row of a history."""
    return {history_tag(name): value for name, value in row.items() if name not in LEFT_OUT}


def layer_figures(rows: Iterable[DiagnosticsRow]) -> Figures:
    """What was measured in the layers of one network in one epoch."""
    return {
        f"{name}/{row['layer']}": float(value)
        for row in rows
        for name in QUANTITIES
        if (value := row[name]) is not None
    }


def step_figures(figures: Mapping[str, float | None]) -> Figures:
    """The columns of a step: its learning rate, factors, and the loss of its batch."""
    return {
        f"batch/{name.removeprefix('batch_')}": value for name, value in figures.items() if value is not None
    }


def time_figures(step_seconds: float, seconds: float) -> Figures:
    """How long an epoch took: its steps, and all of it."""
    return {"time/step_seconds": step_seconds, "time/epoch_seconds": seconds}


def summary_figures(summary: RunSummary | MemberSummary) -> Figures:
    """The figures of final networks, those of all held-out rows together included."""
    named = {
        f"{split}_{name}": value for split, of in summary["metrics"].items() for name, value in of.items()
    }
    pooled = cast(Mapping[str, float | None], summary.get("out_of_fold", {}))
    named |= {f"out_of_fold_{name}": value for name, value in pooled.items()}
    return final_figures({name: value for name, value in named.items() if value is not None})


def final_tag(figure: str) -> str:
    """The tag of a figure of final networks, such as test_accuracy."""
    return f"final/{figure}"


def final_figures(figures: Mapping[str, float]) -> Figures:
    """Figures of final networks by their names."""
    return {final_tag(name): value for name, value in figures.items()}
