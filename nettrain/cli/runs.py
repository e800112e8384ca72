"""`nettrain runs`: a table of runs and of the settings in which they differ."""

from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.completion import complete_run, complete_sort
from nettrain.cli.options import Debug, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nettrain.store.run_overview import RunOverview

Patterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN|FOLDER|GLOB",
        help="Run folders, folders that contain some, or patterns such as 'runs/iris*'; default: runs.",
        show_default=False,
        autocompletion=complete_run,
    ),
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="NAME",
        help="when, status, epochs, a metric such as test_accuracy (best first) or a key; -NAME reverses.",
        autocompletion=complete_sort,
    ),
]


def runs(patterns: Patterns = None, sort: Sort = "when", as_json: Json = False, debug: Debug = False) -> None:
    """List runs: when and how they ended, their metrics and, of those named, the settings that differ."""
    import json

    from nettrain.output.console import console
    from nettrain.output.runs import runs_table
    from nettrain.workflow.runs import FOLDER, compare_runs

    compared = compare_runs(patterns or (), sort)
    if as_json:
        runs = [run_json(run, compared.differing) for run in compared.runs]
        print(json.dumps({"runs": runs, "differing": compared.differing}))
    elif compared.runs:
        runs_table(console(), compared.runs, compared.differing if patterns else [])
    else:
        print(f"no runs in {FOLDER}/ yet; nettrain train FILE makes one")


def run_json(run: "RunOverview", keys: "Sequence[str]") -> dict[str, object]:
    """One run as JSON, with its values of the keys that differ."""
    return {
        "run": str(run.path),
        "when": run.when.isoformat(timespec="seconds"),
        "experiment": run.experiment,
        "status": run.status,
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "seconds": run.seconds,
        "main_metric": run.main_metric or None,
        "figures": run.figures,
        "settings": {key: run.settings.get(key) for key in keys},
    }
