"""`nettrain export`: a trained run for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.options import Debug, Json, Member, RunArgument

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="What to write: model.onnx, model.py, or model.c (with model.h).",
        show_default=False,
    ),
]


class ExportedDtype(StrEnum):
    """The dtype of an exported network."""

    float32 = "float32"
    float64 = "float64"


Dtype = Annotated[
    ExportedDtype | None,
    typer.Option("--dtype", help="float32 or float64; default: as it was trained.", show_default=False),
]
OneInput = Annotated[
    bool, typer.Option("--one-input", help="Take one matrix of all columns instead of each on its own.")
]


def export(
    run: RunArgument,
    file: File,
    member: Member = None,
    dtype: Dtype = None,
    one_input: OneInput = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a trained run to a file that predicts without nettrain, by its ending."""
    from nettrain.backend.device import format_bytes
    from nettrain.output.console import print_notes
    from nettrain.store.run_folder import json_line
    from nettrain.store.trained_folds import open_predictor
    from nettrain.workflow.export import export_file

    trained = open_predictor(run, "numpy").select_members(member)
    print_notes(trained.warnings)
    done = export_file(trained, file, dtype=dtype and dtype.value, one_input=one_input)
    if as_json:
        print(json_line(done.plain))
    else:
        print_notes([f"wrote {path}: {done.what}, {format_bytes(size)}" for path, size in done.files.items()])
