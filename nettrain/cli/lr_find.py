"""`nettrain lr-find`: which learning rate, or other number, trains an experiment best."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.completion import complete_number
from nettrain.cli.options import Backend, Debug, Device, File, Json, Overrides, Quiet, with_backend
from nettrain.cli.training import NoFigures

if TYPE_CHECKING:
    from nettrain.workflow.find_rate import RateFinding


class MethodChoice(StrEnum):
    """How rates are tried."""

    population = "population"
    ramp = "ramp"


Parameter = Annotated[
    str,
    typer.Option(
        "--parameter",
        metavar="KEY",
        help="The number to try, such as training.weight_decay.",
        autocompletion=complete_number,
    ),
]
Low = Annotated[
    float | None,
    typer.Option(
        "--from", metavar="VALUE", help="The first value; default: 1e-6 for a rate.", show_default=False
    ),
]
High = Annotated[
    float | None,
    typer.Option("--to", metavar="VALUE", help="The last value; default: 10 for a rate.", show_default=False),
]
Rates = Annotated[
    int | None, typer.Option("--rates", help="How many values; default: 32.", show_default=False)
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        help="Steps of each network; default: those of ten epochs, or of half a minute in all.",
        show_default=False,
    ),
]
MethodOption = Annotated[
    MethodChoice,
    typer.Option("--method", help="Networks side by side, or one whose rate grows with every step."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="The picture; default: learning_rate.png.", show_default=False),
]


def lr_find(
    file: File,
    overrides: Overrides = None,
    parameter: Parameter = "optimizer.learning_rate",
    low: Low = None,
    high: High = None,
    rates: Rates = None,
    steps: Steps = None,
    method: MethodOption = MethodChoice.population,
    out: Out = None,
    no_figures: NoFigures = False,
    backend: Backend = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Try 32 learning rates by short trainings side by side, and suggest one.

    The exit code is 1 when no rate lowers the loss.
    """
    from nettrain.output.console import console
    from nettrain.output.rate_view import finding_status, show_finding
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.find_rate import RangeTestOptions, find_rate
    from nettrain.workflow.output_files import check_picture_file
    from nettrain.workflow.source import load_experiment

    loaded = load_experiment(file, with_backend(overrides, backend, device))
    picture = None if no_figures else out or Path(f"{parameter.rpartition('.')[2]}.png")
    if picture is not None:
        check_picture_file(picture, loaded.input_files)
    options = RangeTestOptions(parameter, low, high, rates, steps, method.value)
    screen = console(stderr=as_json)
    with finding_status(screen, quiet=quiet):
        finding = find_rate(loaded, options)
    if picture is not None:
        _draw(finding, picture)
    if not quiet:
        show_finding(screen, finding, picture)
    if as_json:
        print(json_line(finding.plain))
    raise typer.Exit(1 if finding.suggestion is None else 0)


def _draw(finding: "RateFinding", picture: Path) -> None:
    from nettrain.files import write_atomic
    from nettrain.output.figures.range_test import range_test_picture

    write_atomic(picture, range_test_picture(finding))
