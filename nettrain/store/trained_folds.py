"""A cross-validated run, loaded from its folder: the runs of its folds, which predict together."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from nettrain.catalogue.metrics import Task
from nettrain.data.preprocessing import Preprocessing
from nettrain.errors import SpecError
from nettrain.experiment.load import read, validate
from nettrain.experiment.mistaken_files import enumerated
from nettrain.experiment.settings import Experiment
from nettrain.inference.postprocessing import joint_task
from nettrain.store.postprocessing import AppliedPostprocessing, joint_applied
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary, read_summary
from nettrain.store.trained_run import TrainedRun, open_trained


@dataclass(frozen=True)
class TrainedFolds:
    """The trained runs of the folds, each with its own preprocessing: the mean of their predictions counts.

    `runs` are those that did not diverge; `diverged` is how many did.
    """

    experiment: Experiment
    runs: tuple[TrainedRun, ...]
    folder: RunFolder | None = field(default=None, repr=False)
    summary: RunSummary | None = field(default=None, repr=False)
    diverged: int = 0

    @property
    def name(self) -> str:
        """What messages call the run: its folder, or its experiment where there is none."""
        return str(self.folder.path) if self.folder else self.experiment.experiment

    @property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing of the first fold: columns, targets and classes are the same in all."""
        return self.runs[0].preprocessing

    @property
    def task(self) -> Task:
        """Targets, classes and whether predictions are probabilities; units are those of the first fold.

        Thresholds are the means of the folds'.
        """
        return joint_task([run.task for run in self.runs])

    @property
    def applied(self) -> AppliedPostprocessing | None:
        """What is done with predictions: each fold calibrates its own, a mean threshold decides."""
        each = [run.applied for run in self.runs]
        present = [one for one in each if one is not None]
        return joint_applied(present) if present else None

    @property
    def numeric_classes(self) -> bool:
        """Whether the classes are numbers."""
        return self.runs[0].numeric_classes

    @property
    def warnings(self) -> list[str]:
        """What a user should know before trusting the predictions."""
        count = len(self.runs) + self.diverged
        lost = [f"{self.name}: {self.diverged} of {count} folds diverged; the others predict"]
        fallback = {one.fallback_note: None for one in self.runs if one.fallback_note}
        ended = [] if self.summary else [f"{self.name} has not finished training"]
        return [*fallback, *ended, *(lost if self.diverged else [])]

    def select_members(self, member: int | None = None) -> "TrainedFolds":
        """The networks of each fold that predict. Raises SpecError for a `member`: a fold is a run."""
        if member is not None:
            raise SpecError(f"--member: {self.name} has folds, not members; {self._advice}")
        return replace(self, runs=tuple(run.select_members() for run in self.runs))

    def alone(self) -> TrainedRun:
        """Raises SpecError, as it is for what needs the networks of one training."""
        raise SpecError(f"{self.name}: is cross-validated; {self._advice}")

    @property
    def _advice(self) -> str:
        folders = [str(run.folder.path) for run in self.runs if run.folder]
        return f"each fold is a run: name one of {enumerated(folders)}" if folders else "each fold is a run"


Predictor: TypeAlias = TrainedRun | TrainedFolds


def open_predictor(path: Path, backend: str | None = None, device: int | None = None) -> Predictor:
    """The trained run in a folder, or those of its folds if it is cross-validated, see `open_trained`."""
    if RunFolder(path).is_cross_validated:
        return open_folds(path, backend, device)
    return open_trained(path, backend, device)


def is_lost(summary: RunSummary) -> bool:
    """Whether a fold diverged, so that its networks do not predict: none has its best weights back."""
    return summary["status"] == "diverged" and not summary["restored_best"]


def open_folds(path: Path, backend: str | None = None, device: int | None = None) -> TrainedFolds:
    """The folds of a cross-validated run, by default on the backend and device they were trained with.

    Folds that diverged are left out. Raises SpecError when one is unfinished, or all diverged.
    """
    folder = RunFolder(path)
    summary = read_summary(folder.summary)
    runs, diverged = [], 0
    for fold in folder.folds:
        ended = read_summary(fold.summary)
        if ended is not None and is_lost(ended):
            diverged += 1
            continue
        runs.append(open_trained(fold.path, backend, device))
    if not runs:
        raise SpecError(f"{path}: all folds diverged, their weights are not finite")
    return TrainedFolds(validate(read(folder.config)), tuple(runs), folder, summary, diverged)
