"""The folder of a tuning, `tunes/<experiment>/`: that of a sweep, with what came of it beside."""

from dataclasses import dataclass
from pathlib import Path

from nettrain.files import safe_name
from nettrain.store.run_folder import TUNED, RunFolder
from nettrain.store.sweep_folder import SweepFolder


@dataclass(frozen=True)
class TuneFolder:
    """The paths of a tuning's files; those of its search are a sweep's."""

    path: Path

    @staticmethod
    def named(parent: Path, experiment: str) -> "TuneFolder":
        """The folder of an experiment's tuning, in which the same one goes on."""
        return TuneFolder(parent / safe_name(experiment))

    @staticmethod
    def at(path: Path) -> "TuneFolder | None":
        """The folder of a tuning that has begun at this path, None when there is none."""
        folder = TuneFolder(path)
        begun = folder.experiment.is_file() and folder.sweep.journal.is_file()
        return folder if begun else None

    @property
    def sweep(self) -> SweepFolder:
        """The files of the search."""
        return SweepFolder(self.path)

    @property
    def experiment(self) -> Path:
        """What is searched: the experiment with its `sweep` block."""
        return self.path / "experiment.yaml"

    @property
    def summary(self) -> Path:
        return self.path / TUNED

    @property
    def networks(self) -> Path:
        """The networks of the trials that came to their end."""
        return self.path / ".networks"

    @property
    def ensemble(self) -> RunFolder:
        """The run of the ensemble."""
        return RunFolder(self.path / "ensemble")
