"""`nettrain predict`: outputs of a trained run for new rows, as CSV."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.options import Debug, Member, RunArgument

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A file like the training data, or builtin:NAME.", show_default=False
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="File that gets the predictions; default: standard output.")
]


def predict(
    run: RunArgument, data: Data, out: Out = None, member: Member = None, debug: Debug = False
) -> None:
    """Predict rows with a trained run: class and probabilities, or numbers."""
    from nettrain.data.preprocessing import read_rows
    from nettrain.engine.predict import answers
    from nettrain.engine.predict import predict as outputs
    from nettrain.files import write_whole
    from nettrain.store.run_folder import csv_text
    from nettrain.store.trained_run import open_trained

    trained = open_trained(run).answering(member)
    x = read_rows(data, trained.preprocessing)
    fitted = (trained.parameters, trained.statistics)
    output = outputs(trained.backend, trained.plan, *fitted, x)
    text = csv_text(*answers(output, trained.experiment, trained.preprocessing))
    if out is None:
        print(text, end="")
    else:
        write_whole(out, text)
