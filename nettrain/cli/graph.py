"""`nettrain graph`: a small network as a graph, with the values and gradients of one row."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_file_or_run
from nettrain.cli.options import Debug, Json, Overrides, Quiet, SplitChoice
from nettrain.cli.training import NoFigures

What = Annotated[
    Path,
    typer.Argument(
        metavar="FILE|RUN",
        help="An experiment file, for the weights before training, or a run folder.",
        show_default=False,
        autocompletion=complete_file_or_run,
    ),
]
Row = Annotated[int, typer.Option("--row", help="Which row, from 0.")]
Split = Annotated[SplitChoice, typer.Option("--part", help="The split that the row is from.")]
Member = Annotated[
    int | None,
    typer.Option(
        "--member", help="Which of several networks, from 0; default: the first.", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", help="The picture; default: graph.png, in the folder of a run.", show_default=False
    ),
]


def graph(
    what: What,
    overrides: Overrides = None,
    row: Row = 0,
    part: Split = SplitChoice.train,
    member: Member = None,
    out: Out = None,
    no_figures: NoFigures = False,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw a small network with its weights, and the values and gradients of one row."""
    from nettrain.output.console import console
    from nettrain.output.graph_view import show_graph
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.network_graph import GraphOptions, graph_of
    from nettrain.workflow.output_files import check_picture_file

    picture = None if no_figures else out or (what if what.is_dir() else Path()) / "graph.png"
    if picture is not None:
        check_picture_file(picture, ())
    result = graph_of(what, overrides or [], GraphOptions(part.value, row, member))
    if picture is not None:
        from nettrain.files import write_atomic
        from nettrain.output.figures.network_graph import graph_picture

        write_atomic(picture, graph_picture(result))
    if not quiet:
        show_graph(console(stderr=as_json), result, picture)
    if as_json:
        print(json_line(result.plain))
