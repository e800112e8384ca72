"""Runs and sweeps that have been trained, written as events for TensorBoard."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nettrain.data.tables.table import counted
from nettrain.errors import SpecError
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.files import create_folder
from nettrain.store.journal import JournalEntry, read_journal
from nettrain.store.run_folder import RunFolder
from nettrain.workflow.report.sweep import SweepReport, is_sweep, report_on_sweep
from nettrain.workflow.tensorboard.joint import config_summary
from nettrain.workflow.tensorboard.sessions import SessionTable, TrialTimes, write_rungs, write_trial
from nettrain.workflow.tensorboard.stored import event_name, write_run


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
    files = RunFolder(path) if RunFolder(path).is_ensemble else RunFolder.open_started(path)
    if not (files.history.is_file() or files.folds or files.networks):
        raise SpecError(f"{path}: has no history yet")
    place = _cleared(logs, event_name(path), path)
    return ExportedEvents(path, place.path, write_run(files, place, place.path.name), "network")


def _cleared(logs: Path, name: str, source: Path) -> LogFolder:
    place = LogFolder.of(logs, name, source)
    place.clear()
    return place


def _write_sweep(report: SweepReport, place: LogFolder) -> int:
    """Write the table of a sweep, and how each of its trials ended."""
    ended = report.folder.journal.stat().st_mtime
    began = ended - report.summary["timing"]["total_seconds"]
    table, metric = SessionTable(report.parameters), report.summary["metric"]
    root = place.file(clock=lambda: began)
    root.add(began, 0, config_summary(to_yaml(Experiment.model_validate(report.experiment))))
    root.add(began, 0, table.summary(_figures(report), metric, began))
    root.flush()
    entries = _results(report.folder.journal)
    for trial in report.trials:
        entry = entries.get(trial.number, {})
        times = TrialTimes(began, began + float(entry.get("seconds", 0.0)))
        rungs = {int(epoch): figure for epoch, figure in entry.get("rungs", {}).items()}
        write_rungs(place, trial.number, metric, rungs, times)
        write_trial(place, table, trial, times)
    return len(report.trials)


def _figures(report: SweepReport) -> list[str]:
    """The names of all figures of trials, those of deviations over folds included."""
    named = {name: None for one in report.trials for name in one.figures}
    return [*named, *{f"{name}_sd": None for one in report.trials for name in one.sd}]


def _results(journal: Path) -> Mapping[int, JournalEntry]:
    """The results in a journal by trial, the latest of each."""
    return {int(one["trial"]): one for one in read_journal(journal) if one["kind"] == "trial"}
