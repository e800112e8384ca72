"""Run folders: one at a given path, and the finished run in one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from nettrain.errors import SpecError
from nettrain.experiment.load import read, to_yaml, validate
from nettrain.experiment.settings import Experiment
from nettrain.files import create_folder, is_unused, remove_temporary_files
from nettrain.locks import locked
from nettrain.store.run_folder import RunFolder, interrupted_notes, unfinished
from nettrain.store.summary import RunSummary, read_summary
from nettrain.store.trained_folds import Predictor, open_predictor
from nettrain.workflow.diagnostics import read_diagnostics
from nettrain.workflow.folds.tables import (
    join_folds,
    read_fold_figures,
    read_fold_histories,
    read_network_histories,
    read_out_of_fold,
)
from nettrain.workflow.history import read_history
from nettrain.workflow.steps import read_steps
from nettrain.workflow.training import RunOutcome


@contextmanager
def unused_folder(path: Path) -> Iterator[tuple[RunFolder, str | None]]:
    """An empty run folder at this path, created if need be and locked while the context lasts.

    Yields the folder and a note if the lock of a dead process was taken over. Raises SpecError when
    the path is a file or the folder is not empty, NettrainError when it cannot be created.
    """
    create_folder(path)
    with locked(path) as note:
        if not is_unused(path):
            raise SpecError(f"{path}: is not empty, and not overwritten")
        remove_temporary_files(path)
        yield RunFolder(path), note


@contextmanager
def new_run_folder(
    experiment: Experiment, parent: Path, beside: Path
) -> Iterator[tuple[RunFolder, list[str]]]:
    """A new run folder in `parent`, named after the experiment and locked while the context lasts.

    With it come notes: on a lock that was taken over, and on an interrupted run of this experiment in
    `parent` or in the folder `beside`.
    """
    earlier = interrupted_notes(parent, experiment.experiment, to_yaml(experiment), beside)
    with RunFolder.new(parent, experiment.experiment) as (folder, note):
        yield folder, [*([note] if note else []), *earlier]


@dataclass(frozen=True)
class StoredRun:
    """A finished run in its folder; it predicts on the given backend and device, by default on its own."""

    files: RunFolder
    summary: RunSummary
    backend: str | None = None
    device: int | None = None

    @staticmethod
    def open(path: Path, backend: str | None = None, device: int | None = None) -> "StoredRun":
        """The run in a folder. Raises SpecError when there is none or it has not finished."""
        files = RunFolder(path)
        if not (files.is_cross_validated or files.is_ensemble):
            files = RunFolder.open(path)
        summary = read_summary(files.summary)
        if summary is None:
            raise SpecError(unfinished(path, files.summary.name))
        return StoredRun(files, summary, backend, device)

    @staticmethod
    def of(outcome: RunOutcome) -> "StoredRun":
        """A run that was just trained in a folder."""
        assert outcome.folder is not None, "trained in a folder"
        return StoredRun(RunFolder(outcome.folder), outcome.summary)

    @property
    def folder(self) -> Path | None:
        """The run folder."""
        return self.files.path

    @property
    def experiment(self) -> Experiment:
        """The experiment, resolved with the data."""
        return validate(read(self.files.config))

    @cached_property
    def predictor(self) -> Predictor:
        """The networks, ready to predict. Raises SpecError when all of them diverged."""
        return open_predictor(self.files.path, self.backend, self.device)

    @property
    def folds(self) -> pl.DataFrame | None:
        """A row for every fold of a cross-validation."""
        return read_fold_figures(self.files.fold_figures)

    @property
    def out_of_fold(self) -> pl.DataFrame | None:
        """The predictions of the rows that each fold held out."""
        return read_out_of_fold(self.files.out_of_fold)

    @cached_property
    def history(self) -> pl.DataFrame:
        """A row for every evaluated epoch of every member, and of every fold or network."""
        if self.files.networks:
            return read_network_histories(self.files)
        if self.files.is_cross_validated:
            return join_folds(read_fold_histories(self.files))
        return read_history(self.files.history)

    @cached_property
    def diagnostics(self) -> pl.DataFrame | None:
        """A row for every evaluated epoch of every layer of every member."""
        return self._recorded(lambda files: read_diagnostics(files.diagnostics))

    @cached_property
    def steps(self) -> pl.DataFrame | None:
        """A row for every step of every member."""
        return self._recorded(lambda files: read_steps(files.steps))

    def fold(self, number: int) -> "StoredRun":
        """One fold of a cross-validation."""
        return StoredRun.open(self.files.fold(number).path, self.backend, self.device)

    def network(self, number: int) -> "StoredRun":
        """One network of a blend or an ensemble."""
        return StoredRun.open(self.files.network(number).path, self.backend, self.device)

    def _recorded(self, read: Callable[[RunFolder], pl.DataFrame | None]) -> pl.DataFrame | None:
        """A table that few runs have; those of folds below each other."""
        if not self.files.is_cross_validated:
            return read(self.files)
        frames = {int(fold.path.name): read(fold) for fold in self.files.folds}
        present = {number: frame for number, frame in frames.items() if frame is not None}
        return join_folds(present) if present else None

    def save(self, folder: RunFolder) -> None:
        """Copy the files of the run."""
        for name in self.files.file_names():
            source, copy = self.files.path / name, folder.path / name
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".*"))
            else:
                shutil.copy2(source, copy)
