"""What commands print with --json, as models; `nettrain schema --of COMMAND` prints their schemas."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel, with_config

from nettrain.checks.range_test.json_report import RangeTestJson
from nettrain.checks.report import CatalogueReport, FunctionReport, NetworkReport
from nettrain.checks.sanity_json import CheckJson
from nettrain.data.splitting.order import Order
from nettrain.errors import SpecError, nearest
from nettrain.lessons.json_report import LessonJson, ListedLessonJson
from nettrain.store.comparison_summary import ComparisonSummary
from nettrain.store.evaluation import EvaluationReport
from nettrain.store.predictions import PredictionReport
from nettrain.store.summary import RunSummary
from nettrain.store.sweep_summary import SweepSummary
from nettrain.store.tune_summary import TuneSummary
from nettrain.workflow.landscape_result import LandscapeJson
from nettrain.workflow.network_graph import GraphJson
from nettrain.workflow.report.importance_json import ImportanceJson
from nettrain.workflow.report.json_models import RunReportJson, SweepReportJson

FORBID = ConfigDict(extra="forbid")


class JsonOutput(BaseModel):
    """One object on standard output."""

    model_config = FORBID


class NumberOutput(JsonOutput):
    """One setting of a variant."""

    name: str
    default: Any
    range: str
    meaning: str
    varies: bool


class EntryOutput(JsonOutput):
    """One variant."""

    name: str
    meaning: str
    numbers: list[NumberOutput]
    source: str
    facts: list[tuple[str, str]]


class ListOutput(RootModel[dict[str, list[EntryOutput]]]):
    """Variants by kind."""


class ShowOutput(RootModel[dict[str, Any]]):
    """The experiment with every key; see the schema of the experiment file."""


class GpuOutput(JsonOutput):
    """A GPU and what drives it; memory in bytes."""

    device: int
    name: str
    compute_capability: str
    memory_free: int
    memory_total: int
    driver: str | None
    driver_cuda: str
    cuda_runtime: str
    cublas: str
    cupy: str


class InfoOutput(JsonOutput):
    """The installation, and the backend that would be used."""

    nettrain: str
    python: str
    numpy: str
    backend: str
    device: str
    blas: str
    processors: int
    libraries: dict[str, str]
    gpus: list[GpuOutput]
    no_gpu: str | None  # why no GPU can be used


class RunOutput(JsonOutput):
    """One run folder; `figures` are named like val_loss, `settings` those that differ.

    `main_metric` is the one that sums the run up, such as accuracy, `seconds` the time of all its parts.
    """

    run: str
    when: str
    experiment: str
    status: str
    epochs: int | None
    best_epoch: int | float | None
    seconds: float | None
    main_metric: str | None
    figures: dict[str, float]
    settings: dict[str, Any]


class RunsOutput(JsonOutput):
    """Run folders, and the keys in which their experiments differ."""

    runs: list[RunOutput]
    differing: list[str]


@with_config(FORBID)
class TrainOutput(RunSummary):
    """The summary of a run, and its folder."""

    folder: str


@with_config(FORBID)
class SweepOutput(SweepSummary):
    """The summary of a sweep, its folder, and what mattered for each goal."""

    folder: str
    importance: list[ImportanceJson]


@with_config(FORBID)
class TuneOutput(TuneSummary):
    """The summary of a tuning, and its folder."""

    folder: str


@with_config(FORBID)
class CompareOutput(ComparisonSummary):
    """Experiments side by side, and the folder of the comparison."""

    folder: str


@with_config(FORBID)
class NetworkCheckOutput(NetworkReport):
    """The gradient check of the network of a file or of a run."""

    checked: str


@with_config(FORBID)
class FunctionCheckOutput(FunctionReport):
    """The gradient check of a function."""


@with_config(FORBID)
class CatalogueCheckOutput(CatalogueReport):
    """The gradient check of every entry of the catalogue."""


class GradcheckOutput(RootModel[NetworkCheckOutput | FunctionCheckOutput | CatalogueCheckOutput]):
    """Whether gradients are right, and where they are wrong."""


@with_config(FORBID)
class CheckOutput(CheckJson):
    """The findings of sanity checks, and the verdict."""


@with_config(FORBID)
class RangeTestOutput(RangeTestJson):
    """The loss of each tried value, and the suggestion."""


@with_config(FORBID)
class GraphOutput(GraphJson):
    """The values and gradients of one row in a network."""


@with_config(FORBID)
class LandscapeOutput(LandscapeJson):
    """The loss on planes through the weights of a run, and the path of its training."""


class ColumnOutput(JsonOutput):
    """One column of the data, its number of `different` values, and its role."""

    name: str
    kind: str
    gaps: int
    different: int
    role: str


class InitOutput(JsonOutput):
    """The experiment file that was written, and the guess at its data."""

    file: str
    rows: int
    looked_at: int
    test_rows: int
    targets: list[str]
    target_kind: str
    reason: str
    classes: dict[str, int]
    positive: str | None
    unlabelled: int
    order: Order
    codes: list[str]
    notes: list[str]
    columns: list[ColumnOutput]


class LessonsOutput(RootModel[LessonJson | list[ListedLessonJson] | list[str]]):
    """A lesson that was run; without NAME, all lessons; with --copy, the files that were written."""


class ReportOutput(RootModel[RunReportJson | SweepReportJson]):
    """The facts of a report on a run or a sweep, and its page."""


class ExportedFileOutput(JsonOutput):
    """A file that was written; its size in bytes."""

    path: str
    size: int


class ExportedColumnOutput(JsonOutput):
    """A column that the file takes; dates as seconds since 1970-01-01 UTC."""

    name: str
    kind: Literal["number", "text", "date"]


class EventsOutput(JsonOutput):
    """The events of a run or a sweep for TensorBoard; of so many networks or trials."""

    run: str
    what: str
    folder: str
    parts: int


class TrackingOutput(JsonOutput):
    """Runs in a store of MLflow: the one at the top, by its identifier, and how many there are in all."""

    run: str
    what: str
    store: str
    experiment: str
    run_id: str
    runs: int


class FilesOutput(JsonOutput):
    """A run written to files that predict without nettrain."""

    run: str
    what: str
    dtype: str
    columns: list[ExportedColumnOutput]
    files: list[ExportedFileOutput]


class ExportOutput(RootModel[FilesOutput | EventsOutput | TrackingOutput]):
    """What was written, by what was asked for."""


JSON_OUTPUTS: dict[str, type[BaseModel]] = {
    "init": InitOutput,
    "train": RootModel[TrainOutput],
    "resume": RootModel[TrainOutput],
    "evaluate": EvaluationReport,
    "predict": PredictionReport,
    "export": ExportOutput,
    "runs": RunsOutput,
    "sweep": RootModel[SweepOutput],
    "tune": RootModel[TuneOutput],
    "compare": RootModel[CompareOutput],
    "check": RootModel[CheckOutput],
    "lr-find": RootModel[RangeTestOutput],
    "landscape": RootModel[LandscapeOutput],
    "graph": RootModel[GraphOutput],
    "report": ReportOutput,
    "gradcheck": GradcheckOutput,
    "list": ListOutput,
    "show": ShowOutput,
    "lessons": LessonsOutput,
    "info": InfoOutput,
}


def json_output_of(command: str) -> type[BaseModel]:
    """The model of what a command prints. Raises SpecError when there is none."""
    if command not in JSON_OUTPUTS:
        raise SpecError(f'--of: "{command}" prints no JSON{nearest(command, JSON_OUTPUTS)}')
    return JSON_OUTPUTS[command]
