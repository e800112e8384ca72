"""What commands print with --json, as models: `nettrain schema --of COMMAND` is made from them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel, with_config

from nettrain.checks.report import CatalogueReport, FunctionReport, NetworkReport
from nettrain.errors import SpecError, nearest
from nettrain.store.evaluation import EvaluationReport
from nettrain.store.predictions import PredictionReport
from nettrain.store.summary import RunSummary
from nettrain.store.sweep_summary import SweepSummary

FORBID = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """One object on standard output."""

    model_config = FORBID


class NumberOutput(Answer):
    """One setting of a variant."""

    name: str
    default: Any
    range: str
    meaning: str
    varies: bool


class EntryOutput(Answer):
    """One variant."""

    name: str
    meaning: str
    numbers: list[NumberOutput]
    source: str
    facts: list[tuple[str, str]]


class Listed(RootModel[dict[str, list[EntryOutput]]]):
    """Variants by kind."""


class Shown(RootModel[dict[str, Any]]):
    """The experiment with every key; see the schema of the experiment file."""


class GpuOutput(Answer):
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


class Info(Answer):
    """What is installed and what would be used."""

    nettrain: str
    python: str
    numpy: str
    backend: str
    device: str
    blas: str
    processors: int
    libraries: dict[str, str]
    gpus: list[GpuOutput]
    no_gpu: str | None  # why there is none to be used


class RunOutput(Answer):
    """One run folder; `figures` are named like val_loss, `settings` those that differ."""

    run: str
    when: str
    experiment: str
    status: str
    epochs: int | None
    best_epoch: int | None
    figures: dict[str, float]
    settings: dict[str, Any]


class Runs(Answer):
    """Run folders, and the keys in which their experiments differ."""

    runs: list[RunOutput]
    differing: list[str]


@with_config(FORBID)
class TrainOutput(RunSummary):
    """The summary of a run, and its folder."""

    folder: str


@with_config(FORBID)
class SweepOutput(SweepSummary):
    """The summary of a sweep, and its folder."""

    folder: str


@with_config(FORBID)
class CheckedNetwork(NetworkReport):
    """The gradient check of the network of a file or of a run."""

    checked: str


@with_config(FORBID)
class CheckedFunction(FunctionReport):
    """The gradient check of a function."""


@with_config(FORBID)
class CheckedCatalogue(CatalogueReport):
    """The gradient check of every entry of the catalogue."""


class Checked(RootModel[CheckedNetwork | CheckedFunction | CheckedCatalogue]):
    """Whether gradients are right, and where they are not."""


class Column(Answer):
    """One column of the data: `different` values and words in it, and what it is for."""

    name: str
    kind: str
    gaps: int
    different: int
    role: str


class Drafted(Answer):
    """The experiment file that was written, and what its data seem to be."""

    file: str
    rows: int
    looked_at: int
    test_rows: int
    targets: list[str]
    target_kind: str
    reason: str
    classes: dict[str, int]
    unlabelled: int
    notes: list[str]
    columns: list[Column]


ANSWERS: dict[str, type[BaseModel]] = {
    "init": Drafted,
    "train": RootModel[TrainOutput],
    "resume": RootModel[TrainOutput],
    "evaluate": EvaluationReport,
    "predict": PredictionReport,
    "runs": Runs,
    "sweep": RootModel[SweepOutput],
    "gradcheck": Checked,
    "list": Listed,
    "show": Shown,
    "info": Info,
}


def answer(command: str) -> type[BaseModel]:
    """The model of what a command prints. Raises SpecError when there is none."""
    if command not in ANSWERS:
        raise SpecError(f'--of: "{command}" prints no JSON{nearest(command, ANSWERS)}')
    return ANSWERS[command]
