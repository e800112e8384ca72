"""`nettrain export`: a trained run for other programs, or a sweep for those that show them."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_report
from nettrain.cli.options import Debug, Json, Member
from nettrain.errors import SpecError

Source = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A run folder; with --tensorboard and --mlflow also one that has not ended, or a sweep.",
        show_default=False,
        autocompletion=complete_report,
    ),
]

File = Annotated[
    Path | None,
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
Events = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Write events for TensorBoard into a folder in DIR, instead of FILE.",
        show_default=False,
    ),
]
Tracking = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        metavar="DIR|URI",
        help="Write runs into a store of MLflow, a folder or a server, instead of FILE.",
        show_default=False,
    ),
]


def export(
    run: Source,
    file: File = None,
    member: Member = None,
    dtype: Dtype = None,
    one_input: OneInput = False,
    tensorboard: Events = None,
    mlflow: Tracking = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a trained run to a file that predicts without nettrain, or for TensorBoard or MLflow."""
    given = {"FILE": file, "--tensorboard": tensorboard, "--mlflow": mlflow}
    targets = [name for name, value in given.items() if value is not None]
    if len(targets) != 1:
        what = f"{' and '.join(targets)} are different exports" if targets else "nothing is asked for"
        raise SpecError(f"export: {what}; give one of {', '.join(given)}")
    for option, value in (("--member", member), ("--dtype", dtype), ("--one-input", one_input or None)):
        if file is None and value is not None:
            raise SpecError(f"{option}: goes with FILE, not with {targets[0]}")
    if file is not None:
        _export_file(run, file, member, dtype and dtype.value, one_input=one_input, as_json=as_json)
    elif tensorboard is not None:
        _export_events(run, tensorboard, as_json=as_json)
    elif mlflow is not None:
        _export_tracking(run, mlflow, as_json=as_json)


def _export_file(
    run: Path, file: Path, member: int | None, dtype: str | None, *, one_input: bool, as_json: bool
) -> None:
    from nettrain.backend.device import format_bytes
    from nettrain.output.console import print_notes
    from nettrain.store.run_folder import json_line
    from nettrain.store.trained_folds import open_predictor
    from nettrain.workflow.export import export_file

    trained = open_predictor(run, "numpy").select_members(member)
    print_notes(trained.warnings)
    done = export_file(trained, file, dtype=dtype, one_input=one_input)
    if as_json:
        print(json_line(done.plain))
    else:
        print_notes([f"wrote {path}: {done.what}, {format_bytes(size)}" for path, size in done.files.items()])


def _export_events(run: Path, logs: Path, *, as_json: bool) -> None:
    from nettrain.output.console import print_notes
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.tensorboard.export import export_events

    done = export_events(run, logs)
    if as_json:
        print(json_line(done.plain))
    else:
        print_notes(
            [f"wrote {done.folder}: {done.what}; tensorboard --logdir {shlex.quote(str(logs))} shows them"]
        )


def _export_tracking(run: Path, store: str, *, as_json: bool) -> None:
    from nettrain.output.console import print_notes
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.mlflow.export import export_tracking

    done = export_tracking(run, store)
    if as_json:
        print(json_line(done.plain))
    else:
        print_notes([f"wrote {done.what} to {store}"])
