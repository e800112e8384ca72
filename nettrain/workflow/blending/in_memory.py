"""A blend without files: what its folder would contain stays in memory and can be saved later."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary
from nettrain.store.trained_ensemble import TrainedEnsemble
from nettrain.workflow.blending.blend import Blend, record
from nettrain.workflow.folds.tables import join_folds
from nettrain.workflow.run_contents import RunContents


@dataclass(frozen=True, eq=False)
class MemoryBlend:
    """The contents of a blended run in memory."""

    outcome: Blend

    @property
    def folder(self) -> Path | None:
        """None: it has no folder."""
        return None

    @property
    def summary(self) -> RunSummary:
        """How it ended, with the figures of the mean prediction."""
        return self.outcome.summary

    @property
    def experiment(self) -> Experiment:
        """The experiment of the file's own network, and what the others have otherwise."""
        return self.outcome.planned.experiment

    @cached_property
    def predictor(self) -> TrainedEnsemble:
        """The networks whose mean predicts. Raises SpecError where there are none."""
        if not self.outcome.chosen:
            what = (
                "was interrupted" if self.summary["status"] == "interrupted" else "diverged in all networks"
            )
            raise SpecError(f"{self.experiment.experiment}: the blend {what}, and does not predict")
        return self.outcome.predictor

    @property
    def folds(self) -> pl.DataFrame | None:
        """None: each network has its own."""
        return None

    @property
    def out_of_fold(self) -> pl.DataFrame | None:
        """The mean prediction of each row that folds held out; None without folds."""
        return self.outcome.out_of_fold

    def fold(self, number: int) -> RunContents:
        """Raises SpecError, as each network has folds of its own."""
        raise SpecError(f"fold: {number} is not there, each network of the blend has its own")

    def network(self, number: int) -> RunContents:
        """One of the networks."""
        return self.outcome.networks[number - 1].run

    @cached_property
    def history(self) -> pl.DataFrame:
        """A row for every evaluated epoch of every network, and of every fold of it."""
        return join_folds({one.number: one.run.history for one in self.outcome.networks}, "network")

    @property
    def diagnostics(self) -> pl.DataFrame | None:
        """None: each network has its own."""
        return None

    @property
    def steps(self) -> pl.DataFrame | None:
        """None: each network has its own."""
        return None

    def save(self, folder: RunFolder) -> None:
        """Write the files that training in this folder would have written."""
        write_atomic(folder.config, to_yaml(self.experiment))
        for one in self.outcome.networks:
            files = folder.network(one.number)
            files.path.mkdir(parents=True)
            one.run.save(files)
        record(self.outcome, folder)
