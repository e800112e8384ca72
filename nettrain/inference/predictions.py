"""What a trained network says of labelled rows, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.members import shaped, stack
from nettrain.data.labelled import Rows
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import table_of
from nettrain.inference.evaluate import Measurable, own_units
from nettrain.inference.measure import Measured, mean_prediction, measure
from nettrain.inference.predict import chunk_rows, predict


class TrainedNetwork(Measurable, Protocol):
    """A network that can be asked: parameters (R, P) and running statistics (R, Q) on the host."""

    @property
    def parameters(self) -> HostArray: ...
    @property
    def statistics(self) -> HostArray: ...


def outputs_of(run: TrainedNetwork, x: HostArray) -> HostArray:
    """Raw outputs (R, N, K) of the members for encoded rows x (N, D)."""
    return predict(run.backend, run.architecture, run.parameters, run.statistics, x)


def predictions(run: TrainedNetwork, x: HostArray) -> Floats:
    """Responses (N, K) for encoded rows x (N, D), of several members the mean of theirs."""
    return mean_prediction(loss_of(run.experiment), run.task, outputs_of(run, x))


@dataclass(frozen=True)
class LabelledPredictions:
    """Labelled rows and what was answered: responses (N, K) beside y, losses (N,).

    A chunk is `size` rows. Of several `members` the response and the losses are the means.
    """

    rows: Rows
    y: HostArray
    response: Floats
    losses: Floats
    members: int
    size: int

    def parts(self) -> Iterator[slice]:
        """The rows in chunks, as they are measured while training."""
        for start in range(0, len(self.losses), self.size):
            yield slice(start, min(start + self.size, len(self.losses)))

    def loss(self) -> float:
        """The weighted mean of the rows' losses."""
        weight = self.rows.weight
        total = sum(float((self.losses[part] * weight[part]).sum()) for part in self.parts())
        return total / float(weight.sum())


def predict_labelled(run: TrainedNetwork, rows: Rows) -> LabelledPredictions:
    """What a run answers of labelled rows."""
    outputs = outputs_of(run, rows.x)
    losses = losses_of(run, outputs, rows)
    size = chunk_rows(run.architecture, run.backend.chunk_bytes)
    response = mean_prediction(loss_of(run.experiment), run.task, outputs)
    return LabelledPredictions(rows, own_units(run.task, rows.y), response, losses, len(outputs), size)


def losses_of(run: TrainedNetwork, outputs: HostArray, rows: Rows) -> Floats:
    """The loss of each row (N,), of several members the mean. Raises DataError at targets it cannot take."""
    size = chunk_rows(run.architecture, run.backend.chunk_bytes)
    loss = shaped(loss_of(stack([run.experiment] * len(outputs))), 1, run.backend.dtype)
    y = table_of(rows, run.experiment, run.backend.dtype, run.architecture.outputs).y
    losses = np.empty(len(rows.x))
    for start in range(0, len(losses), size):
        part = slice(start, start + size)
        found = loss.rows(np, outputs[:, part], y[part][None])
        losses[part] = found.astype(np.float64).mean(axis=0)
    return losses


def measure_predictions(
    run: TrainedNetwork, answer: LabelledPredictions, names: list[str] | None = None
) -> Measured:
    """The metrics of all rows."""
    chunks = ((part, answer.response[part]) for part in answer.parts())
    return measure(chunks, answer.y, answer.rows.weight, run.task, names)
