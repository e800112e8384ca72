"""An ensemble of different networks, loaded from its folder, whose weighted mean predicts.

`ensemble.json` says how often each network counts; the networks are runs in folders of their own, below
`networks/`, or where they were trained on folds, the runs of each fold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from nettrain.experiment.load import read, validate
from nettrain.store.joint_runs import JointRuns
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_file import read_stored
from nettrain.store.summary import read_summary
from nettrain.store.trained_run import TrainedRun, open_trained

MOST_COUNTS = 10_000  # of one network


class EnsembleMember(TypedDict):
    """A network of an ensemble: the trial that trained it, and how often it counts."""

    network: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1, le=MOST_COUNTS)]


@with_config(ConfigDict(extra="forbid"))
class EnsembleJson(TypedDict):
    """`ensemble.json`: the networks, and the number of folds that each was trained on; 0 without folds."""

    folds: Annotated[int, Field(ge=0)]
    networks: Annotated[list[EnsembleMember], Field(min_length=1)]


@dataclass(frozen=True)
class TrainedEnsemble(JointRuns):
    """The trained runs of an ensemble, each as often as it counts; `folds` is 0 for runs of all rows."""

    folds: int = 0

    @property
    def shares_rows(self) -> bool:
        """Whether all of its networks were trained on the same rows."""
        return self.folds == 0

    @property
    def held_out_by(self) -> tuple[int, ...]:
        """The fold of each run."""
        folds = (run.experiment.data.folds for run in self.runs)
        return tuple(0 if one is None else one.take or 0 for one in folds)

    @property
    def part_folders(self) -> list[Path]:
        """The folder of each network, which has those of its folds."""
        each = super().part_folders
        return [path.parent.parent for path in each] if self.folds else each

    @property
    def parts(self) -> str:
        """What the runs are to each other."""
        return "networks"


def open_ensemble(path: Path, backend: str | None = None, device: int | None = None) -> TrainedEnsemble:
    """The ensemble in a folder, by default on the backend and device it was trained with.

    Raises SpecError when a network is missing or not finite.
    """
    folder = RunFolder(path)
    content = read_stored(folder.ensemble, EnsembleJson)
    runs = [
        run
        for one in content["networks"]
        for run in _runs(folder.network(one["network"]), backend, device)
        for _ in range(one["count"])
    ]
    experiment, summary = validate(read(folder.config)), read_summary(folder.summary)
    return TrainedEnsemble(experiment, tuple(runs), folder, summary, content["folds"])


def _runs(folder: RunFolder, backend: str | None, device: int | None) -> Iterator[TrainedRun]:
    """The run in a folder, or those of its folds."""
    for one in folder.folds or [folder]:
        yield open_trained(one.path, backend, device)
