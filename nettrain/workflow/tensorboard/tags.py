"""What figures are called in TensorBoard, which shows tags with the same beginning side by side.

| figures | tags |
|---|---|
| a history | `loss/train`, `loss/validation`, `loss/running`, `accuracy/validation`, `learning_rate`, … |
| of the final networks | `final/test_accuracy`, … |
| diagnostics | `gradient_norm/hidden 1`, … |
| steps | `batch/loss`, `batch/learning_rate` |
| times | `time/epoch_seconds`, `time/step_seconds` |
"""

from collections.abc import Iterable, Mapping

from nettrain.experiment.monitors import RUNNING
from nettrain.export.tensorboard.messages import Summary, scalars
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.store.history import HistoryRow
from nettrain.store.summary import Metrics
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES

SPLITS = {"train": "train", "val": "validation"}  # by the beginning of a column's name
LEFT_OUT = ("member", "epoch", "step")  # columns that say where a row belongs
FACTOR = "_factor"  # at the end of a column of factors on a number


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


def history_summary(row: HistoryRow) -> Summary:
    """The figures of a row of a history."""
    return scalars({history_tag(name): value for name, value in row.items() if name not in LEFT_OUT})


def layers_summary(rows: Iterable[DiagnosticsRow]) -> Summary:
    """What was measured in the layers of one network in one epoch."""
    measured = {
        f"{name}/{row['layer']}": float(value)
        for row in rows
        for name in QUANTITIES
        if (value := row[name]) is not None
    }
    return scalars(measured)


def step_summary(figures: Mapping[str, float]) -> Summary:
    """The columns of a step: its learning rate, factors, and the loss of its batch."""
    return scalars({f"batch/{name.removeprefix('batch_')}": value for name, value in figures.items()})


def times_summary(step_seconds: float, seconds: float) -> Summary:
    """How long an epoch took: its steps, and all of it."""
    return scalars({"time/step_seconds": step_seconds, "time/epoch_seconds": seconds})


def metrics_summary(metrics: Metrics) -> Summary:
    """The figures of final networks, by split and name."""
    named = {f"{split}_{name}": value for split, of in metrics.items() for name, value in of.items()}
    return final_summary({name: value for name, value in named.items() if value is not None})


def final_tag(figure: str) -> str:
    """The tag of a figure of final networks, such as test_accuracy."""
    return f"final/{figure}"


def final_summary(figures: Mapping[str, float]) -> Summary:
    """Figures of final networks by their names."""
    return scalars({final_tag(name): value for name, value in figures.items()})
