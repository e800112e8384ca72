"""What a finished run left behind, ready to predict and to be measured."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import numpy as np

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.backend.choose import open_backend
from nettrain.backend.pool import Pool
from nettrain.catalogue.metrics import Task
from nettrain.data.preprocessing import Preprocessing
from nettrain.errors import BackendError, SpecError, nearest
from nettrain.experiment.load import read, validate
from nettrain.experiment.resolution import resolve
from nettrain.experiment.settings import BackendSettings, Experiment
from nettrain.experiment.task import task_of
from nettrain.model.architecture import Architecture
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
    fallback_note: str = ""  # of its own backend: why another one answers

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
    def warnings(self) -> list[str]:
        """What a person should know before trusting its answers."""
        return [*([self.fallback_note] if self.fallback_note else []), *self._doubts]

    @property
    def _doubts(self) -> list[str]:
        if not self.folder.summary.is_file():
            return [f"{self.folder.path} has not come to its end"]
        if read_json(self.folder.summary).get("status") == "diverged":
            return [f"{self.folder.path} diverged; its last good weights answer"]
        return []

    def select_members(self, member: int | None = None) -> "TrainedRun":
        """The run with those members alone that answer: with several it is the mean of their responses.

        One that was asked for; otherwise all of an ensemble or of snapshots that have not diverged, and the
        first of a repeat. Raises SpecError when there is no such member, or it has diverged.
        """
        count = len(self.parameters)
        sound = np.asarray(np.isfinite(self.parameters).all(axis=1))
        if member is None and self.experiment.training.averages_predictions:
            rows = np.flatnonzero(sound)
        elif member is None or 0 <= member < count:
            rows = np.array([member or 0])
        else:
            raise SpecError(f"--member: {member} is not there, {self.folder.path} has 0 to {count - 1}")
        if not sound[rows].all():
            raise SpecError(f"{self.folder.path}: member {rows[0]} diverged, choose another with --member")
        return replace(self, parameters=self.parameters[rows], statistics=self.statistics[rows])


def open_trained(path: Path, backend: str | None = None, device: int | None = None) -> TrainedRun:
    """The trained run in a folder, on a backend and device, its own unless told.

    When its own backend is not there, NumPy answers and a caution says so. Raises SpecError when the run is
    unfinished or all of it has diverged, BackendError when the backend that was asked for is not there.
    """
    folder = RunFolder.open(path)
    plan, parameters, statistics = read_model(folder.model)
    preprocessing = Preprocessing.from_json(read_json(folder.preprocessing))
    experiment = _placed(validate(read(folder.config)), backend, device)
    if plan.inputs != preprocessing.inputs:
        raise SpecError(f"{path}: its model and its preprocessing belong to different runs")
    if not np.isfinite(parameters).all(axis=1).any():
        raise SpecError(f"{path}: the run diverged, its weights are not numbers")
    opened, fallback_note = _opened(experiment.backend, asked=backend is not None)
    return TrainedRun(experiment, plan, parameters, statistics, preprocessing, opened, folder, fallback_note)


def _placed(experiment: Experiment, backend: str | None, device: int | None) -> Experiment:
    """A run's resolved experiment, with the backend and the device that somebody asks for."""
    names = get_args(BackendSettings.model_fields["name"].annotation)
    if backend is not None and backend not in names:
        raise SpecError(f'--backend: unknown "{backend}"{nearest(backend, names)}')
    given = {"name": backend, "device": device}
    update = {key: value for key, value in given.items() if value is not None}
    place = experiment.backend.model_copy(update=update)
    return resolve(experiment.model_copy(update={"backend": place}))


def _opened(place: BackendSettings, *, asked: bool) -> tuple[Backend, str]:
    """A backend and, when it is NumPy because the run's own is not there, what to say of that."""
    threads = 1 if place.threads == "auto" else place.threads  # a run writes a number, a person may not
    tf32 = place.tf32 and place.name == "cupy"
    numbers: Any = {"dtype": place.dtype, "threads": threads}
    try:
        return open_backend(place.name, **numbers, device=place.device, tf32=tf32), ""
    except BackendError as error:
        if asked:
            raise
        why = str(error).removeprefix("backend.name: ")
        return open_backend("numpy", **numbers), f"numpy answers for {place.name}, which trained it: {why}"
