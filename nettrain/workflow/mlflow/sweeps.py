"""A sweep in a store: a run with the best figures and the tables, and below it a run for each trial."""

from collections.abc import Iterator, Mapping

from nettrain.experiment.settings import Experiment
from nettrain.export.mlflow_store import TrackedFigure, TrackedRun, TrackingStatus
from nettrain.sweep.values import as_text
from nettrain.workflow.mlflow.runs import RunPlace, parameters
from nettrain.workflow.report.sweep import SweepReport
from nettrain.workflow.tensorboard.tags import Figures, final_figures, history_tag
from nettrain.workflow.trial_records import SweepTimes, TrialRecord, trial_records

FOLDER = "sweep"  # of artifacts
EPOCHS = "epochs"
STATUSES: Mapping[str, TrackingStatus] = {
    "finished": "FINISHED",
    "pruned": "KILLED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "infeasible": "KILLED",
}


def write_tracked_sweep(report: SweepReport, place: RunPlace, name: str) -> list[TrackedRun]:
    """Write a sweep and its trials; returns all runs, that of the sweep first."""
    times, summary = SweepTimes.of(report), report.summary
    counts = {f"trials.{status}": str(count) for status, count in summary["trials"].items()}
    tags = {"nettrain.folder": str(report.folder.path.resolve()), "metric": summary["metric"], **counts}
    run = place.begin(name, times.began, tags)
    run.add_parameters(parameters(Experiment.model_validate(report.experiment)))
    best = summary["best"]
    if best is not None:
        figures = {key: value for key, value in best["metrics"].items() if value is not None}
        run.add_figures(_tracked(final_figures(figures), best["trial"], times.ended))
    for path in report.folder.files:
        if path.is_file():
            run.add_file(path, FOLDER)
    below = place.below(run)
    trials = [_write_trial(one, below, report, times) for one in trial_records(report)]
    run.end("FINISHED" if summary["status"] == "finished" else "KILLED", times.ended)
    return [run, *trials]


def _write_trial(record: TrialRecord, place: RunPlace, report: SweepReport, times: SweepTimes) -> TrackedRun:
    trial = record.trial
    message = {"message": record.message} if record.message else {}
    run = place.begin(f"trial-{trial.number}", times.began, {"status": trial.status, **message})
    ended = times.began + record.seconds
    run.add_parameters({key: as_text(value) for key, value in trial.values.items()})
    run.add_figures(list(_figures(record, report.summary["metric"], ended)))
    run.end(STATUSES[trial.status], ended)
    return run


def _figures(record: TrialRecord, metric: str, ended: float) -> Iterator[TrackedFigure]:
    """The metric where the trial was compared, and its figures at the end."""
    trial, tag = record.trial, history_tag(metric)
    for epoch, figure in record.rungs.items():
        yield TrackedFigure(tag, figure, epoch, ended)
    deviations = {f"{name}_sd": value for name, value in trial.sd.items()}
    figures = final_figures({**trial.figures, **deviations, EPOCHS: trial.epochs})
    yield from _tracked(figures, trial.epochs, ended)


def _tracked(figures: Figures, step: int, when: float) -> list[TrackedFigure]:
    return [TrackedFigure(name, value, step, when) for name, value in figures.items()]
