"""Predictions of trained networks for encoded rows, and for labelled rows with the loss of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.calibrations.conformal import ConformalIntervals, ConformalResiduals
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.target_distribution import TargetDistribution
from nettrain.catalogue.members import shaped
from nettrain.catalogue.metrics import Task
from nettrain.data.labelled import Rows
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import dataset_of
from nettrain.inference.metrics import ComputedMetrics, compute_metrics
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.outputs import in_own_units, to_distribution
from nettrain.inference.predict import chunk_rows, raw_outputs


def predict(networks: TrainedNetworks, x: HostArray) -> Floats:
    """Predictions (N, K) for encoded rows x (N, D); of several networks the mean of theirs."""
    return networks.predictions(raw_outputs(networks.network(), x))


@dataclass(frozen=True, eq=False)
class RowPredictions:
    """Predictions `values` (N, K) of rows and, for losses that describe them, the targets' distributions."""

    values: Floats
    distribution: TargetDistribution | None


def predict_distributions(networks: TrainedNetworks, x: HostArray) -> RowPredictions:
    """As `predict`, with the distributions that all networks predict together."""
    return describe(networks, raw_outputs(networks.network(), x))


def describes(networks: TrainedNetworks) -> bool:
    """Whether the networks predict distributions, or intervals, of numbers."""
    return isinstance(networks.model.loss, DistributionalLoss) or bool(conformal_residuals(networks))


def describe(networks: TrainedNetworks, outputs: HostArray) -> RowPredictions:
    """What all networks predict together, from the raw outputs of each (R, N, K)."""
    model, values = networks.model, networks.predictions(outputs)
    residuals = conformal_residuals(networks)
    if residuals:
        return RowPredictions(values, ConformalIntervals.of(values, residuals))
    return RowPredictions(values, to_distribution(model.loss, model.task, outputs))


def conformal_residuals(networks: TrainedNetworks) -> tuple[ConformalResiduals, ...]:
    """The residuals of validation rows by target, where the run is calibrated by them."""
    return tuple(one for one in networks.rule.calibrators if isinstance(one, ConformalResiduals))


@dataclass(frozen=True, eq=False)
class LabelledPredictions:
    """Predictions `values` (N, K) for labelled rows, with true values y in own units, and losses (N,).

    Of several `networks` the predictions and the losses are means. Predictions are calibrated where the run
    does that, losses are those of the raw outputs. Metrics are computed in chunks of `chunk_rows` rows.
    Losses for which networks describe distributions have a `distribution` too.
    """

    rows: Rows
    y: HostArray
    values: Floats
    losses: Floats
    networks: int
    chunk_rows: int
    distribution: TargetDistribution | None = None

    def chunks(self) -> Iterator[slice]:
        """The rows in the chunks in which training evaluates them."""
        for start in range(0, len(self.losses), self.chunk_rows):
            yield slice(start, min(start + self.chunk_rows, len(self.losses)))

    def figures(self) -> dict[str, float]:
        """The loss, but not of several members: the mean of their losses is not the loss of their mean."""
        return {"loss": self.loss()} if self.networks == 1 else {}

    def loss(self) -> float:
        """The weighted mean of the losses."""
        weight = self.rows.weight
        total = sum(float((self.losses[rows] * weight[rows]).sum()) for rows in self.chunks())
        return total / float(weight.sum())


def predict_labelled(networks: TrainedNetworks, rows: Rows) -> LabelledPredictions:
    """The predictions and losses of labelled rows. Raises DataError when the loss cannot take the targets."""
    outputs = raw_outputs(networks.network(), rows.x)
    described = describe(networks, outputs)
    return LabelledPredictions(
        rows,
        in_own_units(networks.model.task, rows.y),
        described.values,
        _losses(networks, outputs, rows),
        len(networks),
        _chunk_rows(networks),
        described.distribution,
    )


def _losses(networks: TrainedNetworks, outputs: HostArray, rows: Rows) -> Floats:
    """The loss of each row (N,), of several networks the mean."""
    model, dtype, size = networks.model, networks.backend.dtype, _chunk_rows(networks)
    loss = shaped(loss_of(networks.members), 1, dtype)
    y = dataset_of(rows, model.experiment, dtype, model.architecture.outputs).y
    losses = np.empty(len(rows.x))
    for start in range(0, len(losses), size):
        chunk = slice(start, start + size)
        by_network = loss.rows(np, outputs[:, chunk], y[chunk][None])
        losses[chunk] = by_network.astype(np.float64).mean(axis=0)
    return losses


def _chunk_rows(networks: TrainedNetworks) -> int:
    return chunk_rows(networks.model.architecture, networks.backend.chunk_bytes)


def metrics_of(
    task: Task, labelled: LabelledPredictions, names: Sequence[str] | None = None
) -> ComputedMetrics:
    """The metrics of labelled rows; by default all metrics of the task."""
    chunks = ((rows, labelled.values[rows]) for rows in labelled.chunks())
    return compute_metrics(chunks, labelled.y, labelled.rows.weight, task, names)
