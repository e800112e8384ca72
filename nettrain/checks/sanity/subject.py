"""What sanity checks look at: a resolved experiment, its data, and short trainings of its variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nettrain.backend.base import Backend
from nettrain.backend.choose import open_backend
from nettrain.backend.pool import Pool
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.metrics import Task
from nettrain.catalogue.schedules import schedules
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.tables.arrays import Indices
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of, task_of
from nettrain.inference.baseline import Baseline, fit_baseline
from nettrain.inference.dataset import dataset_of
from nettrain.inference.evaluate import Figures, evaluate_members
from nettrain.inference.model import TrainedNetworks
from nettrain.training.build import build
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun


@dataclass(frozen=True)
class CheckedExperiment:
    """An experiment that is resolved with its data; checks train variants of it, never the whole of it."""

    experiment: Experiment
    data: Prepared

    @cached_property
    def backend(self) -> Backend:
        """The backend that the experiment names, opened."""
        settings = self.experiment.backend
        return open_backend(
            settings.name,
            dtype=settings.dtype,
            threads=int(settings.threads),
            device=settings.device,
            tf32=settings.tf32,
        )

    @property
    def loss(self) -> Loss:
        """The loss, with plain numbers."""
        return loss_of(self.experiment)

    @property
    def task(self) -> Task:
        """Targets, classes and whether predictions are probabilities."""
        return task_of(self.data.preprocessing, self.experiment)

    @cached_property
    def baseline(self) -> Baseline:
        """The best constant predictions of the training rows."""
        return fit_baseline(self.loss, self.task, self.data.train, self.single_run.architecture.outputs)

    @cached_property
    def single_run(self) -> TrainingRun:
        """The network itself before its first step, as a population of one."""
        return build([self.experiment], self.data, self.backend)

    def built(self, experiments: Sequence[Experiment], data: Prepared | None = None) -> TrainingRun:
        """A population of variants of the experiment, of one grouping key, before its first step."""
        return build(experiments, self.data if data is None else data, self.backend)


def changed(experiment: Experiment, **blocks: Mapping[str, object]) -> Experiment:
    """The experiment with some settings of some blocks replaced: `changed(e, training={"epochs": 3})`."""
    updates = {name: getattr(experiment, name).model_copy(update=dict(new)) for name, new in blocks.items()}
    return experiment.model_copy(update=updates)


def for_epochs(experiment: Experiment, epochs: int) -> Experiment:
    """The experiment as one network that trains for so many epochs, all of them, at a constant rate."""
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
    constant = experiment.model_copy(update={"schedule": schedules["constant"]()})
    return changed(constant, training=training)


def with_rows(data: Prepared, rows: Indices) -> Prepared:
    """The data with some of the training rows alone, and neither validation nor test rows."""
    return replace(data, train=taken(data.train, rows), validation=None, test=None, column_weight=None)


def taken(rows: Rows, index: Indices) -> Rows:
    """Some of the rows, in the order of the index (M,)."""
    return Rows(rows.x[index], rows.y[index], rows.weight[index])


def spaced(rows: int, count: int) -> Indices:
    """At most `count` of so many rows, at even distances."""
    return np.unique(np.linspace(0, rows - 1, min(rows, count)).astype(np.int64))


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
    model, backend = networks.model, networks.backend
    dataset = dataset_of(rows, model.experiment, backend.dtype, model.architecture.outputs)
    return evaluate_members(networks, {"rows": dataset}, pool)["rows"]
