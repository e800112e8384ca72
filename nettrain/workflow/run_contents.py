"""What a run consists of, in memory or in its folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from nettrain.experiment.settings import Experiment
    from nettrain.store.run_folder import RunFolder
    from nettrain.store.summary import RunSummary
    from nettrain.store.trained_folds import Predictor


class RunContents(Protocol):
    """The results of a run, in memory or in its folder."""

    @property
    def folder(self) -> Path | None: ...
    @property
    def summary(self) -> "RunSummary": ...
    @property
    def experiment(self) -> "Experiment": ...
    @property
    def predictor(self) -> "Predictor": ...
    @property
    def folds(self) -> "pl.DataFrame | None": ...
    @property
    def out_of_fold(self) -> "pl.DataFrame | None": ...
    def fold(self, number: int) -> "RunContents":
        """The results of one fold. Raises SpecError when there is no such fold."""
        ...

    def network(self, number: int) -> "RunContents":
        """The results of one network of a blend or an ensemble. Raises SpecError when there is none."""
        ...

    @property
    def history(self) -> "pl.DataFrame": ...
    @property
    def diagnostics(self) -> "pl.DataFrame | None": ...
    @property
    def steps(self) -> "pl.DataFrame | None": ...

    def save(self, folder: "RunFolder") -> None:
        """Write all files of the run into an empty folder."""
