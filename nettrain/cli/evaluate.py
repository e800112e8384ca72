"""`nettrain evaluate`: every metric of a trained run on labelled rows, and where it fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.options import Backend, Debug, Device, Json, Member, RunArgument

if TYPE_CHECKING:
    from nettrain.data.labelled import Rows
    from nettrain.store.evaluation import EvaluationReport, PermutationImportance
    from nettrain.store.summary import RunSummary
    from nettrain.store.trained_run import TrainedRun


class SplitName(StrEnum):
    """Which of the run's own rows, or of those that a source brings."""

    train = "train"
    validation = "validation"
    test = "test"


Data = Annotated[
    str | None,
    typer.Argument(metavar="[DATA]", help="Labelled rows; default: its test rows.", show_default=False),
]
Which = Annotated[
    SplitName | None,
    typer.Option(
        "--part",
        help="Which of its own rows; with DATA, train or test of a source with both.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File that gets all figures; default: in the run folder.", show_default=False),
]
Worst = Annotated[int, typer.Option("--worst", min=0, help="How many rows with the largest loss to show.")]
Importance = Annotated[
    bool, typer.Option("--importance", help="How much worse it gets with each column shuffled.")
]
Metric = Annotated[
    str | None,
    typer.Option("--metric", help="Of --importance; default: accuracy or rmse.", show_default=False),
]
Shuffles = Annotated[int, typer.Option("--shuffles", min=1, help="Of each column, for --importance.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the shuffles.")]


def evaluate(
    run: RunArgument,
    data: Data = None,
    part: Which = None,
    member: Member = None,
    backend: Backend = None,
    device: Device = None,
    out: Out = None,
    worst: Worst = 5,
    importance: Importance = False,
    metric: Metric = None,
    shuffles: Shuffles = 5,
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a trained run on new labelled rows, or on its own test rows."""
    from nettrain.files import write_atomic
    from nettrain.output.console import console
    from nettrain.output.evaluation import show_evaluation
    from nettrain.store.summary import read_summary, threshold_of
    from nettrain.store.trained_run import open_trained

    trained = open_trained(run, backend, device).select_members(member)
    shuffled = importance_metric(trained, metric) if importance or metric else None
    rows = own_rows(trained, part or SplitName.test) if data is None else given_rows(trained, data, part)
    found = _importance(trained, rows.rows, shuffled, shuffles, seed) if shuffled else None
    summary = read_summary(trained.folder.summary)
    alone = asked_alone(trained, member, summary)
    threshold = threshold_of(summary, alone) if summary else None
    report = measured_report(trained, alone, rows, worst, threshold, found)
    text = report.model_dump_json()
    if as_json:
        print(text)
    else:
        show_evaluation(console(), report)
    name = rows.name if member is None else f"{rows.name}-member-{member}"
    write_atomic(out or trained.folder.evaluation(name), text + "\n")


def asked_alone(trained: "TrainedRun", member: int | None, summary: "RunSummary | None") -> int | None:
    """Which of several members answers: the first of a repeat unless told; None when they answer as one."""
    if (
        member is None
        and summary
        and "members" in summary
        and not trained.experiment.training.averages_predictions
    ):
        return 0
    return member


@dataclass(frozen=True)
class Placed:
    """Labelled rows: what they are called, in a file's name too, where each stands, and what to say."""

    rows: "Rows"
    name: str
    called: str
    at: Callable[[int], str]
    notes: tuple[str, ...] = ()


def given_rows(trained: "TrainedRun", data: str, part: SplitName | None) -> Placed:
    """The rows of a source. Raises SpecError for --part validation."""
    from nettrain.data.labelled import read_labelled
    from nettrain.errors import SpecError

    if part == SplitName.validation:
        raise SpecError("--part validation: only the run's own rows have these; leave out DATA")
    settings = trained.experiment.data
    rows = read_labelled(
        data,
        trained.preprocessing,
        dtype=trained.experiment.backend.dtype,
        missing_target=settings.missing_target,
        half=part,
    )
    name = Path(data).name + (f"-{part}" if part else "")
    return Placed(rows, name, rows.table.place, rows.table.at, rows.notes)


def own_rows(trained: "TrainedRun", part: SplitName) -> Placed:
    """The run's own rows of this part. Raises SpecError when it has none."""
    from nettrain.data.prepare import prepare_placed
    from nettrain.errors import SpecError

    settings, dtype = trained.experiment.data, trained.experiment.backend.dtype
    prepared, places = prepare_placed(settings, seed=settings.seed or 0, dtype=dtype)
    rows = getattr(prepared, part)
    if rows is None:
        raise SpecError(f"{trained.folder.path}: the run has no {part} rows; name a file with labelled rows")
    table, indices = places["training" if part == SplitName.train else part]
    return Placed(rows, part, f"its {part} rows", lambda row: table.at(int(indices[row])))


def importance_metric(trained: "TrainedRun", wanted: str | None) -> str:
    """The metric that columns are judged by. Raises SpecError for one that is not told of this run."""
    from nettrain.catalogue.metrics import metrics_for
    from nettrain.errors import SpecError, nearest

    known = metrics_for(trained.task)
    if wanted is None:
        return metrics_for(trained.task, quick=True)[0]
    if wanted not in known:
        raise SpecError(f'--metric: "{wanted}" is not for {trained.task.targets}{nearest(wanted, known)}')
    return wanted


def _importance(
    trained: "TrainedRun", rows: "Rows", metric: str, shuffles: int, seed: int
) -> "PermutationImportance":
    from nettrain.inference.importance import importances
    from nettrain.store.evaluation import importance_report

    with _counting(len(trained.preprocessing.encoders)) as told:
        found = importances(
            trained, trained.preprocessing, rows, metric, shuffles=shuffles, seed=seed, told=told
        )
    return importance_report(found, metric, shuffles=shuffles, seed=seed)


@contextmanager
def _counting(columns: int) -> Iterator[Callable[[int], None]]:
    """A status line on a terminal's standard error, for what may take long."""
    from nettrain.output.console import console

    with console(stderr=True).status("shuffling") as status:
        yield lambda done: status.update(f"shuffled {done} of {columns} columns")


def measured_report(
    trained: "TrainedRun",
    member: int | None,
    rows: Placed,
    worst: int,
    threshold: float | None,
    importance: "PermutationImportance | None",
) -> "EvaluationReport":
    """All that is told of these rows, of one member alone where there are several and they are not one."""
    import numpy as np

    from nettrain.inference.predictions import measure_predictions, predict_labelled
    from nettrain.store.evaluation import evaluation_report

    with np.errstate(over="ignore", invalid="ignore"):
        answer = predict_labelled(trained, rows.rows)
        figures = measure_predictions(trained, answer)
    return evaluation_report(
        str(trained.folder.path),
        member,
        rows.called,
        trained.task,
        answer,
        figures,
        rows.at,
        worst=worst,
        threshold=threshold,
        notes=(*trained.warnings, *rows.notes),
        importance=importance,
    )
