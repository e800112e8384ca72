"""`nettrain evaluate`: loss and metrics of a trained run on labelled rows."""

from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.options import Debug, Json, Member, RunArgument

if TYPE_CHECKING:
    from nettrain.data.prepare import Rows
    from nettrain.store.trained_run import TrainedRun

Data = Annotated[
    str | None,
    typer.Argument(metavar="[DATA]", help="Labelled rows; default: its test rows.", show_default=False),
]


def evaluate(
    run: RunArgument, data: Data = None, member: Member = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Measure a trained run on new labelled rows, or on its own test rows."""
    import json

    from nettrain.engine.build import table_of
    from nettrain.engine.evaluate import Evaluation
    from nettrain.engine.members import stack
    from nettrain.output.console import console
    from nettrain.output.listing import facts_table
    from nettrain.output.numbers import count, figure
    from nettrain.store.trained_run import open_trained

    trained = open_trained(run).answering(member)
    rows = labelled(trained, data)
    table = table_of(rows, trained.experiment, trained.backend, trained.plan.outputs)
    device = trained.backend.from_host
    fitted = device(trained.parameters), device(trained.statistics)
    members = stack([trained.experiment] * len(trained.parameters))
    evaluation = Evaluation(trained, table, *fitted, members)
    if len(trained.parameters) > 1:
        values = evaluation.together().scalars
    else:
        loss, measured = evaluation.measured()
        values = {"loss": float(loss[0]), **measured[0].scalars}
    if as_json:
        print(json.dumps({"run": str(run), "rows": table.rows, "metrics": values}))
        return
    facts_table(console(), {"rows": count(table.rows)} | {name: figure(v) for name, v in values.items()})


def labelled(trained: "TrainedRun", data: str | None) -> "Rows":
    """The rows of DATA, or the run's own test rows. Raises SpecError when it has none."""
    from nettrain.data.labelled import read_labelled
    from nettrain.data.prepare import prepare
    from nettrain.errors import SpecError

    settings, dtype = trained.experiment.data, trained.experiment.backend.dtype
    if data is not None:
        drop = settings.missing_target
        return read_labelled(data, trained.preprocessing, dtype=dtype, missing_target=drop)
    test = prepare(settings, seed=settings.seed or 0, dtype=dtype).test
    if test is None:
        raise SpecError(f"{trained.folder.path}: the run has no test rows; name a file with labelled rows")
    return test
