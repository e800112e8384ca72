"""What sanity checks look at: a resolved experiment, its data, and short trainings of its variants."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from nettrain.backend.base import Backend
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.metrics import Task
from nettrain.data.prepare import Prepared
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of, network_of, task_of
from nettrain.inference.baseline import Baseline, fit_baseline
from nettrain.model.architecture import Architecture
from nettrain.training.build import build
from nettrain.training.run import TrainingRun


@dataclass(frozen=True)
class CheckedExperiment:
    """An experiment that is resolved with its data; checks train variants of it, never the whole of it."""

    experiment: Experiment
    data: Prepared

    @cached_property
    def backend(self) -> Backend:
        """The backend that the experiment names, opened."""
        return named_backend(self.experiment.backend)

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
        return fit_baseline(self.loss, self.task, self.data.train, self.architecture.outputs)

    @cached_property
    def architecture(self) -> Architecture:
        """The layers of the network."""
        return network_of(self.experiment, self.data)

    def built(self, experiments: Sequence[Experiment], data: Prepared | None = None) -> TrainingRun:
        """A population of variants of the experiment, of one grouping key, before its first step."""
        return build(experiments, self.data if data is None else data, self.backend)
