"""`nettrain train`: from an experiment file to a run folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nettrain.cli.options import Backend, Debug, File, Json, Overrides, Quiet

if TYPE_CHECKING:
    from nettrain.data.prepare import Prepared
    from nettrain.engine.build import Run
    from nettrain.engine.evaluate import Networks
    from nettrain.engine.events import MemberStopped, TrainingDone
    from nettrain.output.console import Console
    from nettrain.output.progress import Progress
    from nettrain.spec.experiment import Experiment
    from nettrain.spec.load import Loaded
    from nettrain.store.records import Records
    from nettrain.store.run_folder import RunFolder

LOADED = perf_counter()  # nearly the start of the process: commands are loaded first
EXIT_CODES = {"finished": 0, "diverged": 1, "interrupted": 130}
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Write no pictures.")]
Profiled = Annotated[bool, typer.Option("--profile", help="Tell how long each part of the training takes.")]
Out = Annotated[Path, typer.Option("--out", help="Folder that gets the run folder.")]


def train(
    file: File,
    overrides: Overrides = None,
    out: Out = Path("runs"),
    backend: Backend = None,
    quiet: Quiet = False,
    no_figures: NoFigures = False,
    profile: Profiled = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train the network of an experiment file."""
    from nettrain.output.console import console
    from nettrain.store.run_folder import json_line

    changes = [*(overrides or []), *([f"backend.name={backend}"] if backend else [])]
    summary = train_file(
        file,
        changes,
        out,
        console(stderr=as_json),
        quiet=quiet,
        figures=not no_figures,
        profile=profile,
        started=LOADED,
    )
    if as_json:
        print(json_line(summary))
    if summary["status"] == "diverged":
        print(f"{_diverged(summary)}: a figure became NaN or infinite", file=sys.stderr)
    raise typer.Exit(EXIT_CODES[summary["status"]])


def _diverged(summary: dict[str, Any]) -> str:
    """What has diverged, and where."""
    members = summary.get("members", [])
    gone = sum(member["status"] == "diverged" for member in members)
    if members:
        return f"{gone} of {len(members)} members diverged in {summary['folder']}"
    return f"training diverged in epoch {summary['epochs_run']} of {summary['folder']}"


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
    from nettrain.cli.pictures import draw
    from nettrain.engine.profile import STEP, Profile
    from nettrain.engine.settle import remarks
    from nettrain.files import write_whole
    from nettrain.output.console import print_notes
    from nettrain.output.profile import profile_table
    from nettrain.output.report import final_report, head
    from nettrain.output.sketch import loss_curve
    from nettrain.spec.load import load, to_yaml
    from nettrain.store.records import Records
    from nettrain.store.run_folder import RunFolder

    started = perf_counter() if started is None else started
    loaded = load(file, overrides)
    run, members, data = _prepared(loaded)
    run.profile = Profile() if profile else None
    experiment = run.experiment
    folder = RunFolder.create(out, experiment.experiment)
    write_whole(folder.config, to_yaml(experiment))
    notes = [*loaded.notes, *data.notes, *remarks(experiment), *run.batches.remarks]
    if not quiet:
        head(console, experiment.experiment, _facts(run, data), notes)
    records = Records(folder, many=len(members) > 1)
    networks, summary = _follow(run, members, data, folder, console, records, started, quiet=quiet)
    if figures:
        print_notes(draw(run, networks, records, summary, folder))
    if not quiet:
        loss_curve(console, records.history, summary["best_epoch"])
        if profile:
            profile_table(console, summary["profile"], summary["timing"]["steps"], STEP)
        final_report(console, run.plan, summary, folder.path, folder.names())
    return {"folder": str(folder.path), **summary}


def _prepared(loaded: "Loaded") -> tuple["Run", list["Experiment"], "Prepared"]:
    """The population of an experiment, its members' own experiments and its data. Errors get their places."""
    from nettrain.backend.choose import open_backend
    from nettrain.engine.build import build
    from nettrain.engine.settle import read_settled
    from nettrain.spec.load import resolved
    from nettrain.spec.replicas import replicas

    with loaded.placing_errors():
        experiment, data = read_settled(resolved(loaded.experiment))
        place = experiment.backend
        backend = open_backend(place.name, dtype=place.dtype, threads=int(place.threads))
        members = replicas(experiment)
        return build(members, data, backend), members, data


def _follow(
    run: "Run",
    members: list["Experiment"],
    data: "Prepared",
    folder: "RunFolder",
    console: "Console",
    records: "Records",
    started: float,
    *,
    quiet: bool,
) -> tuple["Networks", dict[str, Any]]:
    """Train to the end, showing and recording every epoch, and write what the run leaves behind."""
    from nettrain.cli.interrupt import interruptible
    from nettrain.engine.profile import timing
    from nettrain.output.progress import progress
    from nettrain.store.model_file import write_model
    from nettrain.store.run_folder import write_json

    # the files are written in here too, so that Ctrl-C leaves a whole folder
    with interruptible() as asked:
        ended, done = _watch(run, asked, progress(console, quiet=quiet), records)
        with timing(run.profile, "evaluation"):
            networks, told = _measured(run, members, ended, done)
        with timing(run.profile, "writing"):
            write_model(folder.model, run.plan, networks.parameters, networks.statistics)
            write_json(folder.preprocessing, data.preprocessing.to_json())
            records.write()
        told["timing"]["total_seconds"] = perf_counter() - started
        if run.profile:
            told["profile"] = run.profile.table()
        write_json(folder.summary, told)
    return networks, told


def _measured(
    run: "Run", members: list["Experiment"], ended: dict[int, "MemberStopped"], done: "TrainingDone"
) -> tuple["Networks", dict[str, Any]]:
    """The networks that a run leaves behind, and its summary with what they are worth."""
    from nettrain.engine.evaluate import Networks, figures_of, joint_figures
    from nettrain.store.summary import answered_jointly, summarise, with_snapshots

    networks = Networks(run.final, run.final_statistics, members)
    summary = summarise(run, members, ended, done, figures_of(run, networks))
    if run.experiment.training.snapshots > 1:
        taken = run.snapshots.of_single(ended[0], run.final, run.final_statistics)
        networks = Networks(*taken, members * len(taken[0]))
        summary = with_snapshots(summary, run.snapshots.epochs_of(ended[0]), figures_of(run, networks))
    sound = networks.sound()
    if run.experiment.training.answers_as_one and sound.experiments:
        summary = answered_jointly(summary, joint_figures(run, sound))
    return networks, summary


def _watch(
    run: "Run", asked: Callable[[], bool], display: "Progress", records: "Records"
) -> tuple[dict[int, "MemberStopped"], "TrainingDone"]:
    """Train; every epoch goes to the display and the records. How each member ended, and the whole."""
    from nettrain.engine.events import EpochDone, MemberStopped, TrainingDone
    from nettrain.engine.loop import train as events
    from nettrain.engine.profile import timing

    ended = {}
    try:
        for event in events(run, asked):
            match event:
                case EpochDone():
                    display.epoch(event)
                    with timing(run.profile, "writing"):
                        records.add(event)
                case MemberStopped():
                    ended[event.member] = event
                case TrainingDone():
                    done = event
    finally:
        display.close()
    return ended, done


def _facts(run: "Run", data: "Prepared") -> dict[str, str]:
    """What is trained on what, in a few words."""
    from nettrain.output.numbers import count

    rows = ", ".join(f"{count(table.rows)} {part}" for part, table in run.tables.items())
    targets, backend = data.preprocessing, run.backend
    kind = f"{len(targets.classes)} classes" if targets.classes else ", ".join(targets.target_names)
    threads = f"{backend.threads} thread{'s' if backend.threads > 1 else ''}"
    members = {"members": _members(run)} if len(run.final) > 1 else {}
    return {
        "data": f"{rows} rows, {run.plan.inputs} inputs → {kind}",
        "network": f"{'-'.join(map(str, run.plan.widths))}, {count(run.plan.parameters)} parameters",
        **members,
        "backend": f"{backend.name} {backend.dtype}, {threads}",
    }


def _members(run: "Run") -> str:
    """How many networks are trained side by side, and what they differ in."""
    training, many = run.experiment.training, len(run.final)
    kind = "one ensemble" if training.ensemble > 1 else "repeats"
    differ = "weights" if training.vary == "weights" else "weights and orders of the rows"
    return f"{many} with their own {differ}, as {kind}"
