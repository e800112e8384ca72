"""A cross-validation without files: what its folder would contain stays in memory and can be saved later."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.store.fold_summary import folds_csv
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary
from nettrain.store.trained_folds import TrainedFolds, is_lost
from nettrain.workflow.cross_validation import CrossValidation, record, record_fold
from nettrain.workflow.folds.tables import join_folds
from nettrain.workflow.run_contents import RunContents


@dataclass(frozen=True, eq=False)
class MemoryCrossValidation:
    """The contents of a cross-validated run in memory."""

    outcome: CrossValidation

    @property
    def folder(self) -> Path | None:
        """None: it has no folder."""
        return None

    @property
    def summary(self) -> RunSummary:
        """How it ended, with the figures of all folds."""
        return self.outcome.summary

    @property
    def experiment(self) -> Experiment:
        """What all folds share."""
        return self.outcome.planned.experiment

    @cached_property
    def predictor(self) -> TrainedFolds:
        """The networks of all folds that did not diverge, whose mean predicts."""
        runs = [one.run.predictor.alone() for one in self.outcome.folds if not is_lost(one.run.summary)]
        diverged = len(self.outcome.folds) - len(runs)
        return TrainedFolds(self.experiment, tuple(runs), summary=self.summary, diverged=diverged)

    @cached_property
    def folds(self) -> pl.DataFrame:
        """A row for every fold."""
        return pl.read_csv(folds_csv(self.summary["folds"]).encode(), infer_schema_length=None)

    @property
    def out_of_fold(self) -> pl.DataFrame:
        """The predictions of the rows that each fold held out."""
        return self.outcome.out_of_fold

    def fold(self, number: int) -> RunContents:
        """One fold."""
        return self._runs[number]

    def network(self, number: int) -> RunContents:
        """Raises SpecError, as all folds are of one network."""
        raise SpecError(f"network: {number} is not there, the folds are of one network")

    @cached_property
    def history(self) -> pl.DataFrame:
        """A row for every evaluated epoch of every fold, and of every member of it."""
        return join_folds({number: run.history for number, run in self._runs.items()})

    @cached_property
    def diagnostics(self) -> pl.DataFrame | None:
        """A row for every evaluated epoch of every layer of every fold, and of every member of it."""
        return _joined({number: run.diagnostics for number, run in self._runs.items()})

    @cached_property
    def steps(self) -> pl.DataFrame | None:
        """A row for every step of every fold, and of every member of it."""
        return _joined({number: run.steps for number, run in self._runs.items()})

    def save(self, folder: RunFolder) -> None:
        """Write the files that training in this folder would have written."""
        write_atomic(folder.config, to_yaml(self.experiment))
        for fold in self.outcome.folds:
            record_fold(fold, folder)
        record(self.outcome, folder)

    @property
    def _runs(self) -> dict[int, RunContents]:
        return {one.planned.number: one.run for one in self.outcome.folds}


def _joined(frames: Mapping[int, pl.DataFrame | None]) -> pl.DataFrame | None:
    """Frames that few runs have, joined; None where none has one."""
    present = {number: frame for number, frame in frames.items() if frame is not None}
    return join_folds(present) if present else None
