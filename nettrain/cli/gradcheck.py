"""`nettrain gradcheck`: is the gradient right? Backpropagation beside differences and dual numbers."""

import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nettrain.cli.options import Backend, Debug, Device, Json, Overrides, with_place

if TYPE_CHECKING:
    from nettrain.checks.problem import Problem
    from nettrain.checks.report import CatalogueReport, FunctionReport, NetworkReport
    from nettrain.experiment.load import LoadedExperiment
    from nettrain.experiment.settings import Experiment
    from nettrain.output.console import Console

What = Annotated[
    str | None,
    typer.Argument(
        metavar="[FILE|RUN]",
        help="An experiment file or a run folder; default: all that an experiment file can name.",
        show_default=False,
    ),
]
All = Annotated[bool, typer.Option("--all", help="Compare every number, however long it takes.")]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples", metavar="N", min=0, help="Numbers of each tensor; default: what takes some seconds."
    ),
]
Step = Annotated[
    float | None,
    typer.Option("--step", metavar="H", help="Differences reach H·max(1, |w|) to both sides; default: ∛ε."),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance", metavar="T", help="Largest error beside a tensor's largest derivative; default: 1e-10."
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Which numbers and directions are drawn.")]
Function = Annotated[
    str | None,
    typer.Option(
        "--function", metavar="MODULE:NAME", help="A function of your own: f(x) -> (value, gradient)."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Name the numbers that were skipped.")]


def gradcheck(
    what: What = None,
    overrides: Overrides = None,
    every: All = False,
    samples: Samples = None,
    step: Step = None,
    tolerance: Tolerance = None,
    seed: Seed = 0,
    function: Function = None,
    backend: Backend = None,
    device: Device = None,
    verbose: Verbose = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Prove that backpropagation is right, by differences and by dual numbers.

    FILE: the network of an experiment on a batch of its data. RUN: a trained one. Neither: a small network of
    every kind there is. NumPy computes unless --backend names another.
    """
    from nettrain.output.console import console
    from nettrain.store.run_folder import json_line

    options = chosen(every, samples, step, tolerance) | {"seed": seed}
    found: Mapping[str, object]
    shown = console(stderr=as_json)
    if function is not None:
        found = check_own(shown, function, what, options, verbose=verbose)
    elif what is not None:
        changes = with_place(overrides, backend, device)
        found = check_network(shown, Path(what), changes, options, verbose=verbose)
    else:
        found = check_everything(shown, options, with_place(None, backend, device))
    if as_json:
        print(json_line(found))
    raise typer.Exit(0 if found["passed"] else 1)


def chosen(every: bool, samples: int | None, step: float | None, tolerance: float | None) -> dict[str, Any]:
    """The options that were given. Raises SpecError when they do not go together."""
    from nettrain.errors import SpecError

    if every and samples is not None:
        raise SpecError("--samples: does not go with --all, which takes every number")
    for name, value in (("step", step), ("tolerance", tolerance)):
        if value is not None and not value > 0:
            raise SpecError(f"--{name}: {value:g} is not above 0")
    given = {"samples": sys.maxsize if every else samples, "step": step, "tolerance": tolerance}
    return {name: value for name, value in given.items() if value is not None}


def check_network(
    console: "Console", path: Path, overrides: list[str], options: dict[str, Any], *, verbose: bool
) -> Mapping[str, object]:
    """Check the network of a file or of a run, and show it."""
    from nettrain.checks.gradient import check
    from nettrain.checks.report import report
    from nettrain.output.gradients import gradient_report

    problem, weights = run_problem(path, overrides) if path.is_dir() else file_problem(path, overrides)
    started = perf_counter()
    comparison = check(problem, **options)
    found: NetworkReport = report(problem, comparison, perf_counter() - started)
    facts = network_facts(problem, weights, comparison.objective)
    gradient_report(console, problem.experiment.experiment, facts, found, verbose=verbose)
    return {"checked": str(path), **found}


def file_problem(path: Path, overrides: list[str]) -> tuple["Problem", str]:
    """The network of an experiment at its initial weights, and what they are called."""
    from nettrain.checks.problem import problem
    from nettrain.errors import SpecError
    from nettrain.experiment.load import load
    from nettrain.experiment.resolution import read_and_resolve, resolve

    if "=" in str(path) and not path.exists():
        raise SpecError(f"{path}: name the FILE or RUN first, then what to change in it")
    loaded = load(path, overrides)
    with loaded.locating_errors():
        experiment = resolve(exact(loaded))
        return problem(*read_and_resolve(experiment)), "initial weights"


def exact(loaded: "LoadedExperiment") -> "Experiment":
    """The experiment in float64, on NumPy unless an override names another backend."""
    place = loaded.experiment.backend.model_copy(update={"dtype": "float64", "tf32": False})
    if not loaded.overrides("backend", "name"):
        place = place.model_copy(update={"name": "numpy"})
    return loaded.experiment.model_copy(update={"backend": place})


def run_problem(path: Path, overrides: list[str]) -> tuple["Problem", str]:
    """The network of a run at its trained weights, those of the first of several members."""
    from dataclasses import replace

    import numpy as np

    from nettrain.errors import SpecError
    from nettrain.store.trained_run import open_trained

    trained = open_trained(path)
    problem, _ = file_problem(trained.folder.config, overrides)
    members = len(trained.parameters)
    point = trained.parameters[0].astype(np.float64)
    if point.shape != problem.point.shape or trained.architecture.widths != problem.architecture.widths:
        raise SpecError(f"{path}: the trained weights do not fit the network that the overrides ask for")
    weights = "trained weights" if members == 1 else f"trained weights of the first of {members} members"
    return replace(problem, point=point), weights


def network_facts(problem: "Problem", weights: str, objective: float) -> dict[str, str]:
    """What is checked, in a few words."""
    from nettrain.output.numbers import count, figure

    plan, rows, train = problem.architecture, len(problem.rows), len(problem.data.train.x)
    return {
        "network": f"{'-'.join(map(str, plan.widths))}, {count(plan.parameters)} parameters, {weights}",
        "batch": f"{count(rows)} of {count(train)} training rows",
        "loss": f"{problem.loss.name}, objective {figure(objective)}",
    }


def check_own(
    console: "Console", name: str, what: str | None, options: dict[str, Any], *, verbose: bool
) -> "FunctionReport":
    """Check a function that somebody has written, and show it."""
    from nettrain.checks.function import check_function, function_report, own_function
    from nettrain.errors import SpecError
    from nettrain.output.gradients import function_view

    if what is not None:
        raise SpecError(f"--function: {what}: checks a function alone, without FILE or RUN")
    own = own_function(name)
    started = perf_counter()
    found = function_report(own, check_function(own, **options), perf_counter() - started)
    function_view(console, found, verbose=verbose)
    return found


def check_everything(console: "Console", options: dict[str, Any], place: list[str]) -> "CatalogueReport":
    """Check a small network of every kind on that backend, and show them as tables."""
    from nettrain.checks.matrix import matrix
    from nettrain.output.gradient_matrix import matrix_view

    found = matrix(options, place)
    matrix_view(console, found)
    return found
