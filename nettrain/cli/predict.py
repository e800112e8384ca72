"""`nettrain predict`: outputs of a trained run for new rows, as CSV."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.options import Debug, RunArgument

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A file like the training data, or builtin:NAME.", show_default=False
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="File that gets the predictions; default: standard output.")
]


def predict(run: RunArgument, data: Data, out: Out = None, debug: Debug = False) -> None:
    """Predict rows with a trained run: class and probabilities, or numbers."""
    from nettrain.backend.choose import open_backend
    from nettrain.data.preprocessing import Preprocessing, read_rows
    from nettrain.engine.predict import answers
    from nettrain.engine.predict import predict as outputs
    from nettrain.errors import SpecError
    from nettrain.files import write_whole
    from nettrain.spec.load import check, read, resolved
    from nettrain.store.model_file import read_model
    from nettrain.store.run_folder import RunFolder, csv_text, read_json

    folder = RunFolder.open(run)
    plan, parameters = read_model(folder.model)
    preprocessing = Preprocessing.from_json(read_json(folder.preprocessing))
    experiment = resolved(check(read(folder.config)))
    if plan.inputs != preprocessing.inputs:
        raise SpecError(f"{run}: its model and its preprocessing belong to different runs")
    place = experiment.backend
    threads = 1 if place.threads == "auto" else place.threads  # a run writes a number, a person may not
    backend = open_backend("numpy", dtype=place.dtype, threads=threads)
    x = read_rows(data, preprocessing)
    header, rows = answers(outputs(backend, plan, parameters, x)[0], experiment, preprocessing)
    text = csv_text(header, rows)
    if out is None:
        print(text, end="")
    else:
        write_whole(out, text)
