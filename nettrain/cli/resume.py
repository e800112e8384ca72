"""`nettrain resume`: an interrupted run goes on as if nothing had happened."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nettrain.cli.completion import complete_begun_run
from nettrain.cli.options import Backend, Debug, Device, Json, Overrides, Quiet, with_place
from nettrain.cli.train import LOADED
from nettrain.cli.training import Job, NoFigures, finished, leave, prepared

if TYPE_CHECKING:
    from nettrain.data.prepare import Prepared
    from nettrain.experiment.load import LoadedExperiment
    from nettrain.experiment.settings import Experiment
    from nettrain.output.console import Console
    from nettrain.store.checkpoint import Checkpoint
    from nettrain.store.run_folder import RunFolder
    from nettrain.training.loop import Training

MORE = {  # by what ended a run: what makes it go on
    "epochs": "training.epochs=N adds more",
    "early_stopping": "training.early_stopping.patience=N waits longer",
    "max_seconds": "training.max_seconds=N gives it longer",
    "target": "training.target=null goes on",
    "converged": "training.convergence=null goes on",
}
Run = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="The folder of a run.", show_default=False, autocompletion=complete_begun_run
    ),
]


def resume(
    run: Run,
    overrides: Overrides = None,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with a run that was interrupted, to the bit; or with one that has ended, given more epochs.

    More epochs, another patience, monitor, target, time limit or backend may be given; what would have made
    the past different is refused.
    """
    from nettrain.output.console import console
    from nettrain.store.run_folder import json_line

    changes, screen = with_place(overrides, backend, device), console(stderr=as_json)
    summary = resume_run(run, changes, screen, quiet=quiet, figures=not no_figures)
    if as_json:
        print(json_line(summary))
    leave(summary)


def resume_run(
    path: Path, overrides: list[str], console: "Console", *, quiet: bool = False, figures: bool = False
) -> dict[str, Any]:
    """Train the run in a folder to its end; returns its summary and the folder."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.files import remove_leftovers
    from nettrain.locks import locked
    from nettrain.store.history import HistoryWriter
    from nettrain.store.run_folder import RunFolder

    folder = RunFolder.open_started(path)
    with locked(path) as note:
        remove_leftovers(path)
        training, members, data, notes = _as_it_stood(folder, overrides)
        # without a summary it was killed between its last step and its end
        if folder.summary.is_file() and not training.run.population["active"].any():
            return _nothing_to_do(folder, console, quiet=quiet)
        with interruptible() as training.interrupted:
            records = HistoryWriter.resume(folder, training.epoch, member_column=len(members) > 1)
            job = Job(training, members, data, folder, records, [*([note] if note else []), *notes])
            _begin_again(job)
            return finished(job, console, LOADED, quiet=quiet, figures=figures)


def _as_it_stood(
    folder: "RunFolder", overrides: list[str]
) -> tuple["Training", list["Experiment"], "Prepared", list[str]]:
    """A run's training as it stood, with changes, its members and data, and what is to be said of it.

    Raises SpecError or DataError when it cannot go on like that.
    """
    from nettrain.experiment.load import load
    from nettrain.store.checkpoint import read_checkpoint
    from nettrain.training.resumption import evaluated_more

    after = load(folder.config, overrides)
    checkpoint = read_checkpoint(folder.checkpoint) if folder.checkpoint.is_file() else None
    before = _before(folder, checkpoint)
    training, members, data = _prepared_anew(after, before, folder.path)
    with after.locating_errors():
        changes = _go_on(training, before, checkpoint)
        if checkpoint is not None:
            _refuse_other_data(folder, checkpoint, data)
    _refuse_the_diverged(folder, changes)
    more = evaluated_more(before, training.run.experiment, training.epoch)
    if training.epoch and not folder.history.is_file():
        more.append(f"history.csv is gone: it begins anew after epoch {training.epoch}")
    said = f"goes on after epoch {training.epoch}, step {training.step}"
    return training, members, data, [*after.notes, said, *(f"changed: {one}" for one in changes), *more]


def _prepared_anew(
    after: "LoadedExperiment", before: "Experiment", folder: Path
) -> tuple["Training", list["Experiment"], "Prepared"]:
    """The run's training as it began; errors name the way out where data or backend are not as they were."""
    from nettrain.errors import BackendError, DataError
    from nettrain.training.resumption import refuse_other_data_settings

    try:
        return prepared(after)
    except BackendError as error:
        if after.experiment.backend.name == "numpy" or after.overrides("backend", "name"):
            raise
        raise type(error)(f"{error}; nettrain resume {folder} --backend numpy goes on without") from error
    except DataError as error:
        with after.locating_errors():
            refuse_other_data_settings(before, after.experiment)
        way_out = f"to go on with {folder} put its data back, or say where they lie: data.source=…"
        raise DataError(f"{error}; {way_out}") from error


def _before(folder: "RunFolder", checkpoint: "Checkpoint | None") -> "Experiment":
    """The experiment under which the checkpoint was written: the config may have been changed since."""
    from nettrain.experiment.load import load
    from nettrain.experiment.settings import Experiment

    if checkpoint is None:
        return load(folder.config).experiment
    return Experiment.model_validate(checkpoint.facts["experiment"])


def _refuse_the_diverged(folder: "RunFolder", changes: list[Any]) -> None:
    """Raises SpecError, saying what to try, when all that was trained diverged and would do so again."""
    from nettrain.errors import SpecError
    from nettrain.store.run_folder import read_json
    from nettrain.training.resumption import cannot_help

    summary = read_json(folder.summary) if folder.summary.is_file() else {}
    networks = summary.get("members") or [summary]
    if any(one.get("status") != "diverged" for one in networks) or not cannot_help(changes):
        return
    advice = (networks[0].get("divergence") or {}).get("advice", ["optimizer.learning_rate=…"])
    raise SpecError(
        f"{folder.path}: diverged in epoch {summary['epochs_run']} and would do so again;"
        f" train anew: nettrain train {folder.config} {advice[0]}"
    )


def _refuse_other_data(folder: "RunFolder", checkpoint: "Checkpoint", data: "Prepared") -> None:
    from nettrain.errors import DataError
    from nettrain.store.checkpoint import fingerprint

    if checkpoint.facts["data"] != fingerprint(data):
        source = data.settings.source
        raise DataError(
            f"data.source: {source} has changed since {folder.path} was trained on it; train anew"
        )


def _go_on(training: "Training", before: "Experiment", checkpoint: "Checkpoint | None") -> list[Any]:
    """Put back the state, if there is one: a run may have been ended before its first checkpoint.

    Raises SpecError for changes that would have made another past.
    """
    from nettrain.training.resumption import counted_anew, refuse_another_past, reopened
    from nettrain.training.state import restore

    run, done = training.run, checkpoint.state.numbers["step"] if checkpoint else 0
    changes = refuse_another_past(before, run.experiment, done, run.batches.steps)
    if checkpoint is not None:
        restore(training, checkpoint.state, reopened(changes), counted_anew(changes))
    return changes


def _nothing_to_do(folder: "RunFolder", console: "Console", *, quiet: bool) -> dict[str, Any]:
    """A run that has ended says so, and stays as it is."""
    from nettrain.store.run_folder import read_json

    summary = read_json(folder.summary)
    if not quiet:
        ended = f"{folder.path}: {summary['status']} after {summary['epochs_run']} epochs, nothing to do"
        networks = summary.get("members") or [summary]
        more = sorted({MORE[one["stop_reason"]] for one in networks if one["stop_reason"] in MORE})
        console.print("; ".join([ended, *more]), soft_wrap=True, highlight=False)
    return {"folder": str(folder.path), **summary}


def _begin_again(job: Job) -> None:
    """The config tells how the run ends, so that it says what has been done."""
    from nettrain.experiment.load import to_yaml
    from nettrain.files import write_whole

    write_whole(job.folder.config, to_yaml(job.training.run.experiment))
    job.folder.summary.unlink(missing_ok=True)  # that of a run which had ended
