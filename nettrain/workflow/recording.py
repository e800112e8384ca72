"""Where the history, checkpoints and results of a training go."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from nettrain.data.preprocessing import Preprocessing
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.store.checkpointer import Checkpointer
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.store.history import HistoryRow, HistoryWriter
from nettrain.store.model_file import write_model
from nettrain.store.postprocessing import write_postprocessing
from nettrain.store.preprocessing_file import write_preprocessing
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.seal import seal_fold
from nettrain.store.summary import RunSummary
from nettrain.training.events import EpochDone
from nettrain.training.resumption.state import TrainingState

if TYPE_CHECKING:
    import polars as pl


class RunRecorder(Protocol):
    """Records a training while it goes on and when it ends."""

    @property
    def folder(self) -> RunFolder | None:
        """The run folder, if there is one."""

    @property
    def rows(self) -> Sequence[HistoryRow]:
        """Rows of the history for drawing: all of a short run, a sample of a long one."""

    @property
    def diagnostics(self) -> Sequence[DiagnosticsRow]:
        """Rows of the diagnostics for drawing, like those of the history."""

    @property
    def steps(self) -> "pl.DataFrame | None":
        """The steps so far, if they are recorded; a column member is there if there are several."""

    def add_follower(self, flush: Callable[[], None]) -> None:
        """Have this called whenever files are written, before the state from which a run is resumed."""

    def epoch(self, event: EpochDone) -> None:
        """Record an epoch."""

    def wait(self) -> None:
        """Wait for files that are being written."""

    def end(self) -> None:
        """Record the final state of the training."""

    def last_state(self, member: int) -> TrainingState | None:
        """The last recorded state of a diverged member before it diverged, None when there is none."""

    def networks(self, plan: Architecture, networks: TrainedNetworks, preprocessing: Preprocessing) -> None:
        """Record the final networks and the preprocessing of their inputs."""

    def summary(self, summary: RunSummary) -> None:
        """Record how the run has ended."""


class FolderRecorder:
    """Writes the files of a run folder."""

    def __init__(self, folder: RunFolder, history: HistoryWriter, checkpointer: Checkpointer) -> None:
        self._folder, self._history, self._checkpointer = folder, history, checkpointer

    @property
    def folder(self) -> RunFolder | None:
        return self._folder

    @property
    def rows(self) -> Sequence[HistoryRow]:
        return self._history.rows

    @property
    def diagnostics(self) -> Sequence[DiagnosticsRow]:
        return self._history.diagnostics.rows

    @property
    def steps(self) -> "pl.DataFrame | None":
        from nettrain.workflow.steps import read_steps

        self._history.flush()
        return read_steps(self._folder.steps)

    def add_follower(self, flush: Callable[[], None]) -> None:
        self._history.followers.append(flush)

    def epoch(self, event: EpochDone) -> None:
        self._history.add(event)
        self._checkpointer.save_if_due()

    def wait(self) -> None:
        self._checkpointer.wait()

    def end(self) -> None:
        self._checkpointer.save_final()

    def last_state(self, member: int) -> TrainingState | None:
        return self._checkpointer.last_state(member)

    def networks(self, plan: Architecture, networks: TrainedNetworks, preprocessing: Preprocessing) -> None:
        write_model(self._folder.model, plan, networks.parameters, networks.statistics)
        write_preprocessing(self._folder.preprocessing, preprocessing)
        write_postprocessing(self._folder.postprocessing, networks.postprocessing)
        self._history.flush()

    def summary(self, summary: RunSummary) -> None:
        write_json(self._folder.summary, summary)
        if self._folder.is_fold and summary["status"] != "interrupted":
            seal_fold(self._folder, self._checkpointer.fingerprint)
