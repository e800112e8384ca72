"""Short trainings of variants of an experiment, on some of its rows, and what they measure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nettrain.backend.pool import Pool
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.tables.arrays import Indices
from nettrain.experiment.scheduled_numbers import without_schedules
from nettrain.experiment.settings import Experiment
from nettrain.inference.dataset import Dataset, dataset_of, place_datasets
from nettrain.inference.evaluate import Figures, evaluate_members
from nettrain.inference.model import TrainedNetworks
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun


def changed(experiment: Experiment, **blocks: Mapping[str, object]) -> Experiment:
    """The experiment with some settings of some blocks replaced: `changed(e, training={"epochs": 3})`."""
    updates = {name: getattr(experiment, name).model_copy(update=dict(new)) for name, new in blocks.items()}
    return experiment.model_copy(update=updates)


def for_epochs(experiment: Experiment, epochs: int) -> Experiment:
    """The experiment as one network that trains for so many epochs, all of them, without schedules."""
    training = {
        "epochs": epochs,
        "early_stopping": None,
        "evaluate_every": epochs,
        "convergence": None,
        "max_seconds": None,
        "target": None,
        "repeat": 1,
        "ensemble": 1,
        "snapshots": 0,
    }
    return changed(without_schedules(experiment), training=training)


def with_rows(data: Prepared, rows: Indices) -> Prepared:
    """The data with some of the training rows alone, and neither validation nor test rows."""
    return replace(data, train=taken(data.train, rows), validation=None, test=None, column_weight=None)


def taken(rows: Rows, index: Indices) -> Rows:
    """Some of the rows, in the order of the index (M,)."""
    return Rows(rows.x[index], rows.y[index], rows.weight[index])


def initial_networks(run: TrainingRun, experiments: Sequence[Experiment]) -> TrainedNetworks:
    """The networks of a population as they are now, given the experiment of each."""
    to_host = run.backend.to_host
    arrays = to_host(run.population["parameters"]), to_host(run.population["statistics"])
    return TrainedNetworks.of_members(run.model, run.backend, *arrays, experiments)


def train_to_end(run: TrainingRun, experiments: Sequence[Experiment]) -> TrainedNetworks:
    """Train a population to its end; returns its final networks, NaN where one diverged."""
    for _ in train(run):
        pass
    return run.networks(experiments)


def measured(networks: TrainedNetworks, rows: Rows, pool: Pool | None = None) -> Figures:
    """The loss and every metric of each network, (R,), on some rows."""
    return evaluate_members(networks, placed_rows(networks, rows), pool)["rows"]


def placed_rows(networks: TrainedNetworks, rows: Rows) -> dict[str, Dataset]:
    """A dataset `rows` for these networks, on their device."""
    model, backend = networks.model, networks.backend
    dataset = dataset_of(rows, model.experiment, backend.dtype, model.architecture.outputs)
    placed, _ = place_datasets({"rows": dataset}, backend, 0, {})
    return placed
