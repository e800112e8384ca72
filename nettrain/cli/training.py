"""A training on its way: prepared, followed to its end, and written down."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from nettrain.data.prepare import Prepared
    from nettrain.experiment.load import LoadedExperiment
    from nettrain.experiment.settings import Experiment
    from nettrain.inference.evaluate import Networks
    from nettrain.output.console import Console
    from nettrain.output.progress import ProgressDisplay
    from nettrain.store.checkpointer import Checkpointer
    from nettrain.store.history import HistoryWriter
    from nettrain.store.run_folder import RunFolder
    from nettrain.store.summary import RunSummary
    from nettrain.training.build import TrainingRun
    from nettrain.training.divergence import DivergenceReport
    from nettrain.training.events import TrainingDone
    from nettrain.training.loop import Training

EXIT_CODES = {"finished": 0, "diverged": 1, "interrupted": 130}
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Write no pictures.")]


@dataclass(frozen=True)
class Job:
    """A training that is to be brought to its end in its folder, which this process has locked."""

    training: "Training"
    members: list["Experiment"]
    data: "Prepared"
    folder: "RunFolder"
    records: "HistoryWriter"
    notes: Sequence[str]  # what is to be said of it before all else
    why: str = ""  # this backend, where it was left open


def finished(job: Job, console: "Console", started: float, *, quiet: bool, figures: bool) -> dict[str, Any]:
    """Train to the end, show it and write down all that it leaves; returns its summary and the folder."""
    try:
        return _finished(job, console, started, quiet=quiet, figures=figures)
    except KeyboardInterrupt:  # the second: what it has written so far is whole
        print(f"interrupted at once; go on with: nettrain resume {job.folder.path}", file=sys.stderr)
        raise


def _finished(job: Job, console: "Console", started: float, *, quiet: bool, figures: bool) -> dict[str, Any]:
    from nettrain.cli.pictures import draw
    from nettrain.experiment.resolution import remarks
    from nettrain.output.console import print_notes
    from nettrain.output.profile import profile_table
    from nettrain.output.report import final_report, head
    from nettrain.output.terminal_plot import plot_loss
    from nettrain.training.profile import STEP
    from nettrain.training.shortage import shortage_told

    run, folder = job.training.run, job.folder
    if not quiet:
        said = getattr(run.backend, "notes", ())
        notes = [
            *job.notes,
            *said,
            *job.data.notes,
            *remarks(run.experiment),
            *run.batches.remarks,
            *run.notes,
        ]
        head(console, run.experiment.experiment, _facts(run, job), notes)
    with shortage_told(run.experiment):
        networks, summary = _follow(job, console, started, quiet=quiet)
    drawing = perf_counter()
    if figures:
        print_notes(draw(run, networks, job.records, summary, folder))
    drawing = perf_counter() - drawing if figures else 0.0
    if not quiet:
        plot_loss(console, job.records.rows, summary["best_epoch"])
        if run.profile:
            profile_table(console, summary["profile"], summary["timing"]["steps"], STEP)
        final_report(console, run.plan, summary, folder.path, folder.file_names(), drawing=drawing)
    return {"folder": str(folder.path), **summary}


def prepared(
    loaded: "LoadedExperiment", *, profile: bool = False
) -> tuple["Training", list["Experiment"], "Prepared"]:
    """The training of an experiment, its members' own experiments and its data. Errors get their places."""
    from nettrain.backend.choose import open_backend
    from nettrain.experiment.replicas import replicas
    from nettrain.experiment.resolution import read_and_resolve, resolve
    from nettrain.training.build import build
    from nettrain.training.loop import Training
    from nettrain.training.profile import Profile
    from nettrain.training.shortage import shortage_told

    with loaded.locating_errors():
        experiment, data = read_and_resolve(resolve(loaded.experiment))
        place = experiment.backend
        backend = open_backend(
            place.name, dtype=place.dtype, threads=int(place.threads), device=place.device, tf32=place.tf32
        )
        members = replicas(experiment)
        with shortage_told(experiment):
            run = build(members, data, backend)
            run.profile = Profile() if profile else None
            return Training(run), members, data


def reason(loaded: "LoadedExperiment") -> str:
    """Why `auto` has taken its backend, where the experiment leaves it open."""
    from nettrain.backend.choose import chosen

    place = loaded.experiment.backend
    return chosen(place.name, place.device).reason


def _follow(job: Job, console: "Console", started: float, *, quiet: bool) -> tuple["Networks", "RunSummary"]:
    """Train to the end, showing and recording every epoch, and write what the run leaves behind."""
    from nettrain.output.progress import progress
    from nettrain.store.checkpointer import Checkpointer
    from nettrain.store.model_file import write_model
    from nettrain.store.run_folder import write_json
    from nettrain.training.profile import timing

    run, folder = job.training.run, job.folder
    keeper = Checkpointer(job.training, job.data, folder, job.records)
    done = _watch(job, progress(console, quiet=quiet), keeper)
    with timing(run.profile, "evaluation"):
        networks, told = _measured(job, done, _causes(job, keeper))
    with timing(run.profile, "writing"):
        write_model(folder.model, run.plan, networks.parameters, networks.statistics)
        write_json(folder.preprocessing, job.data.preprocessing.to_json())
        job.records.flush()
    told["timing"]["total_seconds"] = perf_counter() - started
    if run.profile:
        told["profile"] = run.profile.table()
    write_json(folder.summary, told)
    return networks, told


def _causes(job: Job, keeper: "Checkpointer") -> dict[int, "DivergenceReport"]:
    """Why members have diverged; their weights are then the last good ones, unless they are averaged over."""
    from nettrain.training.divergence import diagnose

    run, found = job.training.run, {}
    for member, end in job.training.ended.items():
        if end.reason != "diverged":
            continue
        cause = diagnose(job.members[member], job.data, run.backend, keeper.last_state(member))
        if cause is None:
            continue
        found[member] = cause.told(job.members[member])
        if not end.restored and not run.experiment.training.averages_predictions:
            run.final[member], run.final_statistics[member] = cause.parameters, cause.statistics
    return found


def _measured(
    job: Job, done: "TrainingDone", causes: dict[int, "DivergenceReport"]
) -> tuple["Networks", "RunSummary"]:
    """The networks that a run leaves behind, and its summary with what they are worth."""
    from nettrain.inference.evaluate import Networks, figures_of, joint_figures
    from nettrain.store.summary import summarise, with_joint_metrics, with_snapshots

    run, members, ended = job.training.run, job.members, job.training.ended
    networks = Networks(run.final, run.final_statistics, members)
    summary = summarise(run, members, ended, done, figures_of(run, networks), causes)
    if run.experiment.training.snapshots > 1:
        taken = run.snapshots.of_single(ended[0], run.final, run.final_statistics)
        networks = Networks(*taken, members * len(taken[0]))
        summary = with_snapshots(summary, run.snapshots.epochs_of(ended[0]), figures_of(run, networks))
    sound = networks.sound()
    if run.experiment.training.averages_predictions and sound.experiments:
        summary = with_joint_metrics(summary, joint_figures(run, sound))
    return networks, summary


def _watch(job: Job, display: "ProgressDisplay", keeper: "Checkpointer") -> "TrainingDone":
    """Train; every epoch goes to the display, the records and, when it is time, the checkpoint."""
    from nettrain.training.events import EpochDone, TrainingDone
    from nettrain.training.profile import timing

    profile = job.training.run.profile
    try:
        for event in job.training.events():
            match event:
                case EpochDone():
                    display.epoch(event)
                    with timing(profile, "writing"):
                        job.records.add(event)
                        keeper.save_if_due()
                case TrainingDone():
                    done = event
    finally:
        display.close()
        keeper.wait()
    with timing(profile, "writing"):
        keeper.save_final()
    return done


def _facts(run: "TrainingRun", job: Job) -> dict[str, str]:
    """What is trained on what, in a few words."""
    from nettrain.output.numbers import count

    rows = ", ".join(f"{count(table.rows)} {part}" for part, table in run.tables.items())
    targets, backend = job.data.preprocessing, run.backend
    kind = f"{len(targets.classes)} classes" if targets.classes else ", ".join(targets.target_names)
    threads = f"{backend.threads} thread{'s' if backend.threads > 1 else ''}"
    members = {"members": _members(run)} if len(run.final) > 1 else {}
    return {
        "data": f"{rows} rows, {run.plan.inputs} inputs → {kind}",
        "network": f"{'-'.join(map(str, run.plan.widths))}, {count(run.plan.parameters)} parameters",
        **members,
        "backend": f"{backend.name} {backend.dtype}, {threads}" + (f" (auto: {job.why})" if job.why else ""),
    }


def _members(run: "TrainingRun") -> str:
    """How many networks are trained side by side, and what they differ in."""
    training, many = run.experiment.training, len(run.final)
    kind = "one ensemble" if training.ensemble > 1 else "repeats"
    differ = "weights" if training.vary == "weights" else "weights and orders of the rows"
    return f"{many} with their own {differ}, as {kind}"


def leave(summary: dict[str, Any]) -> NoReturn:
    """End the command as its run has ended, saying what a person must know."""
    status, folder = summary["status"], summary["folder"]
    if status == "diverged":
        print(_diverged(summary), file=sys.stderr)
    if status == "interrupted":
        print(f"interrupted; go on with: nettrain resume {folder}", file=sys.stderr)
    raise typer.Exit(EXIT_CODES[status])


def _diverged(summary: dict[str, Any]) -> str:
    """What has diverged, where and why."""
    members = summary.get("members", [])
    gone = sum(member["status"] == "diverged" for member in members)
    if members:
        return f"{gone} of {len(members)} members diverged in {summary['folder']}"
    why = (summary.get("divergence") or {}).get("text", "a figure became NaN or infinite")
    return f"training diverged in epoch {summary['epochs_run']} of {summary['folder']}: {why}"
