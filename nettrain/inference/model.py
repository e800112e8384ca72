"""A model without parameters, and the networks of such a model after training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nettrain.backend.base import Backend, Floats, HostArray
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.members import select, stack
from nettrain.catalogue.metrics import Task
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.outputs import mean_predictions
from nettrain.inference.postprocessing import Postprocessing, PredictionRule
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import member_architectures, stacked_layers
from nettrain.model.layers import Layer
from nettrain.model.network import Network
from nettrain.model.parameters import ParameterLayout, parameter_layout, statistics_layout


@dataclass(frozen=True)
class Model:
    """What the members of a population have in common: what they predict, and with which layers.

    `experiment` is resolved with the data; the numbers in which members may differ are those of the first
    one. Dropout and input noise in `architecture` are the largest of any member.
    """

    experiment: Experiment
    task: Task
    architecture: Architecture

    @property
    def loss(self) -> Loss:
        """The loss that was minimised."""
        return loss_of(self.experiment)

    @cached_property
    def layout(self) -> ParameterLayout:
        """Where the arrays of the layers lie in a row of parameters."""
        return parameter_layout(self.architecture)

    @cached_property
    def statistics_layout(self) -> ParameterLayout:
        """Where the running statistics of the layers lie in a row of statistics."""
        return statistics_layout(self.architecture)


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """R trained networks of one model, and the backend that computes with them.

    parameters (R, P) and statistics (R, Q) are on the host. `members` and `layers` (by number) are the
    settings of all networks, stacked: the numbers in which they differ are (R,). `postprocessing` says what
    is done with their predictions, if anything.
    """

    model: Model
    backend: Backend
    parameters: HostArray
    statistics: HostArray
    members: Experiment
    layers: Sequence[Layer]
    postprocessing: Postprocessing | None = None

    @classmethod
    def of_members(
        cls,
        model: Model,
        backend: Backend,
        parameters: HostArray,
        statistics: HostArray,
        experiments: Sequence[Experiment],
    ) -> "TrainedNetworks":
        """The networks of members with these experiments, one for each row."""
        members = member_architectures(model.architecture, [one.model for one in experiments])
        layers = stacked_layers(members)
        return cls(model, backend, parameters, statistics, stack(experiments), layers)

    @classmethod
    def stored(
        cls,
        model: Model,
        backend: Backend,
        parameters: HostArray,
        statistics: HostArray,
        postprocessing: Postprocessing | None = None,
    ) -> "TrainedNetworks":
        """The networks of a model file, all with the settings in its architecture."""
        count = len(parameters)
        layers = stacked_layers([model.architecture] * count)
        members = stack([model.experiment] * count)
        return cls(model, backend, parameters, statistics, members, layers, postprocessing)

    def __len__(self) -> int:
        return len(self.parameters)

    def select(self, rows: Sequence[int]) -> "TrainedNetworks":
        """Some of the networks."""
        index = np.asarray(rows, np.intp)
        return replace(
            self,
            parameters=self.parameters[index],
            statistics=self.statistics[index],
            members=select(self.members, index),
            layers=select(self.layers, index),
            postprocessing=self.postprocessing and self.postprocessing.select(rows),
        )

    @property
    def rule(self) -> PredictionRule:
        """What is done with the prediction of all networks together."""
        return self.postprocessing.rule if self.postprocessing else PredictionRule()

    @property
    def task(self) -> Task:
        """The task of all networks together, which decide by their thresholds."""
        return self.rule.task(self.model.task)

    def predictions(self, outputs: HostArray) -> Floats:
        """Predictions (N, K) of all networks together, from the raw outputs of each (R, N, K)."""
        mean = mean_predictions(self.model.loss, self.model.task, outputs)
        return self.rule.calibrated(self.model.task, mean)

    def finite(self) -> "TrainedNetworks":
        """The networks that have not diverged, those with finite parameters."""
        rows: list[int] = np.flatnonzero(np.isfinite(self.parameters).all(axis=1)).tolist()
        return self.select(rows)

    def network(self) -> Network:
        """The networks on their backend."""
        from_host = self.backend.from_host
        arrays = from_host(self.parameters), from_host(self.statistics)
        return Network(self.backend, self.model.architecture, *arrays, self.layers)
