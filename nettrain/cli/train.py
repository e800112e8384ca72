"""`nettrain train`: from an experiment file to a run folder."""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nettrain.cli.options import Backend, Debug, Device, File, Json, Overrides, Quiet, with_place
from nettrain.cli.training import Job, NoFigures, finished, leave, prepared, reason

if TYPE_CHECKING:
    from nettrain.experiment.settings import Experiment
    from nettrain.output.console import Console

LOADED = perf_counter()  # nearly the start of the process: commands are loaded first
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
    from nettrain.output.console import console
    from nettrain.store.run_folder import json_line

    summary = train_file(
        file,
        with_place(overrides, backend, device),
        out,
        console(stderr=as_json),
        quiet=quiet,
        figures=not no_figures,
        profile=profile,
        started=LOADED,
    )
    if as_json:
        print(json_line(summary))
    leave(summary)


def train_file(
    file: Path,
    overrides: list[str],
    out: Path,
    console: "Console",
    *,
    quiet: bool = False,
    figures: bool = False,
    profile: bool = False,
    started: float | None = None,
) -> dict[str, Any]:
    """Train, show and store one experiment; returns its summary and the folder.

    With `figures`, pictures of it too; with `profile`, where the time goes. The summary's time counts from
    `started` on perf_counter's clock, or from this call.
    """
    from nettrain.cli.interrupt import interruptible
    from nettrain.experiment.load import load, to_yaml
    from nettrain.files import write_whole
    from nettrain.store.history import HistoryWriter
    from nettrain.store.run_folder import RunFolder

    started = perf_counter() if started is None else started
    loaded = load(file, overrides)
    training, members, data = prepared(loaded, profile=profile)
    experiment = training.run.experiment
    before = _unfinished(file, out, experiment)
    # from here on Ctrl-C leaves a folder that can go on, with all its files whole
    with interruptible() as training.interrupted, RunFolder.new(out, experiment.experiment) as (folder, note):
        write_whole(folder.config, to_yaml(experiment))
        records = HistoryWriter(folder, member_column=len(members) > 1)
        notes = [*([note] if note else []), *before, *loaded.notes]
        job = Job(training, members, data, folder, records, notes, reason(loaded))
        return finished(job, console, started, quiet=quiet, figures=figures)


def _unfinished(file: Path, out: Path, experiment: "Experiment") -> list[str]:
    """A note for a run of the same experiment, in `out` or the file's own, that was interrupted."""
    from nettrain.experiment.load import to_yaml
    from nettrain.store.run_folder import interrupted_run

    folder = interrupted_run(out, experiment.experiment, to_yaml(experiment), file.parent)
    if folder is None:
        return []
    return [f"{folder.path} has these settings and was interrupted: nettrain resume {folder.path} goes on"]
