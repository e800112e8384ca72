"""A training as a person sees it: the head, its progress, and the final report."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from nettrain.output.numbers import count
from nettrain.output.profile import profile_table
from nettrain.output.progress import ProgressDisplay, progress
from nettrain.output.report import final_report, head
from nettrain.output.terminal_plot import plot_loss
from nettrain.store.run_folder import RunFolder
from nettrain.training.build import TrainingRun
from nettrain.training.events import EpochDone, Event, TrainingDone
from nettrain.training.profile import STEP
from nettrain.workflow.training import OnEvent, TrainingJob, TrainingResult


def show_head(console: Console, job: TrainingJob) -> None:
    """What is trained on what, and notes."""
    head(console, job.prepared.experiment.experiment, training_facts(job), job.all_notes)


@contextmanager
def show_progress(console: Console, *, quiet: bool) -> Iterator[OnEvent]:
    """A function to call with every event, which shows how the training stands."""
    shown = _Progress(progress(console, quiet=quiet))
    try:
        yield shown.on_event
    finally:
        shown.close()


@dataclass
class _Progress:
    """A display that follows events, closed when the training is done or the block ends."""

    display: ProgressDisplay
    closed: bool = False

    def on_event(self, event: Event) -> None:
        match event:
            case EpochDone():
                self.display.epoch(event)
            case TrainingDone():
                self.close()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.display.close()


def show_report(console: Console, result: TrainingResult, folder: RunFolder, drawing: float) -> None:
    """The loss curve and the final report; `drawing` is how many seconds the pictures took."""
    run, summary = result.run, result.summary
    plot_loss(console, result.recorder.rows, summary["best_epoch"])
    if run.profile:
        profile_table(console, summary["profile"], summary["timing"]["steps"], STEP)
    final_report(console, run.architecture, summary, folder.path, folder.file_names(), drawing=drawing)


def training_facts(job: TrainingJob) -> dict[str, str]:
    """What is trained on what, in a few words."""
    run, data = job.prepared.training.run, job.prepared.data
    rows = ", ".join(f"{count(table.rows)} {split}" for split, table in run.tables.items())
    targets, backend, reason = data.preprocessing, run.backend, job.prepared.backend_reason
    kind = f"{len(targets.classes)} classes" if targets.classes else ", ".join(targets.target_names)
    threads = f"{backend.threads} thread{'s' if backend.threads > 1 else ''}"
    members = {"members": _members(run)} if len(run.final) > 1 else {}
    widths = run.architecture.widths
    return {
        "data": f"{rows} rows, {widths[0]} inputs → {kind}",
        "network": f"{'-'.join(map(str, widths))}, {count(run.architecture.parameters)} parameters",
        **members,
        "backend": f"{backend.name} {backend.dtype}, {threads}" + (f" (auto: {reason})" if reason else ""),
    }


def _members(run: TrainingRun) -> str:
    """How many networks are trained side by side, and what they differ in."""
    training, many = run.experiment.training, len(run.final)
    kind = "one ensemble" if training.ensemble > 1 else "repeats"
    differ = "weights" if training.vary == "weights" else "weights and orders of the rows"
    return f"{many} with their own {differ}, as {kind}"
