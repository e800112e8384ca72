"""`nettrain predict`: predictions of a trained run for new rows, as CSV or Parquet."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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

if TYPE_CHECKING:
    from nettrain.data.unpredictable import PredictableRows


class OutputFormat(StrEnum):
    """How predictions are written."""

    csv = "csv"
    parquet = "parquet"


Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        help="A file like the training data, - for standard input, builtin:NAME; default: the test rows.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File for the predictions, .csv or .parquet; default: standard output."),
]
Format = Annotated[
    OutputFormat | None, typer.Option("--format", help="csv or parquet; default: by the ending of the file.")
]
Samples = Annotated[
    int | None,
    typer.Option(
        "--mc-samples",
        min=2,
        help="Mean and standard deviation of this many passes with dropout (Monte Carlo dropout).",
        show_default=False,
    ),
]


def predict(
    run: RunArgument,
    data: Data = None,
    out: Out = None,
    form: Format = None,
    part: Part = None,
    member: Member = None,
    backend: Backend = None,
    device: Device = None,
    samples: Samples = None,
    intervals: Interval = None,
    keep: Keep = None,
    strict: Strict = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Predict rows with a trained run: class and probabilities, or numbers, one line per row.

    Without DATA these are the test rows of the run.

    Rows that cannot be predicted are listed, and get empty cells.
    """
    from nettrain.data.tables.table import counted
    from nettrain.files import write_atomic
    from nettrain.output.console import print_notes
    from nettrain.output.postprocessing import postprocessing_lines
    from nettrain.store.predictions import encode_frame, prediction_report
    from nettrain.store.trained_folds import open_predictor
    from nettrain.workflow.intervals import refuse_intervals
    from nettrain.workflow.output_files import check_output_file
    from nettrain.workflow.prediction import predict_rows, read_rows, refuse_imperfect

    form = chosen_format(out, form)
    trained = open_predictor(run, backend, device).select_members(member)
    refuse_intervals(trained, intervals or ())
    check_output_file(out, trained, data)
    print_notes([*trained.warnings, *postprocessing_lines(trained.applied, trained.task.positive)])
    rows = read_rows(trained, data, part.value if part else None, keep=keep or ())
    if strict:
        refuse_imperfect(rows)
    _warn(rows)
    frame = predict_rows(trained, rows, samples, intervals or ())
    if out is not None:
        write_atomic(out, encode_frame(frame, form))
    if as_json:
        print(prediction_report(str(run), frame, rows, out, trained.applied).model_dump_json())
    elif out is not None:
        print_notes([f"wrote {out}: {counted(frame.height, 'row')}"])
    else:
        sys.stdout.buffer.write(encode_frame(frame, form))
        sys.stdout.flush()


def chosen_format(out: Path | None, form: OutputFormat | None) -> OutputFormat:
    """The format of the predictions. Raises SpecError when neither the option nor the ending tells."""
    from nettrain.errors import SpecError

    if form is not None or out is None:
        return form or OutputFormat.csv
    ending = out.suffix.lower().removeprefix(".")
    if ending not in list(OutputFormat):
        raise SpecError(f"--out: {out}: ends neither in .csv nor in .parquet; say which by --format")
    return OutputFormat(ending)


def _warn(rows: "PredictableRows") -> None:
    """Print on standard error how rows differ from the training data, and which cannot be predicted."""
    from nettrain.output.console import print_notes, print_warnings
    from nettrain.workflow.prediction import unpredictable_lines

    print_notes(rows.notes)
    print_warnings(rows.comparison.lines(rows.label))
    for line in unpredictable_lines(rows):
        print(line, file=sys.stderr)
    several = len(rows.unpredictable)
    if several and len(rows.rows):
        message = f"{several} of {rows.height} rows cannot be predicted; their cells are empty"
        print(message, file=sys.stderr)
