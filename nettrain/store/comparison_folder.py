"""The folder of a comparison, `comparisons/<name>/`: its picture, figures, histories and experiments."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nettrain.errors import NettrainError
from nettrain.files import is_unused
from nettrain.store.run_folder import claim_folder


@dataclass(frozen=True)
class ComparisonFolder:
    """The paths of a comparison's files."""

    path: Path

    @classmethod
    @contextmanager
    def new(cls, parent: Path, name: str) -> Iterator["ComparisonFolder"]:
        """A new folder, locked while the context lasts; `-2`, `-3`… is added to a name that is taken.

        It does not stay when an error or a signal ends the context before anything was written.
        """
        is_first = not parent.exists()
        with ExitStack() as stack:
            path, _ = claim_folder(parent, name, stack)
            try:
                yield cls(path)
            except (NettrainError, KeyboardInterrupt):
                if is_unused(path):
                    shutil.rmtree(path, ignore_errors=True)
                    if is_first and not any(parent.iterdir()):
                        parent.rmdir()
                raise

    @property
    def picture(self) -> Path:
        return self.path / "compare.png"

    @property
    def boundary(self) -> Path:
        return self.path / "boundary.png"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def diagnostics(self) -> Path:
        return self.path / "diagnostics.csv"

    @property
    def runs(self) -> Path:
        return self.path / "runs.csv"

    @property
    def experiments(self) -> Path:
        """The folder with an experiment file for each entry, of which the same comparison can be made."""
        return self.path / "experiments"

    def file_names(self) -> list[str]:
        """The names of its files; hidden ones are left out."""
        return sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
