"""`nettrain landscape`: the loss surface around the weights of a run, with the path of its training."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.options import Backend, Debug, Device, Json, Quiet, RunArgument, SplitChoice
from nettrain.cli.training import NoFigures

Split = Annotated[SplitChoice, typer.Option("--part", help="Which split's loss is shown.")]
Member = Annotated[
    int | None,
    typer.Option(
        "--member", help="Which of several networks, from 0; default: the first.", show_default=False
    ),
]
Resolution = Annotated[
    int | None,
    typer.Option(
        "--resolution",
        help="Points on each side of a grid; default: 41, fewer for large networks.",
        show_default=False,
    ),
]
Span = Annotated[
    float, typer.Option("--span", help="How far the random plane reaches, in lengths of weights.")
]
Rows = Annotated[
    int | None,
    typer.Option("--rows", help="How many rows; default: what takes a few seconds.", show_default=False),
]
NoPath = Annotated[bool, typer.Option("--no-path", help="Do not train again to find the path.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the random directions.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="The picture; default: landscape.png in the run folder.", show_default=False),
]


def landscape(
    run: RunArgument,
    part: Split = SplitChoice.train,
    member: Member = None,
    resolution: Resolution = None,
    span: Span = 1.0,
    rows: Rows = None,
    no_path: NoPath = False,
    seed: Seed = 0,
    out: Out = None,
    no_figures: NoFigures = False,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw the loss around the weights of a run, and the path of its training."""
    from nettrain.output.console import console
    from nettrain.output.landscape_view import landscape_status, show_landscape
    from nettrain.store.run_folder import json_line
    from nettrain.store.trained_run import open_trained
    from nettrain.workflow.landscape import LandscapeOptions, landscape_of
    from nettrain.workflow.output_files import check_output_picture

    options = LandscapeOptions(part.value, member, resolution, span, rows, not no_path, seed)
    trained = open_trained(run, backend, device)
    picture = None if no_figures else out or run / "landscape.png"
    if picture is not None:
        check_output_picture(picture, trained)
    screen = console(stderr=as_json)
    with landscape_status(screen, quiet=quiet) as on_progress:
        result = landscape_of(trained, options, on_progress=on_progress)
    if picture is not None:
        from nettrain.files import write_atomic
        from nettrain.output.figures.landscape import landscape_picture

        write_atomic(picture, landscape_picture(result))
    if not quiet:
        show_landscape(screen, result, picture)
    if as_json:
        print(json_line(result.plain))
