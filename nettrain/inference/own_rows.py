"""What a run answers to its own rows, for pictures."""

from nettrain.backend.base import Floats
from nettrain.backend.pool import Pool
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import Dataset
from nettrain.inference.evaluate import MeasurableRun, Networks, own_units
from nettrain.inference.measure import mean_prediction
from nettrain.inference.predict import Given, chunks, collect_outputs

PARTS = ("test", "validation", "train")  # the rows that say most, of those that are there


def most_telling_split(run: MeasurableRun) -> tuple[str, Dataset]:
    """The test rows, otherwise the validation rows, otherwise those that were trained on."""
    part = next(part for part in PARTS if part in run.tables)
    return part, run.tables[part]


def run_predictions(run: MeasurableRun, networks: Networks, table: Dataset) -> Floats:
    """The run's responses (N, K) as in measure.py: the mean of its networks, or those of the first."""
    if not run.experiment.training.averages_predictions:
        networks = Networks(networks.parameters[:1], networks.statistics[:1], networks.experiments[:1])
    net = networks.on(run)
    parts = chunks(net, Given(table.x, prefetcher=table.prefetcher), Pool(run.backend))
    return mean_prediction(loss_of(run.experiment), run.task, collect_outputs(net, parts, table.rows))


def true_values(run: MeasurableRun, table: Dataset) -> Floats:
    """The targets of these rows as the data has them."""
    values: Floats = own_units(run.task, table.target)
    return values
