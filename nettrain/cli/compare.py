"""`nettrain compare`: experiments or runs side by side."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_compared, complete_override
from nettrain.cli.options import Backend, Debug, Device, Json, Quiet, with_backend
from nettrain.cli.training import LOADED, NoFigures

Arguments = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|RUN|KEY=VALUE",
        help="Experiment files, run folders, or folders of either; then changes to all experiments.",
        show_default=False,
        autocompletion=complete_compared,
    ),
]
Repeat = Annotated[
    int | None,
    typer.Option(
        "--repeat",
        min=1,
        help="Train each experiment with so many seeds; default: its training.repeat.",
        show_default=False,
    ),
]
Varied = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="KEY=VALUE,VALUE",
        help="Compare these values of a key; of several keys, all combinations.",
        show_default=False,
        autocompletion=complete_override,
    ),
]
Out = Annotated[Path, typer.Option("--out", help="Folder in which that of the comparison is created.")]


def compare(
    arguments: Arguments,
    vary: Varied = None,
    repeat: Repeat = None,
    out: Out = Path("comparisons"),
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare experiments, trained over the same seeds, or runs: figures and curves side by side.

    The exit code is 1 when every run diverged.
    """
    from nettrain.cli.interrupt import ending, interruptible
    from nettrain.output.comparison_progress import show_comparing
    from nettrain.output.comparison_view import draw_comparison, show_comparison, show_plan
    from nettrain.output.console import console
    from nettrain.store.comparison_folder import ComparisonFolder
    from nettrain.store.run_folder import json_line
    from nettrain.training.loop import never
    from nettrain.workflow.compare import run_comparison
    from nettrain.workflow.comparison.plan import plan_comparison
    from nettrain.workflow.comparison.recording import write_comparison
    from nettrain.workflow.comparison.sources import find_sources, split_arguments, varied_values

    sources, overrides = split_arguments(arguments)
    changes = with_backend(overrides, backend, device)
    plan = plan_comparison(find_sources(sources, changes, varied_values(vary or [])), repeat)
    screen = console(stderr=as_json)
    # runs that have ended are compared anew in no time: then a signal ends the command at once
    training = interruptible() if plan.runs else nullcontext(never)
    with training as interrupted, ComparisonFolder.new(out, plan.name) as folder:
        if not quiet:
            show_plan(screen, plan)
        with show_comparing(screen, plan.labels, quiet=quiet) as on_event:
            compared = run_comparison(plan, on_event, interrupted, started=LOADED)
        write_comparison(compared, folder)
        if not no_figures:
            draw_comparison(plan, compared, folder)
        if not quiet:
            show_comparison(screen, compared, folder)
    if as_json:
        print(json_line({"folder": str(folder.path), **compared.summary}))
    if compared.interrupted:
        raise typer.Exit(ending.tell_after_step("what had been trained is compared"))
    raise typer.Exit(1 if compared.all_diverged else 0)
