"""`nettrain train`: train the network of an experiment file."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.blending import train_blend
from nettrain.cli.cross_validation import train_folds
from nettrain.cli.options import (
    Backend,
    Debug,
    Device,
    Diagnostics,
    File,
    Folds,
    Json,
    Overrides,
    Quiet,
    TensorBoard,
    with_backend,
    with_diagnostics,
    with_folds,
)
from nettrain.cli.training import Animate, NoFigures, Screen, conduct, leave, ready_to_draw

Profiled = Annotated[bool, typer.Option("--profile", help="Report how long each part of training takes.")]
Out = Annotated[Path, typer.Option("--out", help="Folder in which the run folder is created.")]


def train(
    file: File,
    overrides: Overrides = None,
    out: Out = Path("runs"),
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    animate: Animate = False,
    profile: Profiled = False,
    diagnostics: Diagnostics = False,
    folds: Folds = None,
    tensorboard: TensorBoard = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train the network of an experiment file."""
    with ready_to_draw(no_figures=no_figures) as draw:  # first of all, as it takes a while to get ready
        from nettrain.cli.interrupt import interruptible
        from nettrain.experiment.load import load
        from nettrain.experiment.resolution import rate_is_auto
        from nettrain.output.console import console
        from nettrain.workflow.preparation import prepare_training
        from nettrain.workflow.run_files import new_run_folder
        from nettrain.workflow.train import begin, refuse_for_several

        screen = Screen(
            console(stderr=as_json),
            quiet=quiet,
            draw=draw,
            animate=animate,
            tensorboard=tensorboard,
        )
        changes = with_diagnostics(with_backend(overrides, backend, device), diagnostics=diagnostics)
        loaded = load(file, with_folds(changes, folds))
        for option, given in (("--profile", profile), ("--animate", animate)):
            if given:
                refuse_for_several(option, loaded.experiment)
        if loaded.experiment.blend:
            leave(train_blend(loaded, screen, out), as_json=as_json)
        if loaded.experiment.data.trains_folds:
            leave(train_folds(loaded, screen, out), as_json=as_json)
        finding = rate_is_auto(loaded.experiment) and not quiet
        with screen.console.status("trying learning rates") if finding else nullcontext():
            prepared = prepare_training(loaded, profile=profile)
        screen.refuse(prepared.data.preprocessing)
        # from here on Ctrl-C leaves a run folder with whole files, which can be resumed
        with (
            interruptible() as interrupted,
            new_run_folder(prepared.experiment, out, file.parent) as (folder, notes),
        ):
            result = conduct(begin(prepared, folder, notes), screen, interrupted)
        leave(result, as_json=as_json)
