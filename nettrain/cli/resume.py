"""`nettrain resume`: continue a run that was interrupted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.blending import resume_blend
from nettrain.cli.completion import complete_started_run
from nettrain.cli.cross_validation import resume_folds
from nettrain.cli.options import (
    Backend,
    Debug,
    Device,
    Diagnostics,
    Json,
    Overrides,
    Quiet,
    TensorBoard,
    with_backend,
    with_diagnostics,
)
from nettrain.cli.training import Animate, NoFigures, Screen, conduct, leave, ready_to_draw

if TYPE_CHECKING:
    from nettrain.workflow.training import RunOutcome

StartedRun = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="The folder of a run.", show_default=False, autocompletion=complete_started_run
    ),
]


def resume(
    run: StartedRun,
    overrides: Overrides = None,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    animate: Animate = False,
    diagnostics: Diagnostics = False,
    tensorboard: TensorBoard = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Continue an interrupted run bit for bit, or extend one that has ended.

    Epochs, patience, monitor, target, time limit and backend may change; changes that would have made the
    training so far different are refused.
    """
    with ready_to_draw(no_figures=no_figures) as draw:  # first of all, as it takes a while to get ready
        from nettrain.cli.interrupt import interruptible
        from nettrain.output.console import console
        from nettrain.workflow.restored_run import EndedRun, restored
        from nettrain.workflow.resume import kind_of_run

        screen = Screen(
            console(stderr=as_json),
            quiet=quiet,
            draw=draw,
            animate=animate,
            tensorboard=tensorboard,
        )
        outcome: RunOutcome
        changes = with_diagnostics(with_backend(overrides, backend, device), diagnostics=diagnostics)
        kind = kind_of_run(run)
        if kind == "blend":
            leave(resume_blend(run, changes, screen), as_json=as_json)
        if kind == "folds":
            leave(resume_folds(run, changes, screen), as_json=as_json)
        with restored(run, changes) as run_before:
            if isinstance(run_before, EndedRun):
                outcome = run_before
                if not quiet:
                    screen.console.print(run_before.advice, soft_wrap=True)
            else:
                screen.refuse(run_before.prepared.data.preprocessing)
                with interruptible() as interrupted:
                    outcome = conduct(run_before.reopen(), screen, interrupted)
        leave(outcome, as_json=as_json)
