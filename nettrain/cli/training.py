"""What `nettrain train` and `nettrain resume` share: showing a training, and its exit code."""

import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from nettrain.cli.interrupt import ending, explained

if TYPE_CHECKING:
    from nettrain.data.preprocessing import Preprocessing
    from nettrain.output.console import Console
    from nettrain.output.drawing import Draw
    from nettrain.workflow.animation import EpochRecorder
    from nettrain.workflow.restored_run import EndedRun
    from nettrain.workflow.training import RunOutcome, TrainingJob, TrainingResult

J = TypeVar("J")
LOADED = perf_counter()  # almost the start of the process, since commands are imported first
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")]
Animate = Annotated[
    bool,
    typer.Option(
        "--animate",
        help="Also draw boundary.gif, the predictions over epochs, for inputs of one or two columns.",
    ),
]


@dataclass(frozen=True)
class Screen:
    """Where a training is shown, and how much of it; without `draw` no figures are drawn."""

    console: "Console"
    quiet: bool = False
    draw: "Draw | None" = None
    animate: bool = False
    tensorboard: Path | None = None

    def __post_init__(self) -> None:
        """Raise an error when the folder for events cannot be written."""
        if self.tensorboard is not None:
            from nettrain.workflow.tensorboard.live import log_folder

            log_folder(self.tensorboard)

    def refuse(self, preprocessing: "Preprocessing") -> None:
        """Raise SpecError when an animation is wanted of inputs that cannot be drawn, or without figures."""
        if self.animate:
            from nettrain.workflow.animation import refuse_animation

            refuse_animation(preprocessing, figures=self.draw is not None)


def ready_to_draw(*, no_figures: bool) -> "AbstractContextManager[Draw | None]":
    """What draws the pictures of a training while the block lasts; None if there are to be none."""
    if no_figures:
        return nullcontext()
    from nettrain.output.drawing import drawing_process

    return drawing_process()


def conduct(
    job: "TrainingJob", screen: Screen, interrupted: Callable[[], bool], started: float = LOADED
) -> "TrainingResult":
    """Train, show progress and results, and draw figures; times count from `started` on perf_counter."""
    from nettrain.output.training_view import show_head, show_progress, show_report
    from nettrain.workflow.training import to_all

    folder = job.folder
    assert folder is not None, "a command trains in a folder"
    if screen.tensorboard is not None:
        from nettrain.workflow.tensorboard.live import with_events

        job = with_events(job, screen.tensorboard)
    with explained(f"go on with: {resume_command(folder.path)}"):
        if not screen.quiet:
            show_head(screen.console, job.description, job.all_notes)
        recorder = _epoch_recorder(job) if screen.animate else None
        with show_progress(screen.console, quiet=screen.quiet) as on_event:
            listeners = [on_event] if recorder is None else [on_event, recorder.on_event]
            result = job.run(to_all(listeners), interrupted=interrupted, started=started)

        def pictures(draw: "Draw") -> list[str]:
            from nettrain.output.run_pictures import draw_pictures

            return draw_pictures(result, folder.path, draw, recorder)

        drawing = seconds_of_drawing(screen, pictures)
        if not screen.quiet:
            show_report(screen.console, result, folder, drawing)
    return result


def seconds_of_drawing(screen: Screen, pictures: "Callable[[Draw], list[str]]") -> float:
    """Draw pictures, if there are to be some, and print notes on them; returns how long it took."""
    if screen.draw is None:
        return 0.0
    from nettrain.output.console import print_notes

    began = perf_counter()
    print_notes(pictures(screen.draw))
    return perf_counter() - began


def go_on(
    restored: "AbstractContextManager[J | EndedRun]",
    conduct_parts: "Callable[[J, Screen, Callable[[], bool]], RunOutcome]",
    screen: Screen,
) -> "RunOutcome":
    """Train what is left of a run of several parts, or print that nothing is."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.workflow.restored_run import EndedRun

    with restored as job:
        if not isinstance(job, EndedRun):
            with interruptible() as interrupted:
                return conduct_parts(job, screen, interrupted)
    if not screen.quiet:
        screen.console.print(job.advice, soft_wrap=True)
    return job


def refuse_animation_of_several(path: Path, screen: Screen) -> None:
    """Raise SpecError when an animation is wanted of a run of several parts."""
    if screen.animate:
        from nettrain.experiment.load import load
        from nettrain.store.run_folder import RunFolder
        from nettrain.workflow.train import refuse_for_several

        refuse_for_several("--animate", load(RunFolder(path).config).experiment)


def _epoch_recorder(job: "TrainingJob") -> "EpochRecorder":
    from nettrain.workflow.animation import EpochRecorder

    return EpochRecorder(job.prepared)


def resume_command(folder: Path) -> str:
    """What continues a run that was interrupted, even at once, since all files are whole."""
    return shlex.join(["nettrain", "resume", str(folder)])


def leave(outcome: "RunOutcome", *, as_json: bool) -> NoReturn:
    """Print the summary as JSON if requested, explain what went wrong, and exit by the status."""
    from nettrain.store.run_folder import json_line

    if as_json:
        print(json_line({"folder": str(outcome.folder), **outcome.summary}))
    if outcome.status == "diverged":
        print(outcome.divergence, file=sys.stderr)
    if outcome.status == "interrupted" and outcome.folder is not None:
        ending.tell_after_step(f"go on with: {resume_command(outcome.folder)}")
    raise typer.Exit({"finished": 0, "diverged": 1, "interrupted": ending.code}[outcome.status])
