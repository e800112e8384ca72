"""Runs and sweeps that have been trained, written into a store of MLflow."""

from dataclasses import dataclass
from pathlib import Path

from nettrain.data.tables.table import counted
from nettrain.errors import SpecError
from nettrain.experiment.load import read, validate
from nettrain.export.mlflow_store import TrackedRun, TrackingStore
from nettrain.store.run_folder import RunFolder
from nettrain.workflow.mlflow.runs import RunPlace, write_tracked_run
from nettrain.workflow.mlflow.sweeps import write_tracked_sweep
from nettrain.workflow.report.sweep import is_sweep, report_on_sweep
from nettrain.workflow.stored_names import run_name


@dataclass(frozen=True)
class ExportedTracking:
    """What was written into a store: the experiment, the run at the top, and how many there are in all."""

    run: Path
    store: str
    experiment: str
    tracked: TrackedRun
    runs: int

    @property
    def what(self) -> str:
        """What it is."""
        return f"{counted(self.runs, 'run')} of experiment {self.experiment}"

    @property
    def plain(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return {
            "run": str(self.run),
            "what": self.what,
            "store": self.store,
            "experiment": self.experiment,
            "run_id": self.tracked.identifier,
            "runs": self.runs,
        }


def export_tracking(path: Path, store: str) -> ExportedTracking:
    """Write the run or sweep in a folder into a store, a folder or an address; a run need not have ended.

    Raises SpecError when there is neither, or MLflow's client is not installed, NettrainError when the store
    refuses.
    """
    report = report_on_sweep(path) if is_sweep(path) else None
    files = RunFolder(path) if report else RunFolder.open_started(path)
    if not (report or files.history.is_file() or files.folds or files.networks):
        raise SpecError(f"{path}: has no history yet")
    name = report.name if report else validate(read(files.config)).experiment
    opened = TrackingStore(store)
    place = RunPlace(opened, opened.experiment(name))
    if report is not None:
        written = write_tracked_sweep(report, place, run_name(path))
    else:
        written = write_tracked_run(files, place, run_name(path))
    return ExportedTracking(path, opened.uri, name, written[0], len(written))
