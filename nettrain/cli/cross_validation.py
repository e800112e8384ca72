"""What `nettrain train` and `nettrain resume` do where the data have folds: a network for each."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from nettrain.cli.interrupt import explained
from nettrain.cli.training import LOADED, Screen, resume_command

if TYPE_CHECKING:
    from nettrain.experiment.load import LoadedExperiment
    from nettrain.workflow.cross_validation import CrossValidation, CrossValidationJob
    from nettrain.workflow.training import RunOutcome


def train_folds(loaded: "LoadedExperiment", screen: Screen, out: Path) -> "CrossValidation":
    """Cross-validate in a new folder."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.experiment.resolution import rate_is_auto
    from nettrain.workflow.cross_validation import in_new_folder
    from nettrain.workflow.folds.plan import plan_cross_validation

    finding = rate_is_auto(loaded.experiment) and not screen.quiet
    with screen.console.status("trying learning rates") if finding else nullcontext():
        planned = plan_cross_validation(loaded)
    with interruptible() as interrupted, in_new_folder(planned, out, loaded.folder) as job:
        return conduct_folds(job, screen, interrupted)


def resume_folds(path: Path, overrides: Sequence[str], screen: Screen) -> "RunOutcome":
    """Train the folds of a cross-validation that have not ended."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.experiment.load import load
    from nettrain.store.run_folder import RunFolder
    from nettrain.workflow.folds.resumption import restored_folds
    from nettrain.workflow.restored_run import EndedRun
    from nettrain.workflow.train import refuse_for_several

    if screen.animate:
        refuse_for_several("--animate", load(RunFolder(path).config).experiment)
    with restored_folds(path, overrides) as job:
        if not isinstance(job, EndedRun):
            with interruptible() as interrupted:
                return conduct_folds(job, screen, interrupted)
    if not screen.quiet:
        screen.console.print(job.advice, soft_wrap=True)
    return job


def conduct_folds(
    job: "CrossValidationJob", screen: Screen, interrupted: Callable[[], bool], started: float = LOADED
) -> "CrossValidation":
    """Train the folds, show progress and results, and draw figures, as `conduct` does of one training."""
    from nettrain.output.console import print_notes
    from nettrain.output.cross_validation_view import (
        show_fold_progress,
        show_folds_head,
        show_folds_report,
    )
    from nettrain.workflow.tensorboard.live_folds import with_fold_events

    folder = job.folder
    assert folder is not None, "a command trains in a folder"
    job = with_fold_events(job, screen.tensorboard)
    if not screen.quiet:
        show_folds_head(screen.console, job)
    with (
        explained(f"go on with: {resume_command(folder.path)}"),
        show_fold_progress(screen.console, job, quiet=screen.quiet) as on_event,
    ):
        result = job.run(on_event, interrupted=interrupted, started=started)
    drawing = perf_counter()
    if screen.draw is not None:
        from nettrain.output.run_pictures import draw_fold_pictures

        print_notes(draw_fold_pictures(result, folder.path, screen.draw))
    drawing = perf_counter() - drawing if screen.draw is not None else 0.0
    if not screen.quiet:
        show_folds_report(screen.console, result, folder, drawing)
    return result
