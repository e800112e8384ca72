"""The folder of a sweep, `sweeps/<experiment>/`, in which the same sweep can be continued."""

from dataclasses import dataclass
from pathlib import Path

from nettrain.errors import SpecError
from nettrain.files import create_folder
from nettrain.store import journal
from nettrain.store.stored_file import refuse_other_kinds


@dataclass(frozen=True)
class SweepFolder:
    """The paths of a sweep's files."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "SweepFolder":
        """The folder of a sweep, created if need be. Raises SpecError when something else is there."""
        folder = cls(path)
        create_folder(folder.path)
        others = [path.name for path in folder.path.iterdir() if not path.name.startswith(".")]
        if others and not folder.journal.is_file():
            missing = f"holds {others[0]} but no {folder.journal.name}"
            raise SpecError(f"{folder.path}: {missing}, so it is not the folder of a sweep")
        refuse_other_kinds(folder.files)
        return folder

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that a sweep writes."""
        tables = self.journal, self.trials, self.timing, self.best, self.summary
        return *tables, self.picture, self.effects, self.front_picture, self.exchanges

    def file_names(self) -> list[str]:
        """The names of its files; hidden ones are left out."""
        return sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))

    def remove_if_empty(self, *, is_first: bool) -> None:
        """Remove the folder if it is empty, and the one around it if there was none before this sweep."""
        for path in (self.path, *([self.path.parent] if is_first else [])):
            if any(path.iterdir()):
                return
            path.rmdir()

    @property
    def journal(self) -> Path:
        return self.path / journal.NAME

    @property
    def trials(self) -> Path:
        return self.path / "trials.csv"

    @property
    def timing(self) -> Path:
        return self.path / "timing.csv"

    @property
    def best(self) -> Path:
        return self.path / "best.yaml"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def picture(self) -> Path:
        return self.path / "parameters.png"

    @property
    def effects(self) -> Path:
        """What mattered for the first goal."""
        return self.path / "importance.png"

    def effects_for(self, metric: str) -> Path:
        """What mattered for a further goal."""
        return self.path / f"importance_{metric}.png"

    @property
    def front_picture(self) -> Path:
        return self.path / "front.png"

    @property
    def front(self) -> Path:
        """The experiments of the trials on the Pareto front, where a sweep has several goals."""
        return self.path / "front"

    @property
    def exchanges(self) -> Path:
        """Which trials took over the weights of others, where the method of search has it."""
        return self.path / "population.csv"

    @property
    def best_run(self) -> Path:
        """The run folder of the best network, where it cannot be trained again from an experiment."""
        return self.path / "best"

    @property
    def networks(self) -> Path:
        """The networks of trials while their populations train."""
        return self.path / ".networks"

    @property
    def data(self) -> Path:
        """A folder for arrays that the workers share, which exists only while they work."""
        return self.path / ".data"
