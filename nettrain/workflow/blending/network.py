"""One network of a blend that has been trained, on folds or alone, as far as the blend needs it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nettrain.catalogue.metrics import Task
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.inference.measured import joined_predictions
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.postprocessing import joint_task
from nettrain.inference.predictions import LabelledPredictions
from nettrain.store.ensemble_summary import EndedNetworkOfEnsemble
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.folds.out_of_fold import PredictedFold, pooled_figures
from nettrain.workflow.folds.plan import PlannedFold
from nettrain.workflow.folds.training import FoldRun
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.run_contents import RunContents


@dataclass(frozen=True, eq=False)
class NetworkOfFold:
    """The networks of one fold that predict, with the experiment and the data that they were trained with."""

    trained: TrainedRun
    data: Prepared

    @property
    def experiment(self) -> Experiment:
        """What was trained."""
        return self.trained.experiment

    @property
    def networks(self) -> TrainedNetworks:
        """The networks, with what was fitted to their predictions."""
        return self.trained.networks


@dataclass(frozen=True, eq=False)
class BlendedNetwork:
    """A network of a blend, numbered from 1: its run, and those of its folds, or itself as its only one."""

    number: int
    run: RunContents
    folds: tuple[FoldRun, ...]

    @cached_property
    def predicted(self) -> list[PredictedFold]:
        """Each fold with its predictions of the rows that it held out."""
        return [one.predicted for one in self.folds]

    @cached_property
    def networks(self) -> tuple[NetworkOfFold, ...]:
        """Those of each fold, of one that is not lost."""
        return tuple(
            NetworkOfFold(one.trained, one.fold.data) for one in self.predicted if one.trained is not None
        )

    @cached_property
    def predictions(self) -> LabelledPredictions:
        """Those for the rows that the folds held out, each of them once: of repeats, the first."""
        known = (one for one in self.predicted if one.fold.repeat == 1)
        return joined_predictions([one.predictions for one in known if one.predictions is not None])

    @property
    def task(self) -> Task:
        """What it predicts."""
        return joint_task([one.networks.task for one in self.networks])

    @property
    def is_lost(self) -> bool:
        """Whether one of its folds diverged, so that it does not predict all rows."""
        if any(one.trained is None for one in self.predicted):
            return True
        return not np.isfinite(self.predictions.values).all()

    def ended(self, count: int) -> EndedNetworkOfEnsemble:
        """What a summary has of it, where it counts so often."""
        held_out = None if self.is_lost else pooled_figures(self.predicted)
        return EndedNetworkOfEnsemble(
            self.number, count, tuple(one.run.summary for one in self.folds), held_out
        )


def trained_alone(prepared: PreparedTraining, run: RunContents) -> tuple[FoldRun]:
    """A training on one split as its only fold: its validation rows are held out."""
    validation = prepared.data.validation
    assert validation is not None, "the networks of a blend are weighed by validation rows"
    rows = np.arange(len(validation.y))
    return (FoldRun(PlannedFold(1, 1, prepared.experiment, prepared.data, rows), run),)
