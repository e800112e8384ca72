"""What `nettrain train` and `nettrain resume` do where the data have folds: a network for each."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.cli.interrupt import explained
from nettrain.cli.training import (
    LOADED,
    Screen,
    go_on,
    refuse_animation_of_several,
    resume_command,
    seconds_of_drawing,
)

if TYPE_CHECKING:
    from nettrain.experiment.load import LoadedExperiment
    from nettrain.output.drawing import Draw
    from nettrain.workflow.cross_validation import CrossValidation, CrossValidationJob
    from nettrain.workflow.training import RunOutcome


def train_folds(loaded: "LoadedExperiment", screen: Screen, out: Path) -> "CrossValidation":
    """Cross-validate in a new folder."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.experiment.resolution import rate_is_auto
    from nettrain.workflow.cross_validation import begin
    from nettrain.workflow.folds.plan import plan_cross_validation
    from nettrain.workflow.run_files import new_run_folder

    finding = rate_is_auto(loaded.experiment) and not screen.quiet
    with screen.console.status("trying learning rates") if finding else nullcontext():
        planned = plan_cross_validation(loaded)
    with (
        interruptible() as interrupted,
        new_run_folder(planned.experiment, out, loaded.folder) as (folder, notes),
    ):
        return conduct_folds(begin(planned, folder, notes), screen, interrupted)


def resume_folds(path: Path, overrides: Sequence[str], screen: Screen) -> "RunOutcome":
    """Train the folds of a cross-validation that have not ended. Raises SpecError for --animate."""
    from nettrain.workflow.folds.resumption import restored_folds

    refuse_animation_of_several(path, screen)
    return go_on(restored_folds(path, overrides), conduct_folds, screen)


def conduct_folds(
    job: "CrossValidationJob", screen: Screen, interrupted: Callable[[], bool], started: float = LOADED
) -> "CrossValidation":
    """Train the folds, show progress and results, and draw figures, as `conduct` does of one training."""
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

    def pictures(draw: "Draw") -> list[str]:
        from nettrain.output.run_pictures import draw_fold_pictures

        return draw_fold_pictures(result, folder.path, draw)

    drawing = seconds_of_drawing(screen, pictures)
    if not screen.quiet:
        show_folds_report(screen.console, result, folder, drawing)
    return result
