"""`nettrain tune`: the short way from a table to an ensemble of tuned networks."""

import shlex
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from nettrain.cli.completion import complete_column, complete_tunable
from nettrain.cli.options import (
    Backend,
    Debug,
    Device,
    Folds,
    Json,
    Overrides,
    Quiet,
    with_backend,
    with_folds,
)

Tunable = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="An experiment file, a table, builtin:NAME, or the folder of a tuning.",
        show_default=False,
        autocompletion=complete_tunable,
    ),
]
Minutes = Annotated[
    float, typer.Option("--minutes", help="The time for everything, that of interrupted calls included.")
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME",
        help="The column of a table to predict; default: guessed.",
        autocompletion=complete_column,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="What to compare networks by, of validation rows; default: log_loss or rmse.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option("--out", help="Folder in which the tuning's folder is created.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, help="Worker processes; default: one per processor or, with GPUs, one per GPU."
    ),
]


def tune(
    file: Tunable,
    overrides: Overrides = None,
    minutes: Minutes = 10.0,
    target: Target = None,
    metric: Metric = None,
    folds: Folds = None,
    out: Out = Path("tunes"),
    jobs: Jobs = None,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Search good settings within minutes, and make an ensemble of the best networks.

    Run the same command again to continue an interrupted tuning, with more minutes to extend one.
    """
    started = perf_counter()
    from nettrain.cli.interrupt import ending, explained, interruptible
    from nettrain.output.console import console
    from nettrain.output.tune_view import show_complete, show_head, show_progress, show_report
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.tune import folder_of, open_tuning, run_tuning
    from nettrain.workflow.tuning.subject import TuningOptions, subject_of

    changes = with_folds(with_backend(overrides, backend, device), folds)
    screen = console(stderr=as_json)
    again = shlex.join(["nettrain", *sys.argv[1:]])
    # the journal has every trial that had ended
    with explained(f"go on with: {again}"), interruptible() as interrupted:
        subject = subject_of(file, changes, TuningOptions(target, metric))
        folder = folder_of(file, subject, out)
        with open_tuning(subject, folder, minutes=minutes, jobs=jobs, started=started) as tuning:
            if not quiet:
                (show_complete if tuning.is_complete else show_head)(screen, tuning)
            with show_progress(screen, tuning, quiet=quiet) as on_progress:
                summary = run_tuning(tuning, on_progress, interrupted=interrupted)
            if not quiet:
                show_report(screen, tuning, summary)
    if as_json:
        print(json_line({"folder": str(folder.path), **summary}))
    if summary["status"] == "interrupted":
        raise typer.Exit(ending.tell_after_step(f"go on with: {again}"))
    if summary["best"] is None:
        print(f"no network of {folder.path} came to its end; --minutes gives it longer", file=sys.stderr)
        raise typer.Exit(1)
