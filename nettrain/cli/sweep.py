"""`nettrain sweep`: a search over the parameters of an experiment file."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.options import (
    Backend,
    Debug,
    Device,
    File,
    Folds,
    Json,
    Overrides,
    Quiet,
    TensorBoard,
    with_backend,
    with_folds,
)

if TYPE_CHECKING:
    from nettrain.output.console import Console
    from nettrain.store.sweep_summary import SweepSummary
    from nettrain.sweep.sweep import Sweep

Out = Annotated[Path, typer.Option("--out", help="Folder in which the sweep's folder is created.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, help="Worker processes; default: one per processor or, with GPUs, one per GPU."
    ),
]
Trials = Annotated[
    int | None, typer.Option("--trials", min=1, help="Total number of trials, including those already done.")
]
ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS|local:N",
        help="Train on the workers of a Dask scheduler, such as tcp://10.0.0.1:8786; --jobs limits how many.",
        show_default=False,
    ),
]
SchedulerFile = Annotated[
    Path | None,
    typer.Option(
        "--scheduler-file", metavar="PATH", help="The same, by the scheduler's file.", show_default=False
    ),
]


def sweep(
    file: File,
    overrides: Overrides = None,
    out: Out = Path("sweeps"),
    jobs: Jobs = None,
    trials: Trials = None,
    cluster: ClusterAddress = None,
    scheduler_file: SchedulerFile = None,
    folds: Folds = None,
    tensorboard: TensorBoard = None,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Search the parameters that an experiment file's sweep block names, or else the usual ones.

    Run the same command again to continue an interrupted sweep.
    """
    import json

    from nettrain.cli.interrupt import ending, explained, interruptible
    from nettrain.experiment.blending import without_blend
    from nettrain.experiment.load import load
    from nettrain.output.console import console
    from nettrain.sweep.opening import open_sweep
    from nettrain.workflow.report.importance_json import importance_json
    from nettrain.workflow.sweep import cluster_for
    from nettrain.workflow.tensorboard.live import log_folder

    logs = log_folder(tensorboard)
    changes = with_folds(with_backend(overrides, backend, device), folds)
    loaded, screen = without_blend(load(file, changes)), console(stderr=as_json)
    again = shlex.join(["nettrain", *sys.argv[1:]])
    with (
        explained(f"go on with: {again}"),  # the journal has every trial that had ended
        interruptible() as interrupted,
        cluster_for(cluster, scheduler_file, tensorboard=tensorboard) as connected,
        open_sweep(loaded, out, total=trials, workers=jobs, cluster=connected) as opened,
    ):
        summary = conduct(opened, screen, interrupted, quiet=quiet, logs=logs)
        mattered = opened.what_mattered() if as_json else []
    folder = str(opened.folder.path)
    if as_json:
        importance = [importance_json(one).model_dump() for one in mattered]
        print(json.dumps({"folder": folder, **summary, "importance": importance}))
    if summary["status"] == "interrupted":
        raise typer.Exit(ending.tell_after_step(f"go on with: {again}"))
    if summary["best"] is None:
        ended = any(one["broken"] for one in summary.get("constraints", []))
        print(
            f"no trial of {folder} {'keeps to its constraints' if ended else 'came to its end'}",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def conduct(
    sweep: "Sweep",
    screen: "Console",
    interrupted: Callable[[], bool],
    *,
    quiet: bool,
    logs: Path | None = None,
) -> "SweepSummary":
    """Train the remaining trials and show them; a complete sweep is only shown."""
    from nettrain.output import sweep_view
    from nettrain.workflow.sweep import is_complete, run_sweep
    from nettrain.workflow.tensorboard.live_sweep import SweepEvents

    events = None if logs is None else SweepEvents(sweep, logs)
    complete = is_complete(sweep)
    if not quiet:
        show = sweep_view.show_complete if complete else sweep_view.show_sweep_head
        show(screen, sweep)
    with sweep_view.show_sweep_progress(screen, sweep, quiet=quiet or complete) as on_progress:
        summary = run_sweep(sweep, on_progress, interrupted=interrupted, events=events)
    if not complete:
        sweep_view.draw_sweep(sweep)
    elif not quiet:
        sweep_view.draw_importance(sweep)  # for the first time, where scikit-learn has been installed since
    if not quiet:
        sweep_view.show_sweep_report(screen, sweep, summary)
    return summary
