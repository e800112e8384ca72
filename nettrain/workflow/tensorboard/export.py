"""Runs and sweeps that have been trained, written as events for TensorBoard."""

from dataclasses import dataclass
from pathlib import Path

from nettrain.data.tables.table import counted
from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.files import create_folder
from nettrain.store.run_folder import RunFolder
from nettrain.workflow.report.sweep import SweepReport, is_sweep, report_on_sweep
from nettrain.workflow.stored_names import run_name
from nettrain.workflow.tensorboard.joint import config_summary
from nettrain.workflow.tensorboard.sessions import SessionTable, TrialTimes, write_rungs, write_trial
from nettrain.workflow.tensorboard.stored import write_run
from nettrain.workflow.trial_records import SweepTimes, trial_records


@dataclass(frozen=True)
class ExportedEvents:
    """The events of a run or a sweep: their folder, and of how many `parts` they are, networks or trials."""

    run: Path
    folder: Path
    parts: int
    part: str

    @property
    def what(self) -> str:
        """What they are."""
        return f"events of {counted(self.parts, self.part)}"

    @property
    def plain(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return {"run": str(self.run), "what": self.what, "folder": str(self.folder), "parts": self.parts}


def export_events(path: Path, logs: Path) -> ExportedEvents:
    """Write the events of the run or sweep in a folder into a folder in `logs`; earlier ones are replaced.

    A run need not have ended. Raises SpecError when there is neither, or `logs` is a file, NettrainError when
    it cannot be written.
    """
    create_folder(logs)
    if is_sweep(path):
        report = report_on_sweep(path)
        place = _cleared(logs, path.resolve().name, path)
        return ExportedEvents(path, place.path, _write_sweep(report, place), "trial")
    files = RunFolder.open_started(path)
    if not (files.history.is_file() or files.folds or files.networks):
        raise SpecError(f"{path}: has no history yet")
    place = _cleared(logs, run_name(path), path)
    return ExportedEvents(path, place.path, write_run(files, place, place.path.name), "network")


def _cleared(logs: Path, name: str, source: Path) -> LogFolder:
    place = LogFolder.of(logs, name, source)
    place.clear()
    return place


def _write_sweep(report: SweepReport, place: LogFolder) -> int:
    """Write the table of a sweep, and how each of its trials ended."""
    when, metric = SweepTimes.of(report), report.summary["metric"]
    table, root = SessionTable(report.parameters), place.file(clock=lambda: when.began)
    root.add(when.began, 0, config_summary(to_yaml(Experiment.model_validate(report.experiment))))
    root.add(when.began, 0, table.summary(_figures(report), metric, when.began))
    root.flush()
    for record in trial_records(report):
        times = TrialTimes(when.began, when.began + record.seconds)
        write_rungs(place, record.trial.number, metric, record.rungs, times)
        write_trial(place, table, record.trial, times)
    return len(report.trials)


def _figures(report: SweepReport) -> list[str]:
    """The names of all figures of trials, those of deviations over folds included."""
    named = {name: None for one in report.trials for name in one.figures}
    return [*named, *{f"{name}_sd": None for one in report.trials for name in one.sd}]
