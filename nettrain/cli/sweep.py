"""`nettrain sweep`: a search over the parameters of an experiment file."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nettrain.cli.options import Backend, Debug, Device, File, Json, Overrides, Quiet, with_place

if TYPE_CHECKING:
    from nettrain.output.console import Console
    from nettrain.store.sweep_summary import SweepSummary
    from nettrain.sweep.sweep import Sweep

INTERRUPTED = 130
Out = Annotated[Path, typer.Option("--out", help="Folder that gets the sweep's folder.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, help="Worker processes; one for each core or, on GPUs, for each of them unless told."
    ),
]
Trials = Annotated[
    int | None, typer.Option("--trials", min=1, help="Trials in all, those that are done included.")
]


def sweep(
    file: File,
    overrides: Overrides = None,
    out: Out = Path("sweeps"),
    jobs: Jobs = None,
    trials: Trials = None,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Search the parameters that an experiment file's sweep block names.

    Running the same command again goes on where it has stopped.
    """
    import json

    from nettrain.cli.interrupt import interruptible
    from nettrain.experiment.load import load
    from nettrain.output.console import console
    from nettrain.sweep.opening import open_sweep

    loaded, screen = load(file, with_place(overrides, backend, device)), console(stderr=as_json)
    again = " ".join(["nettrain", *sys.argv[1:]])
    try:
        with interruptible() as asked, open_sweep(loaded, out, total=trials, workers=jobs) as opened_sweep:
            summary = _run(opened_sweep, screen, asked, quiet=quiet)
    except KeyboardInterrupt:  # the second: the journal holds what had come to its end
        print(f"interrupted at once; go on with: {again}", file=sys.stderr)
        raise
    if as_json:
        print(json.dumps(summary))
    if summary["status"] == "interrupted":
        print(f"interrupted; go on with: {again}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    if summary["best"] is None:
        print(f"no trial of {summary['folder']} came to its end", file=sys.stderr)
        raise typer.Exit(1)


def _run(made: "Sweep", screen: "Console", asked: Callable[[], bool], *, quiet: bool) -> dict[str, Any]:
    """Show, run, write down; returns the summary and the folder."""
    from nettrain.output.report import head
    from nettrain.store.run_folder import read_json
    from nettrain.sweep.summary import is_written, write_results

    if not made.chunks and is_written(made):
        if not quiet:
            told = f"{made.folder.path}: all {len(made.trials)} trials are done; --trials N adds more"
            screen.print(told, soft_wrap=True, highlight=False)
            _report(made, screen, read_json(made.folder.summary))
        return {"folder": str(made.folder.path), **read_json(made.folder.summary)}
    if not quiet:
        head(screen, made.space.loaded.experiment.experiment, _facts(made), made.notes)
    started = perf_counter()
    _watch(made, screen, asked, quiet=quiet)
    summary = write_results(made, perf_counter() - started)
    _draw(made)
    if not quiet:
        _report(made, screen, summary)
    return {"folder": str(made.folder.path), **summary}


def _watch(made: "Sweep", screen: "Console", asked: Callable[[], bool], *, quiet: bool) -> None:
    """Run all trials, showing how it stands."""
    from nettrain.output.console import print_notes
    from nettrain.output.sweep_progress import RunningGroup, SweepState, sweep_progress

    display, fresh = sweep_progress(screen, quiet=quiet), 0
    try:
        for progress in made.run(asked):
            fresh += len(progress.new_results)
            print_notes(progress.notes)
            best = made.best[:1]
            state = SweepState(
                done=len(made.results),
                total=len(made.trials),
                fresh=fresh,
                spent=progress.seconds,
                left=progress.remaining,
                metric=made.goal.metric,
                groups=tuple(RunningGroup(one.members, one.epoch, one.epochs) for one in progress.running),
                best=best[0].trial if best else None,
                figure=best[0].figures[made.goal.metric] if best else 0.0,
                values=made.trials[best[0].trial - 1].values if best else None,
            )
            display.show(state)
    finally:
        display.close()


def _facts(made: "Sweep") -> dict[str, str]:
    """What is searched, in a few words."""
    left = sum(len(chunk.trials) for chunk in made.chunks)
    done = f", {len(made.results)} done already" if made.results else ""
    return {
        "search": f"{made.space.settings.method}, {len(made.trials)} trials{done}, by {made.goal.metric}",
        "over": ", ".join(parameter.key for parameter in made.space.parameters),
        "work": f"{left} networks in {len(made.chunks)} populations, {made.workers} workers",
        "backend": _backend(made),
    }


def _backend(made: "Sweep") -> str:
    """Where it computes and, where that was left open, why."""
    choice, gpus = made.space.backend, made.devices
    text = (
        f"{choice.name}, device{'s' if len(gpus) > 1 else ''} {', '.join(map(str, gpus))}"
        if gpus
        else choice.name
    )
    return f"{text} (auto: {choice.reason})" if choice.reason else text


def _report(made: "Sweep", screen: "Console", summary: "SweepSummary") -> None:
    from nettrain.output.sweep_report import Leader, sweep_report

    leaders = [
        Leader(one.trial, one.epochs, one.figures, made.trials[one.trial - 1].values) for one in made.best
    ]
    keys = [parameter.key for parameter in made.space.parameters]
    sweep_report(
        screen, summary, leaders, made.influences(), keys, made.folder.path, made.folder.file_names()
    )


def _draw(made: "Sweep") -> None:
    """`parameters.png`."""
    from nettrain.files import write_atomic
    from nettrain.output.figures.parameters import ParameterAxis, TrialPoint, parameters_picture

    drawn = [one for one in made.space.parameters if any(one.key in trial.values for trial in made.trials)]
    axes = [ParameterAxis(one.key, one.distribution.log) for one in drawn]
    best = made.best[:1]
    points = [
        TrialPoint(
            one.status,
            one.figures.get(made.goal.metric) if one.status in ("finished", "pruned") else None,
            made.trials[one.trial - 1].values,
            best=one in best,
        )
        for one in made.results.values()
    ]
    if points and axes:
        picture = parameters_picture(points, axes, made.goal.metric)
        write_atomic(made.folder.picture, picture)
