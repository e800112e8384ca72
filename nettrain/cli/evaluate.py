"""`nettrain evaluate`: every metric of a trained run on labelled rows, and its worst errors."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_metric
from nettrain.cli.options import (
    Backend,
    Debug,
    Device,
    Interval,
    Json,
    Keep,
    Member,
    Part,
    RunArgument,
    Strict,
)

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="Labelled rows, - for standard input; default: the test rows of the run.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File for the whole report; default: in the run folder.", show_default=False),
]
Worst = Annotated[int, typer.Option("--worst", min=0, help="How many rows with the largest loss to list.")]
Importance = Annotated[
    bool,
    typer.Option("--importance", help="Measure how much worse predictions get when each column is shuffled."),
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        help="Metric of --importance; default: accuracy or rmse.",
        show_default=False,
        autocompletion=complete_metric,
    ),
]
Shuffles = Annotated[int, typer.Option("--shuffles", min=1, help="Shuffles of each column for --importance.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the shuffles.")]


def evaluate(
    run: RunArgument,
    data: Data = None,
    part: Part = None,
    member: Member = None,
    backend: Backend = None,
    device: Device = None,
    out: Out = None,
    worst: Worst = 5,
    importance: Importance = False,
    metric: Metric = None,
    shuffles: Shuffles = 5,
    seed: Seed = 0,
    intervals: Interval = None,
    keep: Keep = None,
    strict: Strict = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a trained run on new labelled rows, or on its own test rows."""
    from nettrain.files import write_atomic
    from nettrain.output.console import console, print_warnings
    from nettrain.output.evaluation import show_evaluation, shuffling_status
    from nettrain.store.run_folder import RunFolder
    from nettrain.store.trained_folds import open_predictor
    from nettrain.workflow.evaluation import EvaluationOptions, ImportanceOptions, evaluate_run
    from nettrain.workflow.output_files import check_output_file

    shuffled = ImportanceOptions(metric, shuffles, seed) if importance or metric else None
    options = EvaluationOptions(
        part.value if part else None, member, worst, shuffled, strict, keep or (), intervals or ()
    )
    trained = open_predictor(run, backend, device)
    check_output_file(out, trained, data)
    with shuffling_status(console(stderr=True)) as on_column:
        evaluation = evaluate_run(trained, data, options, on_column=on_column)
    print_warnings(evaluation.deviations)
    text = evaluation.report.model_dump_json()
    if as_json:
        print(text)
    else:
        show_evaluation(console(), evaluation.report)
    write_atomic(out or RunFolder(run).evaluation(evaluation.file_name), text + "\n")
