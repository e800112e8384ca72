"""`nettrain check`: sanity checks of an experiment, before it is trained."""

from typing import Annotated

import typer

from nettrain.cli.options import Backend, Debug, Device, File, Json, Overrides, with_backend

Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="CHECK", help="Run this check alone; may be repeated.", show_default=False
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        "--skip", metavar="CHECK", help="Leave this check out; may be repeated.", show_default=False
    ),
]


def check(
    file: File,
    overrides: Overrides = None,
    only: Only = None,
    skip: Skip = None,
    backend: Backend = None,
    device: Device = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check an experiment on its data before it is trained: what is measured, expected, and a verdict.

    Small variants of the network are trained for a few epochs. The exit code is 1 when something is wrong.
    """
    from nettrain.output.console import console
    from nettrain.output.sanity_view import check_status, show_sanity
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.check import check_experiment, chosen
    from nettrain.workflow.source import load_experiment

    checks = chosen(only or (), skip or ())
    loaded = load_experiment(file, with_backend(overrides, backend, device))
    with check_status(console(stderr=True)) as on_check:
        report = check_experiment(loaded, checks, on_check=on_check)
    show_sanity(console(stderr=as_json), report)
    if as_json:
        print(json_line(report.plain))
    raise typer.Exit(0 if report.passed else 1)
