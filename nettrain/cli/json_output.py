"""What commands print with --json, as models: `nettrain schema --of COMMAND` is made from them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, RootModel

from nettrain.errors import SpecError, nearest
from nettrain.store.evaluation import EvaluationReport
from nettrain.store.predictions import PredictionReport

Metrics = dict[str, dict[str, float | None]]


class Answer(BaseModel):
    """One object on standard output."""

    model_config = ConfigDict(extra="forbid")


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


class Environment(Answer):
    """Versions and what computed."""

    nettrain: str
    python: str
    numpy: str
    backend: str
    device: str
    blas: str
    threads: int


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


class Timing(Answer):
    """How long training took; a step is one of all members."""

    total_seconds: float
    train_seconds: float
    steps: int
    microseconds_per_step: float
    samples_per_second: float


class DivergenceOutput(Answer):
    """Where a run's numbers stopped being numbers, in words, and overrides to try."""

    epoch: int
    step: int
    where: Literal["signal", "loss", "gradient", "weights"]
    layer: int | None
    layer_name: str | None
    gradient_norm: float | None
    learning_rate: float
    text: str
    advice: list[str]


class Ending(Answer):
    """How one network's training ended; metrics by rows (train, val, test), null where undefined."""

    status: Literal["finished", "diverged", "interrupted"]
    stop_reason: str
    epochs_run: int
    unfinished_steps: int
    best_epoch: int | None
    restored_best: bool
    divergence: DivergenceOutput | None = None
    metrics: Metrics


class Member(Ending):
    """One member of a population."""

    member: int
    seed: int


class Snapshot(Answer):
    """One snapshot of a run."""

    epoch: int
    metrics: Metrics


class TrainOutput(Ending):
    """The summary of a run; mean, sd and members are there when there are several, snapshots when taken."""

    folder: str
    experiment: str
    monitor: str
    parameters: int
    output_activation: str
    timing: Timing
    environment: Environment
    seed: int
    mean: Metrics | None = None
    sd: Metrics | None = None
    members: list[Member] | None = None
    snapshots: list[Snapshot] | None = None
    joint: bool | None = None  # the metrics are those of the mean response
    profile: Any = None  # with --profile: where the time went


class Searched(Answer):
    """The summary of a sweep."""

    folder: str
    experiment: str
    status: str
    trials: dict[str, int]
    metric: str
    goal: Literal["minimize", "maximize"]
    best: dict[str, Any] | None
    failures: dict[str, str]
    influence: dict[str, Any]
    borders: list[Any]
    timing: dict[str, float]
    environment: Environment
    seed: int


class Errors(Answer):
    """Of one method: the worst and the median, null where nothing was compared."""

    worst: float | None
    median: float | None


class Tensor(Answer):
    """What was compared of one tensor."""

    layer: str
    tensor: str
    shape: list[int]
    size: int
    checked: int
    skipped: int
    difference: Errors
    dual: Errors
    wrong: int
    verdict: Literal["good", "look", "wrong", "skipped", "unchecked"]
    skipped_at: list[list[int]]


class Worst(Answer):
    """One derivative by every method."""

    layer: str
    tensor: str
    index: list[int]
    analytic: float | None
    difference: float | None
    dual: float | None


class Directions(Answer):
    """Derivatives along directions of all parameters at once."""

    directions: int
    skipped: int
    difference: float | None
    dual: float | None
    passed: bool


class CheckedNetwork(Answer):
    """The gradient check of the network of a file or of a run."""

    checked: str
    passed: bool
    objective: float | None
    definition: float | None
    tensors: list[Tensor]
    directional: Directions
    worst: Worst | None
    diagnosis: list[str]
    seconds: float


class CheckedFunction(Answer):
    """The gradient check of a function; `without_duals` says why there are differences alone."""

    checked: str
    passed: bool
    value: float | None
    tensors: list[Tensor]
    without_duals: str
    worst: Worst | None
    diagnosis: list[str]
    seconds: float


class Failure(Answer):
    """A network of the catalogue whose gradient is wrong; `of` is its loss in the grid of activations."""

    of: str
    worst: Worst | None
    diagnosis: list[str]


class CheckedRow(Answer):
    """One row of the catalogue's table; `cells` says of each loss whether the gradient is right with it."""

    group: str
    name: str
    passed: bool
    networks: int
    checked: int
    skipped: int
    difference: float
    dual: float
    cells: dict[str, bool]
    failures: list[Failure]


class CheckedCatalogue(Answer):
    """The gradient check of everything there is."""

    checked: Literal["catalogue"]
    passed: bool
    losses: list[str]
    rows: list[CheckedRow]
    networks: int
    seconds: float


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
    "train": TrainOutput,
    "resume": TrainOutput,
    "evaluate": EvaluationReport,
    "predict": PredictionReport,
    "runs": Runs,
    "sweep": Searched,
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
