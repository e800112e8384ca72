"""Predictions of trained networks for encoded rows, and for labelled rows with the loss of each."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.backend.pool import Pool
from nettrain.backend.scratch_file import drop_pages, is_scratch, scratch_array
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
from nettrain.inference.predict import (
    RowChunk,
    chunk_rows,
    computed,
    inputs_of,
    raw_outputs,
    row_chunks,
)

LARGE = 256 << 20  # bytes of predictions that are not held in memory


def ignore(rows: slice, outputs: HostArray) -> None:
    """The default for `on_outputs`."""


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

    def predicted(self) -> Iterator[tuple[slice, Floats]]:
        """The predictions of each chunk."""
        for rows in self.chunks():
            yield rows, self.values[rows]
            drop_scratch(self.values)

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
    losses, distribution = RowLosses(networks, rows), None
    if describes(networks):
        outputs = raw_outputs(networks.network(), rows.x)
        described = describe(networks, outputs)
        values, distribution = described.values, described.distribution
        losses.add(slice(0, len(rows.x)), outputs)
    else:
        network = networks.network()
        chunks = row_chunks(network, inputs_of(networks.backend, rows.x), Pool(networks.backend))
        values = predict_in_blocks(networks, chunks, len(rows.x), losses.add)
    return LabelledPredictions(
        rows,
        in_own_units(networks.model.task, rows.y),
        values,
        losses.values,
        len(networks),
        _chunk_rows(networks),
        distribution,
    )


def predict_in_blocks(
    networks: TrainedNetworks,
    chunks: Iterable[RowChunk],
    rows: int,
    on_outputs: Callable[[slice, HostArray], None] = ignore,
) -> Floats:
    """Predictions (N, K) of rows that pass through a network in chunks; many are in a scratch file.

    `on_outputs` is called with the rows of each chunk and their raw outputs (R, B, K).
    """
    values: Floats = np.empty((0, 0))
    for chunk in computed(chunks):
        outputs = networks.backend.to_host(chunk.output)
        predicted = networks.predictions(outputs)
        if not values.size:
            shape = (rows, *predicted.shape[1:])
            large = 8 * math.prod(shape) > LARGE
            values = scratch_array(shape, np.float64) if large else np.empty(shape)
        values[chunk.rows] = predicted
        drop_scratch(values)
        on_outputs(chunk.rows, outputs)
    return values


def drop_scratch(array: HostArray) -> None:
    """Let go of the memory of an array in a scratch file."""
    if is_scratch(array):
        drop_pages(array)


class RowLosses:
    """The loss of each row (N,), of several networks the mean, from raw outputs as they come."""

    def __init__(self, networks: TrainedNetworks, rows: Rows) -> None:
        model, dtype = networks.model, networks.backend.dtype
        self._size = _chunk_rows(networks)
        self._loss = shaped(loss_of(networks.members), 1, dtype)
        self._y = dataset_of(rows, model.experiment, dtype, model.architecture.outputs).y
        self.values: Floats = np.empty(len(rows.x))

    def add(self, rows: slice, outputs: HostArray) -> None:
        """The raw outputs (R, B, K) of some rows."""
        for start in range(rows.start, rows.stop, self._size):
            chunk = slice(start, min(start + self._size, rows.stop))
            here = slice(chunk.start - rows.start, chunk.stop - rows.start)
            by_network = self._loss.rows(np, outputs[:, here], self._y[chunk][None])
            self.values[chunk] = by_network.astype(np.float64).mean(axis=0)


def _chunk_rows(networks: TrainedNetworks) -> int:
    return chunk_rows(networks.model.architecture, networks.backend.chunk_bytes)


def metrics_of(
    task: Task, labelled: LabelledPredictions, names: Sequence[str] | None = None
) -> ComputedMetrics:
    """The metrics of labelled rows; by default all metrics of the task."""
    return compute_metrics(labelled.predicted(), labelled.y, labelled.rows.weight, task, names)
