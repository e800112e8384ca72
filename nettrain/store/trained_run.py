"""What a finished run left behind, ready to predict and to be measured."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.backend.choose import open_backend
from nettrain.catalogue.metrics import Task
from nettrain.data.preprocessing import Preprocessing
from nettrain.engine.build import task_of
from nettrain.engine.population import Pool
from nettrain.errors import SpecError
from nettrain.model.architecture import Architecture
from nettrain.spec.experiment import Experiment
from nettrain.spec.load import check, read, resolved
from nettrain.store.model_file import read_model
from nettrain.store.run_folder import RunFolder, read_json


@dataclass(frozen=True)
class TrainedRun:
    """A run's experiment, architecture, parameters (R, P), statistics (R, Q), preprocessing and backend."""

    experiment: Experiment
    plan: Architecture
    parameters: HostArray
    statistics: HostArray
    preprocessing: Preprocessing
    backend: Backend
    folder: RunFolder = field(repr=False)

    @property
    def task(self) -> Task:
        """What it predicts."""
        return task_of(self.preprocessing, self.experiment)

    @property
    def target_scale(self) -> Array:
        """What differences of scaled targets are multiplied by (K,)."""
        return self.backend.from_host(np.asarray(self.preprocessing.target_scale, dtype=float))

    @property
    def numeric_classes(self) -> bool:
        """Whether its classes are numbers."""
        return self.preprocessing.target.numeric

    @cached_property
    def pool(self) -> Pool:
        """Scratch memory."""
        return Pool(self.backend)

    @property
    def cautions(self) -> list[str]:
        """What a person should know before trusting its answers."""
        if not self.folder.summary.is_file():
            return [f"{self.folder.path} has not come to its end"]
        if read_json(self.folder.summary).get("status") == "diverged":
            return [f"{self.folder.path} diverged; its last good weights answer"]
        return []

    def answering(self, member: int | None = None) -> "TrainedRun":
        """The run with those members alone that answer: with several it is the mean of their responses.

        One that was asked for; otherwise all of an ensemble or of snapshots that have not diverged, and the
        first of a repeat. Raises SpecError when there is no such member, or it has diverged.
        """
        count = len(self.parameters)
        sound = np.asarray(np.isfinite(self.parameters).all(axis=1))
        if member is None and self.experiment.training.answers_as_one:
            rows = np.flatnonzero(sound)
        elif member is None or 0 <= member < count:
            rows = np.array([member or 0])
        else:
            raise SpecError(f"--member: {member} is not there, {self.folder.path} has 0 to {count - 1}")
        if not sound[rows].all():
            raise SpecError(f"{self.folder.path}: member {rows[0]} diverged, choose another with --member")
        return replace(self, parameters=self.parameters[rows], statistics=self.statistics[rows])


def open_trained(path: Path) -> TrainedRun:
    """The trained run in a folder. Raises SpecError when it is unfinished or all of it has diverged."""
    folder = RunFolder.open(path)
    plan, parameters, statistics = read_model(folder.model)
    preprocessing = Preprocessing.from_json(read_json(folder.preprocessing))
    experiment = resolved(check(read(folder.config)))
    if plan.inputs != preprocessing.inputs:
        raise SpecError(f"{path}: its model and its preprocessing belong to different runs")
    if not np.isfinite(parameters).all(axis=1).any():
        raise SpecError(f"{path}: the run diverged, its weights are not numbers")
    place = experiment.backend
    threads = 1 if place.threads == "auto" else place.threads  # a run writes a number, a person may not
    backend = open_backend("numpy", dtype=place.dtype, threads=threads)
    return TrainedRun(experiment, plan, parameters, statistics, preprocessing, backend, folder)
