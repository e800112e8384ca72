"""Networks and the labelled rows that they are measured on, each with its own inputs for them.

An ordinary run has networks of one preprocessing. The folds of a cross-validation have one each: of rows
that are new to all of them they predict the mean, of the training data each predicts those it has not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.data.labelled import Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.inference.metrics import ComputedMetrics
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.outputs import together
from nettrain.inference.postprocessing import joint_task
from nettrain.inference.predictions import LabelledPredictions, metrics_of, predict_labelled


@dataclass(frozen=True, eq=False)
class NetworksOnRows:
    """Trained networks, and labelled rows encoded by the preprocessing that they were trained with."""

    networks: TrainedNetworks
    preprocessing: Preprocessing
    rows: Rows

    def shuffled(self, column: str, key: tuple[int, int, int]) -> "NetworksOnRows":
        """The rows with all inputs made from a column shuffled, in an order drawn from the key."""
        first = 0
        for encoder in self.preprocessing.encoders:
            columns = slice(first, first + len(encoder.features))
            if encoder.name == column:
                return replace(self, rows=shuffled(self.rows, columns, key))
            first = columns.stop
        return self  # networks that do not use the column


@dataclass(frozen=True, eq=False)
class MeasuredNetworks:
    """Networks by preprocessing on the same rows, of which they predict the mean.

    With `apart`, numbers by which they are told, those with one number predict rows of their own together.
    What is there several times counts several times, and is computed once.
    """

    each: tuple[NetworksOnRows, ...]
    apart: tuple[int, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns that any of the networks uses, in order."""
        encoders = (encoder for one in self.each for encoder in one.preprocessing.encoders)
        return list(dict.fromkeys(encoder.name for encoder in encoders))

    def predict(self) -> LabelledPredictions:
        """The predictions and losses of the rows. Raises DataError when the loss cannot take the targets."""
        once = {id(one): predict_labelled(one.networks, one.rows) for one in self._different}
        predicted = [once[id(one)] for one in self.each]
        if not self.apart:
            return mean_labelled(predicted)
        by_number: dict[int, list[LabelledPredictions]] = {}
        for number, one in zip(self.apart, predicted, strict=True):
            by_number.setdefault(number, []).append(one)
        return joined_predictions([mean_labelled(some) for some in by_number.values()])

    @property
    def _different(self) -> list[NetworksOnRows]:
        return list({id(one): one for one in self.each}.values())

    def metrics(self, labelled: LabelledPredictions, names: Sequence[str] | None = None) -> ComputedMetrics:
        """The metrics of these predictions; by default all metrics of the task."""
        return metrics_of(joint_task([one.networks.task for one in self.each]), labelled, names)

    def shuffled(self, column: str, key: tuple[int, int, int]) -> "MeasuredNetworks":
        """The same networks on rows with a column shuffled, all in the same order."""
        once = {id(one): one.shuffled(column, key) for one in self._different}
        return replace(self, each=tuple(once[id(one)] for one in self.each))


def mean_labelled(each: Sequence[LabelledPredictions]) -> LabelledPredictions:
    """The mean of the predictions and of the losses of several sets of networks for the same rows."""
    first, *others = each
    if not others:
        return first
    values, losses = (np.mean([getattr(one, name) for one in each], axis=0) for name in ("values", "losses"))
    distribution = together(one.distribution for one in each)
    networks = sum(one.networks for one in each)
    return replace(first, values=values, losses=losses, networks=networks, distribution=distribution)


def joined_predictions(each: Sequence[LabelledPredictions]) -> LabelledPredictions:
    """The predictions of several sets of networks, each for rows of its own, one below the other.

    Inputs are left out where the preprocessings have different ones.
    """
    first = each[0]
    same = all(one.rows.x.shape[1] == first.rows.x.shape[1] for one in each)
    rows = Rows(
        np.concatenate([one.rows.x if same else one.rows.x[:, :0] for one in each]),
        np.concatenate([one.rows.y for one in each]),
        np.concatenate([one.rows.weight for one in each]),
    )
    y, values, losses = (
        np.concatenate([getattr(one, name) for one in each]) for name in ("y", "values", "losses")
    )
    described = [one.distribution for one in each if one.distribution is not None]
    distribution = described[0].above(described[1:]) if described else None
    return replace(first, rows=rows, y=y, values=values, losses=losses, distribution=distribution)


def shuffled(rows: Rows, columns: slice, key: tuple[int, int, int]) -> Rows:
    """The rows with the inputs of these columns shuffled, in an order drawn from the key."""
    order = np.random.Generator(np.random.Philox(np.random.SeedSequence(key))).permutation(len(rows.x))
    x = rows.x.copy()
    x[:, columns] = x[order, columns]
    return replace(rows, x=x)
