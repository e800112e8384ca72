"""A training in the terminal: the head, its progress, and the final report."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from nettrain.output.numbers import count, plural
from nettrain.output.profile import profile_table
from nettrain.output.progress import ProgressDisplay, progress
from nettrain.output.report import final_report, head
from nettrain.output.terminal_plot import plot_loss
from nettrain.store.run_folder import RunFolder
from nettrain.training.diagnostics.profile import STEP
from nettrain.training.events import AdviceGiven, EpochDone, Event, TrainingDone
from nettrain.workflow.description import TrainingDescription
from nettrain.workflow.training import OnEvent, TrainingResult


def show_head(console: Console, description: TrainingDescription, notes: Iterable[str]) -> None:
    """Print what is trained on what, and notes."""
    head(console, description.experiment, training_facts(description), notes)


@contextmanager
def show_progress(console: Console, *, quiet: bool) -> Iterator[OnEvent]:
    """A function to call with every event, which shows the progress of the training."""
    shown = _TrainingProgress(progress(console, quiet=quiet))
    try:
        yield shown.on_event
    finally:
        shown.close()


@dataclass
class _TrainingProgress:
    """A display that follows events, closed when the training is done or the block ends."""

    display: ProgressDisplay
    closed: bool = False

    def on_event(self, event: Event) -> None:
        match event:
            case EpochDone():
                self.display.epoch(event)
            case AdviceGiven():
                self.display.advice(event)
            case TrainingDone():
                self.close()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.display.close()


def show_report(console: Console, result: TrainingResult, folder: RunFolder, drawing: float) -> None:
    """Print the loss curve and the final report; `drawing` is how many seconds the pictures took."""
    summary = result.summary
    plot_loss(console, result.history, summary["best_epoch"])
    if "profile" in summary:
        profile_table(console, summary["profile"], summary["timing"]["steps"], STEP)
    final_report(console, result.architecture, summary, folder.path, folder.file_names(), drawing=drawing)


def training_facts(described: TrainingDescription) -> dict[str, str]:
    """What is trained on what, as labelled lines."""
    rows = ", ".join(f"{count(number)} {split}" for split, number in described.rows.items())
    targets = f"{described.classes} classes" if described.classes else ", ".join(described.targets)
    threads = plural(described.threads, "thread")
    reason = f" (auto: {described.backend_reason})" if described.backend_reason else ""
    positive = {"positive": f'"{described.positive}": precision, recall and f1 are about it'}
    recipe = {"recipe": described.recipe} if described.recipe else {}
    members = {"members": _members(described)} if described.members > 1 else {}
    return {
        "data": f"{rows} rows, {plural(described.inputs, 'input')} → {targets}",
        **(positive if described.positive else {}),
        **recipe,
        "network": f"{'-'.join(map(str, described.widths))}, {plural(described.parameters, 'parameter')}",
        **members,
        "backend": f"{described.backend} {described.dtype}, {threads}{reason}",
    }


def _members(described: TrainingDescription) -> str:
    """How many networks are trained side by side, and what they differ in."""
    kind = "networks of an ensemble" if described.ensemble else "repeats"
    differ = "initial weights and order of rows" if described.own_orders else "initial weights"
    return f"{described.members} {kind}, which differ in {differ}"
