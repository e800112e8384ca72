"""Predictions of a run for the rows of its splits."""

from collections.abc import Mapping

from nettrain.backend.base import Floats, HostArray
from nettrain.backend.pool import Pool
from nettrain.inference.dataset import Dataset
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.outputs import in_own_units
from nettrain.inference.predict import Inputs, collect_outputs, row_chunks
from nettrain.inference.predictions import RowPredictions, describe, describes, predict_in_blocks

PREFERRED = ("test", "validation", "train")  # rows that were not trained on tell more


def most_telling_split(datasets: Mapping[str, Dataset]) -> str:
    """The test split if there is one, otherwise the validation split, otherwise the training split."""
    return next(split for split in PREFERRED if split in datasets)


def predict_split(networks: TrainedNetworks, dataset: Dataset) -> Floats:
    """Predictions (N, K): the mean of all networks where a run averages them, otherwise of the first one."""
    return describe_split(networks, dataset).values


def describe_split(networks: TrainedNetworks, dataset: Dataset) -> RowPredictions:
    """As `predict_split`, with the distributions that they predict."""
    if not networks.model.experiment.training.averages_predictions:
        networks = networks.select([0])
    network = networks.network()
    chunks = row_chunks(network, Inputs.of_dataset(dataset), Pool(networks.backend))
    if not describes(networks):
        return RowPredictions(predict_in_blocks(networks, chunks, dataset.rows), None)
    return describe(networks, collect_outputs(network, chunks, dataset.rows))


def true_values(networks: TrainedNetworks, dataset: Dataset) -> HostArray:
    """The targets of these rows as in the data."""
    return in_own_units(networks.model.task, dataset.targets)
