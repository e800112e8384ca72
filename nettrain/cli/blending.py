"""What `nettrain train` and `nettrain resume` do where the file has a blend: all of its networks."""

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
    from nettrain.workflow.blending.blend import Blend, BlendJob
    from nettrain.workflow.blending.jobs import NetworkJob, TrainedNetwork
    from nettrain.workflow.training import RunOutcome


def train_blend(loaded: "LoadedExperiment", screen: Screen, out: Path) -> "Blend":
    """Train the networks of a blend in a new folder."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.workflow.blending.blend import begin
    from nettrain.workflow.blending.plan import finds_rates, plan_blend
    from nettrain.workflow.run_files import new_run_folder

    finding = finds_rates(loaded) and not screen.quiet
    with screen.console.status("trying learning rates") if finding else nullcontext():
        planned = plan_blend(loaded)
    with (
        interruptible() as interrupted,
        new_run_folder(planned.experiment, out, loaded.folder) as (folder, notes),
    ):
        return conduct_blend(begin(planned, folder, notes), screen, interrupted)


def resume_blend(path: Path, overrides: Sequence[str], screen: Screen) -> "RunOutcome":
    """Train the networks of a blend that have not ended. Raises SpecError for --animate."""
    from nettrain.workflow.blending.resumption import restored_blend

    refuse_animation_of_several(path, screen)
    return go_on(restored_blend(path, overrides), conduct_blend, screen)


def conduct_blend(
    job: "BlendJob", screen: Screen, interrupted: Callable[[], bool], started: float = LOADED
) -> "Blend":
    """Train the networks, show progress and results, and draw figures, as `conduct` does of one training."""
    from nettrain.output.blend_view import show_blend_head, show_blend_report, show_network_head

    folder = job.folder
    assert folder is not None, "a command trains in a folder"

    def train(number: int, network: "NetworkJob") -> "TrainedNetwork":
        if not screen.quiet:
            show_network_head(screen.console, number, job.planned)
        return _conduct_network(network, screen, interrupted)

    with explained(f"go on with: {resume_command(folder.path)}"):
        if not screen.quiet:
            show_blend_head(screen.console, job)
        blend = job.run(train, started=started)

    def pictures(draw: "Draw") -> list[str]:
        from nettrain.output.run_pictures import draw_blend_pictures

        return draw_blend_pictures(blend, folder.path, draw)

    drawing = seconds_of_drawing(screen, pictures)
    if not screen.quiet:
        show_blend_report(screen.console, blend, folder, drawing)
    return blend


def _conduct_network(job: "NetworkJob", screen: Screen, interrupted: Callable[[], bool]) -> "TrainedNetwork":
    """Train one network, on folds or alone, and show its progress."""
    from nettrain.output.cross_validation_view import show_fold_progress
    from nettrain.output.training_view import show_progress
    from nettrain.workflow.cross_validation import CrossValidationJob
    from nettrain.workflow.tensorboard.live import with_events
    from nettrain.workflow.tensorboard.live_folds import with_fold_events

    if isinstance(job, CrossValidationJob):
        job = with_fold_events(job, screen.tensorboard)
        with show_fold_progress(screen.console, job, quiet=screen.quiet) as on_fold_event:
            return job.run(on_fold_event, interrupted=interrupted)
    job = with_events(job, screen.tensorboard)
    with show_progress(screen.console, quiet=screen.quiet) as on_event:
        return job.run(on_event, interrupted=interrupted)
