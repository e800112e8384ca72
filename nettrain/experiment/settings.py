"""The experiment file's model: every key, its default and its meaning, composed of the rooms' own blocks."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.losses import Loss, losses
from nettrain.catalogue.metrics import metrics
from nettrain.catalogue.optimizers import Optimizer, optimizers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.schedules import Reactive, Schedule, schedules
from nettrain.catalogue.settings import Settings, expects, later, number, option
from nettrain.data.settings import DataSettings
from nettrain.errors import nearest
from nettrain.experiment.full_batch import conflicts
from nettrain.experiment.search import SweepSettings
from nettrain.model.settings import ModelSettings, RegularizationSettings

LOSSES = ("loss", "objective")
MONITOR = ("training", "early_stopping", "monitor")
CONVERGENCE = ("training", "convergence")
TARGET = ("training", "target")
SCHEDULE_MONITOR = ("schedule", "monitor")
TF32 = ("backend", "tf32")
Seed = Annotated[int, Field(ge=0, lt=2**63)]
BatchSize = Annotated[
    Annotated[int, Field(ge=1)] | Literal["full"], expects("a whole number from 1, or full")
]
Threads = Annotated[Annotated[int, Field(ge=1)] | Literal["auto"], expects("a whole number from 1, or auto")]


def monitors() -> list[str]:
    """Names of the figures that a run can be stopped by."""
    return ["train_loss", "objective", "val_loss", *(f"val_{name}" for name in metrics)]


def goal(monitor: str) -> str:
    """The better direction of a monitored figure: minimize or maximize."""
    name = monitor.removeprefix("val_").removeprefix("train_")
    return "minimize" if name in LOSSES else metrics[name].goal


def _known_monitor(name: str) -> str:
    if name not in monitors():
        raise PydanticCustomError(
            "monitor", 'unknown "{name}"{hint}', {"name": name, "hint": nearest(name, monitors())}
        )
    return name


Monitor = Annotated[str, AfterValidator(_known_monitor)]
Target = Annotated[dict[Monitor, float], Field(min_length=1)]


class EarlyStopping(Settings):
    """Stop at the patience-th evaluation in a row that is not better, and go back to the best weights."""

    monitor: Monitor = option("val_loss", "the figure that must get better")
    patience: int = number(10, "evaluations in a row without improvement", ge=1)
    min_delta: float = number(0.0, "better means by more than this", ge=0)
    min_delta_relative: float = number(0.0, "better means by more than this share of the best", ge=0)
    restore_best: bool = option(True, "end with the best weights, also when epochs run out")


def _elsewhere(key: str, text: str) -> PydanticCustomError:
    """What is wrong with a key of the training block."""
    return PydanticCustomError("elsewhere", "{text}", {"text": text, "path": ("training", key)})


class ConvergenceSettings(Settings):
    """Stop when an epoch changes next to nothing: the objective, or the weights."""

    tolerance: float | None = number(None, "the objective falls by less than this", gt=0)
    relative: bool = option(False, "the tolerance is a share of the objective before")
    epochs: int = number(1, "epochs in a row in which the objective falls by less than the tolerance", ge=1)
    weight_change: float | None = number(None, "the sum of all weights' absolute changes is below this", gt=0)

    @model_validator(mode="after")
    def _something_to_watch(self) -> "ConvergenceSettings":
        if self.tolerance is None and self.weight_change is None:
            raise PydanticCustomError("elsewhere", "needs tolerance or weight_change", {"path": CONVERGENCE})
        for key, asked in {"relative": self.relative, "epochs": self.epochs > 1}.items():
            if asked and self.tolerance is None:
                raise PydanticCustomError("elsewhere", "needs tolerance", {"path": (*CONVERGENCE, key)})
        return self


class Checkpointing(Settings):
    """How often the state of a run is written."""

    seconds: float = option(2, "at an epoch's end, when so many have passed", ge=0)


class TrainingSettings(Settings):
    """How long, in which order and under which control the network is trained."""

    epochs: int = option(60, "passes over the training rows", ge=1)
    batch_size: BatchSize = option(64, "rows per step; full takes all of them")
    early_stopping: EarlyStopping | None = option(None, "stop when it no longer gets better")
    evaluate_every: int = option(1, "epochs between two evaluations on the validation rows", ge=1)
    shuffle: bool = option(True, "a new order of the rows in every epoch")
    sampling: Literal["permutation", "replacement"] = option(
        "permutation", "each row once per epoch, or as many rows drawn anew from all, some twice, some not"
    )
    drop_last: bool = option(False, "leave out a last batch that is not full")
    clip_norm: float | None = number(
        None, "largest norm of a member's whole gradient, penalties included", gt=0
    )
    clip_value: float | None = number(None, "largest absolute value in the gradient, before clip_norm", gt=0)
    weight_decay: float = number(0.0, "decoupled decay λ of the weights: w -= αλw", ge=0)
    convergence: ConvergenceSettings | None = option(None, "stop when an epoch changes next to nothing")
    max_seconds: float | None = number(None, "stop at the first step that ends after this time", gt=0)
    target: Target | None = option(None, "stop when these figures are reached, all in one evaluation")
    repeat: int = option(1, "networks with different seeds: reports their mean and spread", ge=1)
    ensemble: int = option(1, "networks with different seeds: predicts the mean of their responses", ge=1)
    vary: Literal["all", "weights"] = option(
        "all", "seeds in which those networks differ; weights keeps the order of the rows for all of them"
    )
    snapshots: int = option(0, "of one run in its last half: predicts the mean of their responses", ge=0)
    diagnostics: Any = later(False, "record statistics of activations and gradients")
    checkpoint: Checkpointing | None = option(
        {}, "the whole state on disk by time, so that a killed run can go on; null: only at the end"
    )
    order_seed: Seed | None = number(None, "of the rows' order; default: seed")
    noise_seed: Seed | None = number(None, "of dropout masks and noise; default: seed")

    @property
    def watched(self) -> dict[tuple[str, ...], str]:
        """The figures that can end the training, by the key that names them."""
        stopping, target = self.early_stopping, self.target or {}
        found: dict[tuple[str, ...], str] = {MONITOR: stopping.monitor} if stopping else {}
        return found | {(*TARGET, name): name for name in target}

    @property
    def answers_as_one(self) -> bool:
        """Whether several networks answer with the mean of their responses."""
        return self.ensemble > 1 or self.snapshots > 1

    @model_validator(mode="after")
    def _one_kind_of_many(self) -> "TrainingSettings":
        asked = {"repeat": self.repeat, "ensemble": self.ensemble, "snapshots": self.snapshots}
        several = [name for name, count in asked.items() if count > 1]
        if len(several) > 1:
            raise _elsewhere(several[1], f"{asked[several[1]]} does not go with {several[0]}: choose one")
        if self.snapshots > max(1, self.epochs // 2):
            text = f"{self.snapshots} do not fit into the last half of {self.epochs} epochs"
            raise _elsewhere("snapshots", text)
        if self.snapshots > 1 and self.early_stopping is not None:
            raise _elsewhere("snapshots", f"{self.snapshots} does not go with early_stopping: choose one")
        return self

    @model_validator(mode="after")
    def _some_order(self) -> "TrainingSettings":
        if self.sampling == "replacement" and not self.shuffle:
            raise _elsewhere("shuffle", "false goes with sampling: permutation only")
        return self


class BackendSettings(Settings):
    """Where and how numbers are computed."""

    name: Literal["auto", "numpy", "cupy"] = option("auto", "auto takes cupy where a GPU answers, else numpy")
    dtype: Literal["float32", "float64"] = option("float32", "of parameters and signals")
    threads: Threads = option("auto", "of matrix products and kernels; part of the run's bits")
    device: int = option(0, "which GPU", ge=0)
    tf32: bool = option(False, "let a GPU round the factors of float32 products to 10 bits")

    @model_validator(mode="after")
    def _something_to_round(self) -> "BackendSettings":
        for value, other in ((self.name, "numpy"), (self.dtype, "float64")):
            if self.tf32 and value == other:
                text = f"true does nothing for {other}"
                raise PydanticCustomError("elsewhere", "{text}", {"text": text, "path": TF32})
        return self


class Experiment(Settings):
    """One experiment: data, model, loss, optimizer, training and backend."""

    experiment: str = option("experiment", "name of the run folder", min_length=1)
    seed: Seed = number(0, "default of the four seeds")
    data: DataSettings
    model: ModelSettings = option({}, "the network")
    loss: Annotated[Loss | str, Choice(losses, auto=True)] = option("auto", "what is minimised")
    regularization: RegularizationSettings = option({}, "penalties")
    optimizer: Annotated[Optimizer, Choice(optimizers, default="adam")] = option("adam", "the update rule")
    schedule: Annotated[Schedule, Choice(schedules, default="constant")] = option(
        "constant", "the learning rate over time"
    )
    training: TrainingSettings = option({}, "the loop")
    backend: BackendSettings = option({}, "where it runs")
    sweep: SweepSettings | None = option(None, "a search over parameters, see nettrain sweep")

    @model_validator(mode="after")
    def _rows_to_normalise(self) -> "Experiment":
        normalised = any(layer.batch_norm for layer in self.model.hidden_layers())
        if normalised and self.training.batch_size == 1:
            path = ("training", "batch_size")
            raise PydanticCustomError("elsewhere", "1 row has no spread for batch_norm", {"path": path})
        return self

    @property
    def watched(self) -> dict[tuple[str, ...], str]:
        """The figures that steer the training, by the key that names them."""
        monitor = self.schedule.monitor if isinstance(self.schedule, Reactive) else None
        return self.training.watched | ({} if monitor is None else {SCHEDULE_MONITOR: monitor})

    @model_validator(mode="after")
    def _whole_objective(self) -> "Experiment":
        if optimizers[self.optimizer.name].full_batch:
            for path, why in conflicts(self):
                raise PydanticCustomError("elsewhere", "{why}", {"why": why, "path": path})
        return self

    @model_validator(mode="after")
    def _one_decay(self) -> "Experiment":
        if self.training.weight_decay > 0 and hasattr(self.optimizer, "weight_decay"):
            raise PydanticCustomError(
                "elsewhere",
                "{name} has its own, optimizer.weight_decay",
                {"name": self.optimizer.name, "path": ("training", "weight_decay")},
            )
        return self

    @model_validator(mode="after")
    def _one_momentum(self) -> "Experiment":
        plan = getattr(self.optimizer, "momentum_schedule", None)
        if getattr(self.schedule, "momentum", None) == "cycle" and plan and plan.name != "constant":
            raise PydanticCustomError(
                "elsewhere",
                '{name} moves the momentum itself, unless schedule.momentum is "fixed"',
                {"name": self.schedule.name, "path": ("optimizer", "momentum_schedule")},
            )
        return self

    @model_validator(mode="after")
    def _something_to_cycle(self) -> "Experiment":
        momentum_field = optimizers[self.optimizer.name].momentum_field
        still = momentum_field is None or getattr(self.optimizer, momentum_field) is None
        for key in ("momentum_low", "momentum_high"):
            given = getattr(self.schedule, key, None)
            if still and given is not None and given != type(self.schedule).model_fields[key].default:
                raise PydanticCustomError(
                    "elsewhere",
                    "{given} does nothing for {name}, which has no momentum to move",
                    {"given": given, "name": self.optimizer.name, "path": ("schedule", key)},
                )
        return self

    @model_validator(mode="after")
    def _known_figure(self) -> "Experiment":
        name = self.watched.get(SCHEDULE_MONITOR, "train_loss")
        if name not in monitors():
            raise PydanticCustomError(
                "elsewhere",
                'unknown "{name}"{hint}',
                {"name": name, "hint": nearest(name, monitors()), "path": SCHEDULE_MONITOR},
            )
        return self

    @model_validator(mode="after")
    def _rows_to_monitor(self) -> "Experiment":
        for path, name in self.watched.items():
            if name.startswith("val_") and not self.data.validation:
                raise PydanticCustomError(
                    "elsewhere",
                    '"{name}" needs validation rows, but data.validation is 0',
                    {"name": name, "path": path},
                )
        return self
