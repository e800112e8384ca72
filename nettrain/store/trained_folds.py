"""A cross-validated run, loaded from its folder: the runs of its folds, which predict together."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from nettrain.errors import SpecError
from nettrain.experiment.load import read, validate
from nettrain.store.joint_runs import JointRuns
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary, read_summary
from nettrain.store.trained_ensemble import TrainedEnsemble, open_ensemble
from nettrain.store.trained_run import TrainedRun, open_trained


@dataclass(frozen=True)
class TrainedFolds(JointRuns):
    """The trained runs of the folds, each with its own preprocessing: the mean of their predictions counts.

    `runs` are those that did not diverge; `diverged` is how many did.
    """

    diverged: int = 0

    @property
    def warnings(self) -> list[str]:
        """What a user should know before trusting the predictions."""
        count = len(self.runs) + self.diverged
        lost = [f"{self.name}: {self.diverged} of {count} folds diverged; the others predict"]
        return [*super().warnings, *(lost if self.diverged else [])]

    def alone(self) -> TrainedRun:
        """Raises SpecError, as it is for what needs the networks of one training."""
        raise SpecError(f"{self.name}: is cross-validated; {self._advice}")


Predictor: TypeAlias = TrainedRun | TrainedFolds | TrainedEnsemble


def open_predictor(path: Path, backend: str | None = None, device: int | None = None) -> Predictor:
    """The trained run in a folder, or those of its folds or of an ensemble, see `open_trained`."""
    folder = RunFolder(path)
    if folder.is_ensemble:
        return open_ensemble(path, backend, device)
    if folder.is_cross_validated:
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
