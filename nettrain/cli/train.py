"""`nettrain train`: from an experiment file to a run folder."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.options import Backend, Debug, Device, File, Json, Overrides, Quiet, with_place
from nettrain.cli.training import NoFigures, Screen, conduct, leave

Profiled = Annotated[bool, typer.Option("--profile", help="Tell how long each part of the training takes.")]
Out = Annotated[Path, typer.Option("--out", help="Folder that gets the run folder.")]


def train(
    file: File,
    overrides: Overrides = None,
    out: Out = Path("runs"),
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    profile: Profiled = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train the network of an experiment file."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.experiment.load import load
    from nettrain.output.console import console
    from nettrain.workflow.preparation import prepare_training
    from nettrain.workflow.train import in_new_folder

    screen = Screen(console(stderr=as_json), quiet=quiet, figures=not no_figures)
    prepared = prepare_training(load(file, with_place(overrides, backend, device)), profile=profile)
    # from here on Ctrl-C leaves a folder that can go on, with all its files whole
    with interruptible() as interrupted, in_new_folder(prepared, out, file.parent) as job:
        result = conduct(job, screen, interrupted)
    leave(result, as_json=as_json)
