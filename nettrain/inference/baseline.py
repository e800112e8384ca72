"""What the best constant predictions score: the figures that a network has to beat to have learned anything.

They are fitted on the training rows, weighted by the weight column: the shares of the classes or labels, the
mean and the median of numbers. A metric takes whichever of them is best on those rows: the loss and accuracy
the shares (of which the largest is predicted), rmse the mean, mae the median, F1 the positive class always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.losses.base import targets_for
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.metrics import Task, metrics, metrics_for
from nettrain.data.labelled import Rows
from nettrain.errors import StoredContentError
from nettrain.inference.metrics import compute_metrics, mean_of_defined
from nettrain.inference.outputs import in_own_units

LEAST = 1e-12  # a share that stands for 0, whose logarithm is infinite
BLOCK_NUMBERS = 4_000_000  # predictions of constants that are measured at once
MANY = 100_000  # rows, of which some tell which constant is best
LOSS = "loss"
POSITIVE = "positive"  # the constant that always predicts the positive class, or 1


class BaselineJson(TypedDict):
    """A baseline in `summary.json`."""

    predictions: dict[str, list[float]]
    chosen: dict[str, str]
    outputs: list[float] | None


@dataclass(frozen=True)
class Baseline:
    """Constant predictions (K,) by name, and for each metric the name of the best on the training rows.

    `outputs` are the raw outputs of a network whose loss is that of a constant; None of losses of scores,
    whose size has no meaning.
    """

    predictions: Mapping[str, Floats]
    chosen: Mapping[str, str]
    outputs: Floats | None

    def metrics(self, loss: Loss, task: Task, rows: Rows) -> dict[str, float]:
        """The loss, if there is one, and the metrics of the task on these rows, whatever its thresholds."""
        task = replace(task, thresholds=())
        figures = {} if self.outputs is None else {LOSS: constant_loss(loss, self.outputs, rows)}
        for name, prediction in self.predictions.items():
            chosen = [metric for metric, one in self.chosen.items() if one == name]
            figures |= constant_metrics(prediction, task, rows, chosen) if chosen else {}
        return {name: figures[name] for name in (LOSS, *self.chosen) if name in figures}

    def description(self, task: Task) -> str:
        """What is predicted, in words: `always "setosa", 33.3 % of the training rows`."""
        if task.targets == "numbers":
            return _described_numbers(self.predictions["mean"], self.predictions["median"])
        positive = f'"{task.classes[1]}"' if task.targets == "two classes" else "1"
        of_f1 = f"; for f1 always {positive}" if self.chosen.get("f1") == POSITIVE else ""
        if task.targets == "labels":
            return f"always the more frequent value of each label{of_f1}"
        shares = self.predictions["shares"]
        name, share = task.classes[int(shares.argmax())], 100 * float(shares.max())
        return f'always "{name}", {share:.1f} % of the training rows{of_f1}'

    def to_json(self) -> BaselineJson:
        return {
            "predictions": {name: values.tolist() for name, values in self.predictions.items()},
            "chosen": dict(self.chosen),
            "outputs": None if self.outputs is None else self.outputs.tolist(),
        }

    @staticmethod
    def from_json(data: BaselineJson, task: Task, outputs: int) -> "Baseline":
        """The baseline that `to_json` described, of a task and a network with so many outputs.

        Raises StoredContentError for one of another task.
        """
        _check(data, task, outputs)
        predictions = {name: np.array(values) for name, values in data["predictions"].items()}
        raw = data["outputs"]
        return Baseline(predictions, data["chosen"], None if raw is None else np.array(raw))


def _check(data: BaselineJson, task: Task, outputs: int) -> None:
    """Raise StoredContentError for a baseline that is not one of this task."""
    width = len(task.classes) if task.targets in ("classes", "two classes") else len(task.names)
    named = {f"predictions.{name}": values for name, values in data["predictions"].items()}
    raw = {} if data["outputs"] is None else {"outputs": data["outputs"]}
    for key, values in {**named, **raw}.items():
        expected = outputs if key in raw else width
        if len(values) != expected:
            raise StoredContentError(key, f"has {len(values)} numbers, the run has {expected}")
    wanted = ("mean", "median") if task.targets == "numbers" else ("shares",)
    for name in wanted:
        if name not in data["predictions"]:
            raise StoredContentError(f"predictions.{name}", "missing")
    for metric, name in data["chosen"].items():
        if name not in data["predictions"] or metric not in metrics:
            raise StoredContentError(f"chosen.{metric}", "is not a metric of the run, or of no prediction")


def fit_baseline(loss: Loss, task: Task, rows: Rows, outputs: int) -> Baseline:
    """The baseline of these training rows, whose weights are those of the weight column alone.

    `outputs` is how many outputs the network has.
    """
    predictions, some = constants(task, rows), sampled(rows)
    measured = {name: constant_metrics(values, task, some) for name, values in predictions.items()}
    names = next(iter(measured.values()))
    chosen = {
        metric: _best(metric, {name: one[metric] for name, one in measured.items()}) for metric in names
    }
    return Baseline(predictions, chosen, _outputs(loss, task, rows, predictions, outputs))


def constants(task: Task, rows: Rows) -> dict[str, Floats]:
    """Constant predictions (K,) worth trying, the most usual first."""
    if task.targets == "numbers":
        y = task.unscale(rows.y)
        return {"mean": weighted_mean(y, rows.weight), "median": weighted_median(y, rows.weight)}
    shares = _shares(task, rows)
    if task.targets == "classes":
        return {"shares": shares}
    yes = np.array([0.0, 1.0]) if task.targets == "two classes" else np.ones_like(shares)
    return {"shares": shares, POSITIVE: yes}


def sampled(rows: Rows) -> Rows:
    """All rows or, of many, some at even distances, which tell as well which constant is best."""
    if len(rows.y) <= MANY:
        return rows
    chosen = np.linspace(0, len(rows.y) - 1, MANY).astype(np.int64)
    weight = rows.weight[chosen]
    return Rows(rows.x[:0], rows.y[chosen], weight) if weight.any() else rows


def constant_metrics(
    prediction: Floats, task: Task, rows: Rows, names: Sequence[str] | None = None
) -> dict[str, float]:
    """The metrics of predicting the same (K,) for all rows; by default all metrics of the task."""
    if task.targets == "labels":
        return _of_labels(prediction, task, rows, names)
    y, weight, blocks = in_own_units(task, rows.y), rows.weight, [slice(0, len(rows.y))]
    if task.targets in ("classes", "two classes"):  # rows of one class are all alike
        y, weight = np.arange(len(task.classes)), _class_weights(task, rows)
        blocks = blocks_of(len(y), len(prediction))
    everywhere = np.broadcast_to(prediction, (len(y), len(prediction)))
    return compute_metrics([(one, everywhere[one]) for one in blocks], y, weight, task, names).scalars


def blocks_of(rows: int, width: int) -> list[slice]:
    """Rows of so many numbers in blocks, one up to some thousand classes."""
    size = max(1, BLOCK_NUMBERS // width)
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def _of_labels(prediction: Floats, task: Task, rows: Rows, names: Sequence[str] | None) -> dict[str, float]:
    """The mean over labels; rows with the same value of a label are all alike."""
    y, single = np.array([[0.0], [1.0]]), replace(task, names=task.names[:1])
    by_label = []
    for k, values in enumerate(rows.y.T):
        weight = np.bincount(values.astype(np.int64), rows.weight, minlength=2).astype(np.float64)
        everywhere = np.broadcast_to(prediction[k : k + 1], (2, 1))
        by_label.append(compute_metrics([(slice(None), everywhere)], y, weight, single, names).scalars)
    return {name: mean_of_defined([one[name] for one in by_label]) for name in by_label[0]}


def constant_loss(loss: Loss, outputs: Floats, rows: Rows) -> float:
    """The mean loss of the same raw outputs (K,) for all rows."""
    y, weight = rows.y, rows.weight
    if y.dtype.kind == "i":  # rows of one class are all alike
        y, inverse = np.unique(y, return_inverse=True)
        weight = np.bincount(inverse, rows.weight).astype(np.float64)
    everywhere = np.broadcast_to(outputs, (1, len(y), len(outputs)))
    blocks = blocks_of(len(y), len(outputs)) if y.dtype.kind == "i" else [slice(0, len(y))]
    parts = [
        loss.rows(np, everywhere[:, one], targets_for(loss, y[one], len(outputs))[None])[0] for one in blocks
    ]
    losses = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return float((weight * losses).sum() / weight.sum())


def worse_than(
    baseline: Mapping[str, float | None], figures: Mapping[str, float | None], task: Task
) -> list[str]:
    """Which of the loss and the task's main metric are worse than the baseline's, by name."""
    main = metrics_for(task, quick=True)[0]
    signs = {LOSS: 1.0, main: -1.0 if metrics[main].goal == "maximize" else 1.0}
    pairs = {name: (figures.get(name), baseline.get(name)) for name in signs}
    return [
        name
        for name, (value, base) in pairs.items()
        if value is not None and base is not None and signs[name] * (value - base) > 0
    ]


def weighted_mean(y: Floats, weight: Floats) -> Floats:
    """The mean (K,) of y (N, K) with weights (N,)."""
    mean: Floats = (weight[:, None] * y).sum(axis=0) / weight.sum()
    return mean


def weighted_median(y: Floats, weight: Floats) -> Floats:
    """The median (K,) of y (N, K): half of the weight (N,) lies on either side."""
    return np.array([_median(column, weight) for column in y.T])


def _described_numbers(mean: Floats, median: Floats) -> str:
    if len(mean) > 1:
        return "always the mean of each target, for mae the median"
    return f"always the training mean {_short(float(mean[0]))}, for mae the median {_short(float(median[0]))}"


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.6g}"


def _median(y: Floats, weight: Floats) -> float:
    order = np.argsort(y, kind="stable")
    order = order[weight[order] > 0]
    mass = np.cumsum(weight[order])
    low = int(np.searchsorted(mass, mass[-1] / 2))
    high = min(int(np.searchsorted(mass, mass[-1] / 2, side="right")), len(order) - 1)
    return float((y[order[low]] + y[order[high]]) / 2)


def _class_weights(task: Task, rows: Rows) -> Floats:
    """The weight of the rows of each class (K,)."""
    counts = np.bincount(rows.y.astype(np.int64), rows.weight, minlength=len(task.classes))
    return counts.astype(np.float64)


def _shares(task: Task, rows: Rows) -> Floats:
    """The weight of each class among that of all (K,), or of the rows in which each label is 1."""
    if task.targets == "labels":
        return weighted_mean(np.asarray(rows.y, dtype=np.float64), rows.weight)
    shares: Floats = _class_weights(task, rows) / rows.weight.sum()
    return shares


def _best(metric: str, values: Mapping[str, float]) -> str:
    """The first of the names with the best value, NaN being the worst."""
    sign = -1.0 if metrics[metric].goal == "maximize" else 1.0
    return min(values, key=lambda name: (np.isnan(values[name]), sign * values[name]))


def _outputs(
    loss: Loss, task: Task, rows: Rows, predictions: Mapping[str, Floats], outputs: int
) -> Floats | None:
    """Raw outputs (K,) of constant predictions; of the mean or the median, those with the smaller loss.

    For a loss of distributions, those of the distribution of all rows.
    """
    if task.targets != "numbers" and not loss.probabilities:
        return None
    if isinstance(loss, DistributionalLoss):
        return loss.constant_outputs(np.asarray(rows.y, np.float64), rows.weight)
    if task.targets == "numbers" and loss.output_activation == "linear":
        tried = [_scaled(task, values) for values in predictions.values()]
        return min(tried, key=lambda one: constant_loss(loss, one, rows))
    # counts and distributions are not scaled
    first = next(iter(predictions.values()))
    inside = np.clip(first[-outputs:], LEAST, None if task.targets == "numbers" else 1 - LEAST)
    return np.asarray(loss.outputs_for(inside), dtype=np.float64)


def _scaled(task: Task, values: HostArray) -> Floats:
    """Numbers (K,) in the network's unit."""
    scaled: Floats = (values - np.array(task.center or (0.0,))) / np.array(task.scale or (1.0,))
    return scaled
