"""All that the folder of a sweep has of its trials: the table, and the journal beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nettrain.store.journal import read_journal
from nettrain.sweep.messages import TrialResult
from nettrain.workflow.report.sweep import ReportedTrial, SweepReport


@dataclass(frozen=True)
class TrialRecord:
    """A trial, the metric at each epoch at which it was compared, its seconds, and why it failed."""

    trial: ReportedTrial
    rungs: Mapping[int, float]
    seconds: float
    message: str


@dataclass(frozen=True)
class SweepTimes:
    """When (seconds since 1970) a sweep began and ended, by what it took and by its journal's last change."""

    began: float
    ended: float

    @classmethod
    def of(cls, report: SweepReport) -> "SweepTimes":
        """The times of the sweep in a folder."""
        ended = report.folder.journal.stat().st_mtime
        return cls(ended - report.summary["timing"]["total_seconds"], ended)


def trial_records(report: SweepReport) -> Sequence[TrialRecord]:
    """The trials of a sweep, in the order of their numbers."""
    entries = read_journal(report.folder.journal)
    kept = [{k: v for k, v in one.items() if k != "kind"} for one in entries if one["kind"] == "trial"]
    results = {one.trial: one for one in map(TrialResult.from_entry, kept)}
    trials = sorted(report.trials, key=lambda trial: trial.number)
    return [
        TrialRecord(trial, result.rungs, result.seconds, result.message)
        for trial in trials
        if (result := results.get(trial.number)) is not None
    ]
