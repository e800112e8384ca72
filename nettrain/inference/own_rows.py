"""What a run answers to its own rows, for pictures."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import stack
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import Dataset
from nettrain.inference.evaluate import MeasurableRun, Networks, own_units
from nettrain.inference.measure import apply_output
from nettrain.inference.predict import Given, chunks
from nettrain.model.network import Network
from nettrain.model.numbers import layer_numbers

PARTS = ("test", "validation", "train")  # the rows that say most, of those that are there


def most_telling_split(run: MeasurableRun) -> tuple[str, Dataset]:
    """The test rows, otherwise the validation rows, otherwise those that were trained on."""
    part = next(part for part in PARTS if part in run.tables)
    return part, run.tables[part]


def run_predictions(run: MeasurableRun, networks: Networks, table: Dataset) -> Floats:
    """The run's responses (N, K) as in measure.py: the mean of its networks, or those of the first."""
    if not run.experiment.training.averages_predictions:
        networks = Networks(networks.parameters[:1], networks.statistics[:1], networks.experiments[:1])
    backend = run.backend
    fitted = backend.from_host(networks.parameters), backend.from_host(networks.statistics)
    net = Network(backend, run.plan, *fitted, layer_numbers(backend, stack(networks.experiments)))
    outputs = np.empty((len(networks.parameters), table.rows, run.plan.outputs), backend.dtype)
    for chunk in chunks(net, Given(table.x, pipe=table.pipe), Pool(backend)):
        chunk.compute()
        outputs[:, chunk.rows] = backend.to_host(chunk.output)
    loss = loss_of(run.experiment)
    answer: Floats = np.mean([apply_output(loss, run.task, output) for output in outputs], axis=0)
    return answer


def true_values(run: MeasurableRun, table: Dataset) -> Floats:
    """The targets of these rows as the data has them."""
    values: Floats = own_units(run.task, table.target)
    return values
