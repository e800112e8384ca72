"""`nettrain gradcheck`: is the gradient right? Backpropagation beside differences and dual numbers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.options import Backend, Debug, Device, Json, Overrides, with_place

if TYPE_CHECKING:
    from nettrain.workflow.gradcheck import CatalogueCheck, CheckOptions, FunctionCheck, NetworkCheck

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
    from nettrain.output.gradcheck_view import show_check
    from nettrain.store.run_folder import json_line

    options = check_options(every, samples, step, tolerance, seed)
    result = check_asked(what, function, with_place(overrides, backend, device), options)
    show_check(console(stderr=as_json), result, verbose=verbose)
    if as_json:
        print(json_line(result.plain))
    raise typer.Exit(0 if result.passed else 1)


def check_options(
    every: bool, samples: int | None, step: float | None, tolerance: float | None, seed: int
) -> "CheckOptions":
    """The options that were given. Raises SpecError when they do not go together."""
    from nettrain.errors import SpecError
    from nettrain.workflow.gradcheck import CheckOptions

    if every and samples is not None:
        raise SpecError("--samples: does not go with --all, which takes every number")
    return CheckOptions(
        samples=sys.maxsize if every else samples,
        step=CheckOptions.step if step is None else step,
        tolerance=CheckOptions.tolerance if tolerance is None else tolerance,
        seed=seed,
    )


def check_asked(
    what: str | None, function: str | None, overrides: list[str], options: "CheckOptions"
) -> "NetworkCheck | FunctionCheck | CatalogueCheck":
    """Check a function, the network of a file or a run, or everything."""
    from nettrain.checks.function import own_function
    from nettrain.errors import SpecError
    from nettrain.workflow.gradcheck import check_catalogue, check_function, check_network

    if function is None:
        if what is None:
            return check_catalogue(options, overrides)
        return check_network(Path(what), overrides, options)
    if what is not None:
        raise SpecError(f"--function: {what}: checks a function alone, without FILE or RUN")
    return check_function(own_function(function), options)
