"""The runs of a run folder in a store: one or, of several networks, one for each below it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nettrain import __version__
from nettrain.experiment.changes import flatten
from nettrain.experiment.load import read, validate
from nettrain.experiment.replicas import replicas
from nettrain.experiment.settings import Experiment
from nettrain.export.mlflow_store import TrackedRun, TrackingStatus, TrackingStore
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import Ending, RunSummary, read_summary
from nettrain.sweep.values import as_text
from nettrain.workflow.mlflow.recorded import final_tracked, recorded_figures
from nettrain.workflow.tensorboard.epoch_times import EpochTimes

FOLDER = "run"  # of artifacts, which the commands read like the run folder
STATUSES: Mapping[str, TrackingStatus] = {"finished": "FINISHED", "diverged": "FAILED"}


@dataclass(frozen=True)
class RunPlace:
    """Where runs are written: a store, an experiment in it by its identifier, and a run above them."""

    store: TrackingStore
    experiment: str
    parent: TrackedRun | None = None

    def begin(self, name: str, began: float, tags: Mapping[str, str]) -> TrackedRun:
        """A new run here."""
        return self.store.begin(self.experiment, name, began, tags, self.parent)

    def below(self, parent: TrackedRun) -> "RunPlace":
        """The place of runs below one."""
        return replace(self, parent=parent)


def write_tracked_run(files: RunFolder, place: RunPlace, name: str) -> list[TrackedRun]:
    """Write a run with its settings, figures and files, those of folds, networks and members below it.

    Returns all, it the first.
    """
    summary, times = read_summary(files.summary), EpochTimes.of(files)
    run = place.begin(name, times.began, _tags(files, summary))
    parts = {f"fold-{one.path.name}": one for one in files.folds} if files.is_cross_validated else {}
    parts |= {f"network-{one.path.name}": one for one in files.networks}
    run.add_parameters(parameters(validate(read(files.config))))
    below = [one for part, own in parts.items() for one in write_tracked_run(own, place.below(run), part)]
    if not parts:
        below = _write_course(files, place.below(run), run, summary)
    elif summary is not None:
        run.add_figures(final_tracked(summary, summary["epochs_run"], times.ended))
    _add_files(files, run)
    _end(run, summary, times.ended)
    return [run, *below]


def parameters(experiment: Experiment) -> dict[str, str]:
    """Every setting by its dotted key."""
    return {key: as_text(value) for key, value in flatten(experiment.model_dump()) if key != "sweep"}


def _write_course(
    files: RunFolder, place: RunPlace, run: TrackedRun, summary: RunSummary | None
) -> list[TrackedRun]:
    """Write the figures of a run; of several networks those of each into a run below it."""
    experiment, times = validate(read(files.config)), EpochTimes.of(files)
    members = replicas(experiment)
    figures = recorded_figures(files, by_step=experiment.training.evaluate_every < 1)
    last = summary["epochs_run"] if summary else 0
    if summary is not None:
        run.add_figures(final_tracked(summary, last, times.ended))
    if len(members) == 1:
        run.add_figures(figures.get(0, []))
        return []
    written = []
    for number, member in enumerate(members):
        own = place.begin(f"member-{number}", times.began, {"seed": str(member.seed)})
        own.add_parameters({"seed": str(member.seed)})
        own.add_figures(figures.get(number, []))
        ending = summary["members"][number] if summary and "members" in summary else None
        if ending is not None:
            own.add_figures(final_tracked(ending, ending["epochs_run"], times.ended))
        _end(own, ending, times.ended)
        written.append(own)
    return written


def _tags(files: RunFolder, summary: RunSummary | None) -> dict[str, str]:
    """What a run is, beside settings and figures."""
    tags = {"nettrain.version": __version__, "nettrain.folder": str(files.path.resolve())}
    if summary is None:
        return tags
    trained_by = summary["environment"].get("nettrain", __version__)
    ended = {"status": summary["status"], "stop_reason": summary["stop_reason"], "seed": str(summary["seed"])}
    return {**tags, "nettrain.version": str(trained_by), **ended}


def _add_files(files: RunFolder, run: TrackedRun) -> None:
    """Add what predictions need, tables and pictures, but not the checkpoint."""
    for path in (files.path / name for name in files.file_names()):
        if path.is_file() and path != files.checkpoint and ".tfevents." not in path.name:
            run.add_file(path, FOLDER)


def _end(run: TrackedRun, ending: Ending | None, ended: float) -> None:
    """Say how a run ended; one without an ending may go on."""
    if ending is not None:
        run.end(STATUSES.get(ending["status"], "KILLED"), ended)
