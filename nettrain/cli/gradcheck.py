"""`nettrain gradcheck`: compare backpropagation with finite differences and dual numbers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.options import Backend, Debug, Device, Json, Overrides, with_backend

if TYPE_CHECKING:
    from nettrain.checks.options import CheckOptions
    from nettrain.workflow.gradcheck import CatalogueCheck, FunctionCheck, NetworkCheck

What = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE|RUN",
        help="An experiment file or a run folder; default: everything an experiment file can name.",
        show_default=False,
    ),
]
All = Annotated[bool, typer.Option("--all", help="Compare every number, however long it takes.")]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples",
        metavar="N",
        min=0,
        help="Numbers compared in each tensor; default: as many as take some seconds.",
    ),
]
Step = Annotated[
    float | None,
    typer.Option("--step", metavar="H", help="Differences step H·max(1, |w|) to both sides; default: ∛ε."),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance",
        metavar="T",
        help="Largest error relative to the largest derivative of a tensor; default: 1e-10.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of the numbers and directions that are drawn.")
]
Function = Annotated[
    str | None,
    typer.Option(
        "--function", metavar="MODULE:NAME", help="A function of your own, f(x) -> (value, gradient)."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="List the numbers that were skipped.")]


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
    """Check backpropagation by finite differences and by dual numbers.

    FILE checks the network of an experiment on a batch of its data, RUN a trained one; without either, small
    networks with every entry of the catalogue are checked. NumPy computes unless --backend names another.
    """
    from nettrain.output.console import console
    from nettrain.output.gradcheck_view import show_check
    from nettrain.store.run_folder import json_line

    options = check_options(every, samples, step, tolerance, seed)
    result = check_target(what, function, with_backend(overrides, backend, device), options)
    show_check(console(stderr=as_json), result, verbose=verbose)
    if as_json:
        print(json_line(result.plain))
    raise typer.Exit(0 if result.passed else 1)


def check_options(
    every: bool, samples: int | None, step: float | None, tolerance: float | None, seed: int
) -> "CheckOptions":
    """The options of the check. Raises SpecError when they contradict each other."""
    from nettrain.checks.options import CheckOptions
    from nettrain.errors import SpecError

    if every and samples is not None:
        raise SpecError("--samples: does not go with --all, which takes every number")
    return CheckOptions(
        samples=sys.maxsize if every else samples,
        step=CheckOptions.step if step is None else step,
        tolerance=CheckOptions.tolerance if tolerance is None else tolerance,
        seed=seed,
    )


def check_target(
    what: str | None, function: str | None, overrides: list[str], options: "CheckOptions"
) -> "NetworkCheck | FunctionCheck | CatalogueCheck":
    """Check a function, the network of a file or a run, or everything."""
    from nettrain.checks.function import load_function
    from nettrain.errors import SpecError
    from nettrain.workflow.gradcheck import check_catalogue, check_function, check_network

    if function is None:
        if what is None:
            return check_catalogue(options, overrides)
        return check_network(Path(what), overrides, options)
    if what is not None:
        raise SpecError(f"--function: {what}: checks a function alone, without FILE or RUN")
    return check_function(load_function(function), options)
