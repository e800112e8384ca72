"""Several trained runs that predict together, each with its own preprocessing."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from nettrain.catalogue.metrics import Task
from nettrain.data.preprocessing import Preprocessing
from nettrain.errors import SpecError
from nettrain.experiment.mistaken_files import enumerated
from nettrain.experiment.settings import Experiment
from nettrain.inference.postprocessing import joint_task
from nettrain.store.postprocessing import AppliedPostprocessing, joint_applied
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary
from nettrain.store.trained_run import TrainedRun


@dataclass(frozen=True)
class JointRuns:
    """Trained runs: the mean of their predictions counts. One that is there twice counts twice."""

    experiment: Experiment
    runs: tuple[TrainedRun, ...]
    folder: RunFolder | None = field(default=None, repr=False)
    summary: RunSummary | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What messages call the run: its folder, or its experiment where there is none."""
        return str(self.folder.path) if self.folder else self.experiment.experiment

    @property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing of the first run: columns, targets and classes are the same in all."""
        return self.runs[0].preprocessing

    @property
    def task(self) -> Task:
        """Targets, classes and whether predictions are probabilities; units are those of the first run.

        Thresholds are the means of the runs'.
        """
        return joint_task([run.task for run in self.runs])

    @property
    def applied(self) -> AppliedPostprocessing | None:
        """What is done with predictions: each run calibrates its own, a mean threshold decides."""
        each = zip(self.held_out_by, (run.applied for run in self.runs), strict=True)
        present = [(fold, one) for fold, one in each if one is not None]
        if not present:
            return None
        return joint_applied([one for _, one in present], [fold for fold, _ in present])

    @property
    def numeric_classes(self) -> bool:
        """Whether the classes are numbers."""
        return self.runs[0].numeric_classes

    @property
    def shares_rows(self) -> bool:
        """Whether all runs have the same rows of each split, as those of folds have not."""
        return False

    @property
    def held_out_by(self) -> tuple[int, ...]:
        """For each run the number of the rows that it held out: those with one number held out the same."""
        return tuple(range(len(self.runs)))

    @property
    def warnings(self) -> list[str]:
        """What a user should know before trusting the predictions."""
        fallback = {one.fallback_note: None for one in self.runs if one.fallback_note}
        return [*fallback, *([] if self.summary else [f"{self.name} has not finished training"])]

    @property
    def parts(self) -> str:
        """What the runs are to each other."""
        return "folds"

    def select_members(self, member: int | None = None) -> Self:
        """The networks of each run that predict. Raises SpecError for a `member`."""
        if member is not None:
            raise SpecError(f"--member: {self.name} has {self.parts}, not members; {self._advice}")
        selected = {id(run): run.select_members() for run in self.runs}
        return replace(self, runs=tuple(selected[id(run)] for run in self.runs))

    def alone(self) -> TrainedRun:
        """Raises SpecError, as it is for what needs the networks of one training."""
        raise SpecError(f"{self.name}: has {self.parts} that predict together; {self._advice}")

    @property
    def part_folders(self) -> list[Path]:
        """The folder of each part, as far as there are some."""
        return [run.folder.path for run in self.runs if run.folder]

    @property
    def _advice(self) -> str:
        folders = list(dict.fromkeys(str(path) for path in self.part_folders))
        each = f"each {self.parts.removesuffix('s')} is a run"
        return f"{each}: name one of {enumerated(folders)}" if folders else each
