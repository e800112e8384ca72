"""What `nettrain train` and `nettrain resume` share: how a training is shown, and its exit code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from nettrain.output.console import Console
    from nettrain.workflow.training import RunOutcome, TrainingJob, TrainingResult

LOADED = perf_counter()  # nearly the start of the process: commands are loaded first
EXIT_CODES = {"finished": 0, "diverged": 1, "interrupted": 130}
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Write no pictures.")]


@dataclass(frozen=True)
class Screen:
    """Where a training is shown, and how much of it."""

    console: "Console"
    quiet: bool = False
    figures: bool = True


def conduct(
    job: "TrainingJob", screen: Screen, interrupted: Callable[[], bool], started: float = LOADED
) -> "TrainingResult":
    """Train to the end, show it and draw its pictures; times count from `started` on perf_counter's clock."""
    from nettrain.output.console import print_notes
    from nettrain.output.run_pictures import draw_pictures
    from nettrain.output.training_view import show_head, show_progress, show_report

    folder = job.folder
    assert folder is not None, "a command trains in a folder"
    with _second_interrupt(folder.path):
        if not screen.quiet:
            show_head(screen.console, job.description, job.all_notes)
        with show_progress(screen.console, quiet=screen.quiet) as on_event:
            result = job.run(on_event, interrupted=interrupted, started=started)
        drawing = perf_counter()
        if screen.figures:
            print_notes(draw_pictures(result, folder.path))
        drawing = perf_counter() - drawing if screen.figures else 0.0
        if not screen.quiet:
            show_report(screen.console, result, folder, drawing)
    return result


@contextmanager
def _second_interrupt(folder: Path) -> Iterator[None]:
    """Say how to go on when a second Ctrl-C ends the block at once; what has been written is whole."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"interrupted at once; go on with: nettrain resume {folder}", file=sys.stderr)
        raise


def leave(outcome: "RunOutcome", *, as_json: bool) -> NoReturn:
    """Print the summary where it is asked for, say what a person must know, and exit as the run has ended."""
    from nettrain.store.run_folder import json_line

    if as_json:
        print(json_line({"folder": str(outcome.folder), **outcome.summary}))
    if outcome.status == "diverged":
        print(outcome.divergence, file=sys.stderr)
    if outcome.status == "interrupted":
        print(f"interrupted; go on with: nettrain resume {outcome.folder}", file=sys.stderr)
    raise typer.Exit(EXIT_CODES[outcome.status])
