"""`nettrain resume`: an interrupted run goes on as if nothing had happened."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.completion import complete_begun_run
from nettrain.cli.options import Backend, Debug, Device, Json, Overrides, Quiet, with_place
from nettrain.cli.training import NoFigures, Screen, conduct, leave

if TYPE_CHECKING:
    from nettrain.workflow.training import RunOutcome

Run = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="The folder of a run.", show_default=False, autocompletion=complete_begun_run
    ),
]


def resume(
    run: Run,
    overrides: Overrides = None,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with a run that was interrupted, to the bit; or with one that has ended, given more epochs.

    More epochs, another patience, monitor, target, time limit or backend may be given; what would have made
    the past different is refused.
    """
    from nettrain.cli.interrupt import interruptible
    from nettrain.output.console import console
    from nettrain.workflow.resume import EndedRun, restored

    screen = Screen(console(stderr=as_json), quiet=quiet, figures=not no_figures)
    outcome: RunOutcome
    with restored(run, with_place(overrides, backend, device)) as standing:
        if isinstance(standing, EndedRun):
            outcome = standing
            if not quiet:
                screen.console.print(standing.advice, soft_wrap=True, highlight=False)
        else:
            with interruptible() as interrupted:
                outcome = conduct(standing.reopen(), screen, interrupted)
    leave(outcome, as_json=as_json)
