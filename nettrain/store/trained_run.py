"""A finished run, loaded from its folder to predict and to be evaluated."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import get_args

import numpy as np

from nettrain.backend.base import Backend, HostArray
from nettrain.backend.choose import open_backend
from nettrain.catalogue.metrics import Task
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.table import counted
from nettrain.errors import BackendError, SpecError, StoredFileError, nearest
from nettrain.experiment.load import read, validate
from nettrain.experiment.resolution import resolve
from nettrain.experiment.settings import BackendSettings, Experiment
from nettrain.experiment.task import outputs_of, source_columns, task_of
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.inference.postprocessing import Postprocessing
from nettrain.model.architecture import Architecture
from nettrain.store.model_file import read_model
from nettrain.store.postprocessing import AppliedPostprocessing, applied_json, read_postprocessing
from nettrain.store.preprocessing_file import read_preprocessing
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary, read_summary


@dataclass(frozen=True)
class TrainedRun:
    """Experiment, architecture, parameters (R, P), statistics (R, Q), preprocessing and backend of a run.

    `postprocessing` has the calibration and the thresholds of a run that asks for them.
    """

    experiment: Experiment
    architecture: Architecture
    parameters: HostArray
    statistics: HostArray
    preprocessing: Preprocessing
    backend: Backend
    postprocessing: Postprocessing | None = None
    folder: RunFolder | None = field(default=None, repr=False)
    summary: RunSummary | None = field(default=None, repr=False)
    fallback_note: str = ""  # why NumPy computes in place of the run's backend

    def __post_init__(self) -> None:
        asked, there = self.experiment.postprocesses, self.postprocessing is not None
        assert asked == there, "a run predicts by what was fitted after its training"

    @property
    def runs(self) -> tuple["TrainedRun", ...]:
        """The runs whose mean predicts: this one alone, see `TrainedFolds`."""
        return (self,)

    @property
    def shares_rows(self) -> bool:
        """Whether all runs have the same rows of each split: there is one alone."""
        return True

    @property
    def held_out_by(self) -> tuple[int, ...]:
        """As `JointRuns.held_out_by`: one run held out one set of rows."""
        return (0,)

    def alone(self) -> "TrainedRun":
        """This run, for what needs the networks of one training."""
        return self

    @property
    def name(self) -> str:
        """What messages call the run: its folder, or its experiment where there is none."""
        return str(self.folder.path) if self.folder else self.experiment.experiment

    @property
    def task(self) -> Task:
        """Targets, classes, whether predictions are probabilities, and the thresholds of decisions."""
        task = task_of(self.preprocessing, self.experiment)
        return task if self.postprocessing is None else self.postprocessing.rule.task(task)

    @property
    def applied(self) -> AppliedPostprocessing | None:
        """What is done with predictions, of all networks together or of the first one; None if nothing."""
        return None if self.postprocessing is None else applied_json(self.postprocessing, self.task)

    @property
    def numeric_classes(self) -> bool:
        """Whether the classes are numbers."""
        return self.preprocessing.target.numeric

    @cached_property
    def networks(self) -> TrainedNetworks:
        """Its networks, with the backend that computes their predictions."""
        model = Model(self.experiment, task_of(self.preprocessing, self.experiment), self.architecture)
        arrays = self.parameters, self.statistics
        return TrainedNetworks.stored(model, self.backend, *arrays, self.postprocessing)

    def deciding_by(self, thresholds: tuple[float, ...]) -> "TrainedRun":
        """The run with other thresholds in place of its own, if it has any."""
        fitted = self.postprocessing
        return self if fitted is None else replace(self, postprocessing=fitted.deciding_by(thresholds))

    @property
    def warnings(self) -> list[str]:
        """What a user should know before trusting the predictions."""
        return [*([self.fallback_note] if self.fallback_note else []), *self._status_warnings]

    @property
    def _status_warnings(self) -> list[str]:
        if self.summary is None:
            return [f"{self.name} has not finished training"]
        if self.summary["status"] == "diverged":
            return [f"{self.name} diverged; predictions come from its last good weights"]
        return []

    def select_members(self, member: int | None = None) -> "TrainedRun":
        """The run with only the members that predict; several predict the mean.

        That is the given `member`, otherwise all members of an ensemble or snapshots that did not diverge, or
        the first of a repeat. Raises SpecError when there is no such member, or it diverged.
        """
        count = len(self.parameters)
        finite = np.asarray(np.isfinite(self.parameters).all(axis=1))
        if member is None and self.experiment.training.averages_predictions:
            rows = np.flatnonzero(finite)
        elif member is None or 0 <= member < count:
            rows = np.array([member or 0])
        else:
            raise SpecError(f"--member: {member} is not there, {self.name} has 0 to {count - 1}")
        if not finite[rows].all():
            raise SpecError(f"{self.name}: member {rows[0]} diverged, choose another with --member")
        if len(rows) == count and self.postprocessing is None:
            return self  # whose networks are made once
        rules = self.postprocessing and self.postprocessing.select(rows.tolist())
        parameters, statistics = self.parameters[rows], self.statistics[rows]
        return replace(self, parameters=parameters, statistics=statistics, postprocessing=rules)


def open_trained(path: Path, backend: str | None = None, device: int | None = None) -> TrainedRun:
    """The trained run in a folder, by default on the backend and device it was trained with.

    When that backend is not available, NumPy computes and a warning says so. Raises SpecError when the run is
    unfinished or all members diverged, BackendError when the given `backend` is not available.
    """
    folder = RunFolder.open(path)
    architecture, parameters, statistics = read_model(folder.model)
    preprocessing = read_preprocessing(folder.preprocessing)
    experiment = _with_backend(validate(read(folder.config)), backend, device)
    _check_model(folder, architecture, preprocessing, experiment)
    if not np.isfinite(parameters).all(axis=1).any():
        raise SpecError(f"{path}: the run diverged, its weights are not finite")
    task = task_of(preprocessing, experiment)
    rules = read_postprocessing(folder.postprocessing, experiment, task, len(parameters))
    summary = read_summary(folder.summary)
    opened, note = _open_or_numpy(experiment.backend, required=backend is not None)
    return TrainedRun(
        experiment, architecture, parameters, statistics, preprocessing, opened, rules, folder, summary, note
    )


def _check_model(
    folder: RunFolder, architecture: Architecture, preprocessing: Preprocessing, experiment: Experiment
) -> None:
    """Raise StoredFileError when a model and what goes with it belong to different runs."""
    if isinstance(experiment.loss, str):
        raise StoredFileError(f"{folder.config}: loss: {experiment.loss} is not what a trained run has")
    outputs = outputs_of(experiment, preprocessing)
    if architecture.outputs != outputs:
        there = f"has {counted(architecture.outputs, 'output')}, the run has {outputs}"
        raise StoredFileError(f"{folder.model}: {there} by config.yaml and {folder.preprocessing.name}")
    if architecture.inputs != preprocessing.inputs:
        there = f"has {counted(architecture.inputs, 'input')}, {folder.preprocessing.name} makes"
        raise StoredFileError(f"{folder.model}: {there} {preprocessing.inputs}")
    if architecture.columns and architecture.columns != source_columns(preprocessing):
        raise StoredFileError(f"{folder.model}: its columns are not those of {folder.preprocessing.name}")


def _with_backend(experiment: Experiment, backend: str | None, device: int | None) -> Experiment:
    """The resolved experiment, with another backend and device where they are given."""
    names = get_args(BackendSettings.model_fields["name"].annotation)
    if backend is not None and backend not in names:
        raise SpecError(f'--backend: unknown "{backend}"{nearest(backend, names)}')
    arguments = {"name": backend, "device": device}
    update = {key: value for key, value in arguments.items() if value is not None}
    settings = experiment.backend.model_copy(update=update)
    return resolve(experiment.model_copy(update={"backend": settings}))


def _open_or_numpy(settings: BackendSettings, *, required: bool) -> tuple[Backend, str]:
    """The backend; or NumPy and a note, when it is not available and not `required`."""
    dtype = settings.dtype
    threads = 1 if settings.threads == "auto" else settings.threads  # a number, unless the config was edited
    tf32 = settings.tf32 and settings.name == "cupy"
    try:
        opened = open_backend(settings.name, dtype=dtype, threads=threads, device=settings.device, tf32=tf32)
    except BackendError as error:
        if required:
            raise
        reason = str(error).removeprefix("backend.name: ")
        note = f"numpy computes in place of {settings.name}, which trained it: {reason}"
        return open_backend("numpy", dtype=dtype, threads=threads), note
    return opened, ""
