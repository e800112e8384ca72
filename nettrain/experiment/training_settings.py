"""The `training:` block of an experiment file."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from nettrain.catalogue.schedules import FactorScheduleChoice
from nettrain.catalogue.settings import Settings, expects, number, option
from nettrain.experiment.document import KeyPath
from nettrain.experiment.monitors import Monitor
from nettrain.experiment.problems import error_at

MONITOR = ("training", "early_stopping", "monitor")
CONVERGENCE = ("training", "convergence")
TARGET = ("training", "target")
UNEVEN = 0.025  # of an epoch that its parts may lack or exceed it, so that 0.33 is a third

Seed = Annotated[int, Field(ge=0, lt=2**63)]
BatchSize = Annotated[
    Annotated[int, Field(ge=1)] | Literal["full", "auto"], expects("a whole number from 1, full or auto")
]
EveryEpochs = Annotated[
    Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)],
    expects("a whole number of epochs from 1, or a part of one such as 0.25"),
]
EvaluatedRows = Annotated[
    Annotated[int, Field(ge=1)] | Literal["auto", "all", "none"],
    expects("a number of rows from 1, auto, all or none"),
]
Target = Annotated[dict[Monitor, float], Field(min_length=1)]


class EarlyStopping(Settings):
    """Stop when the monitored metric has not improved for some evaluations, and restore the best weights."""

    monitor: Monitor = option("val_loss", "the metric that has to improve")
    patience: int | None = number(
        10, "evaluations in a row without improvement; null: never stop, only keep the best", ge=1
    )
    min_delta: float = number(0.0, "an improvement is a change of more than this", ge=0)
    min_delta_relative: float = number(
        0.0, "an improvement is a change of more than this share of the best value", ge=0
    )
    restore_best: bool = option(True, "restore the best weights at the end, also after the last epoch")
    ties: Literal["first", "last"] = option(
        "first", "which of equally good evaluations is the best; patience counts from the first in any case"
    )


class ConvergenceSettings(Settings):
    """Stop when an epoch hardly changes the objective or the weights."""

    tolerance: float | None = number(
        None, "stop when the objective decreases by less than this; a rise does not count", gt=0
    )
    relative: bool = option(False, "the tolerance is a share of the previous objective")
    epochs: int = number(
        1, "epochs in a row in which the objective decreases by less than the tolerance", ge=1
    )
    weight_change: float | None = number(
        None, "stop when the absolute changes of all weights add up to less than this", gt=0
    )

    @model_validator(mode="after")
    def _has_a_criterion(self) -> "ConvergenceSettings":
        if self.tolerance is None and self.weight_change is None:
            raise error_at(CONVERGENCE, "needs tolerance or weight_change")
        for key, used in {"relative": self.relative, "epochs": self.epochs > 1}.items():
            if used and self.tolerance is None:
                raise error_at((*CONVERGENCE, key), "needs tolerance")
        return self


class Checkpointing(Settings):
    """How often the state of a run is written to disk."""

    seconds: float = option(2, "time between two checkpoints; they are written at the end of an epoch", ge=0)


class TrainingSettings(Settings):
    """How long the network is trained, in which order it sees the rows, and when it stops."""

    epochs: int = option(60, "passes over the training rows", ge=1)
    batch_size: BatchSize = option(
        "auto", "rows per step; full takes all of them; auto: 64, or all where there are fewer, and for lbfgs"
    )
    early_stopping: EarlyStopping | None = option(None, "stop when the monitored metric no longer improves")
    evaluate_every: EveryEpochs = option(1, "epochs between two evaluations; 0.25: four times in each epoch")
    evaluate_train: EvaluatedRows = option(
        "auto",
        "training rows that are evaluated like the validation rows; fewer than all are a fixed sample;"
        " auto: as many as cost little, at most 10,000",
    )
    shuffle: bool = option(True, "put the rows in a new order in every epoch")
    shuffle_window: int | None = option(
        None,
        "mix the rows within so many, which come in blocks from all over the table, rather than all of them;"
        " null: all, and of rows on disk (data.storage) as many as take 64 MB",
        ge=1,
    )
    sampling: Literal["permutation", "replacement"] = option(
        "permutation", "each row once per epoch, or as many rows drawn with replacement"
    )
    drop_last: bool = option(False, "leave out the last batch when it is not full")
    clip_norm: float | None = number(None, "largest norm of a network's gradient, penalties included", gt=0)
    clip_value: float | None = number(
        None, "largest absolute value of a component of the gradient, applied before clip_norm", gt=0
    )
    weight_decay: float = number(0.0, "decoupled weight decay λ: w -= αλw", ge=0)
    weight_decay_schedule: FactorScheduleChoice = option(
        "none", "factor on λ over time, be it the optimizer's own: a schedule whose base is 1"
    )
    convergence: ConvergenceSettings | None = option(None, "stop when training has converged")
    max_seconds: float | None = number(None, "stop after the first step that ends later than this", gt=0)
    target: Target | None = option(None, "stop when all these metrics reach their values in one evaluation")
    repeat: int = option(
        1, "networks trained with different seeds; reports the mean and spread of their metrics", ge=1
    )
    ensemble: int = option(
        1, "networks trained with different seeds; predicts the mean of their predictions", ge=1
    )
    vary: Literal["all", "weights"] = option(
        "all", "seeds that differ between those networks; weights: all but the seed of the rows' order"
    )
    snapshots: int = option(
        0, "networks saved during the second half of one run; predicts the mean of their predictions", ge=0
    )
    history: Literal["epoch", "step"] = option(
        "epoch", "step: also the loss and learning rate of every step, in steps.csv"
    )
    diagnostics: bool = option(
        False, "record activations, gradients and updates of each layer, and give advice where they look sick"
    )
    checkpoint: Checkpointing | None = option(
        {}, "write the state to disk regularly, so that a killed run can be resumed; null: only at the end"
    )
    order_seed: Seed | None = number(None, "seed of the rows' order; default: seed")
    noise_seed: Seed | None = number(None, "seed of dropout masks and noise; default: seed")

    def batch_rows(self, rows: int) -> int:
        """The rows of a batch out of so many training rows, in settings that are resolved with the data."""
        assert self.batch_size != "auto", "the batch size is resolved with the data"
        return rows if self.batch_size == "full" else self.batch_size

    @property
    def evaluations_per_epoch(self) -> int:
        """How many evaluations an epoch has, the last at its end; 1 where not every epoch has one."""
        return 1 if self.evaluate_every >= 1 else round(1 / self.evaluate_every)

    @property
    def watched(self) -> dict[KeyPath, str]:
        """The metrics that can end the training, by the key that names them."""
        monitor: dict[KeyPath, str] = {}
        if self.early_stopping is not None:
            monitor[MONITOR] = self.early_stopping.monitor
        return monitor | {(*TARGET, name): name for name in self.target or {}}

    @property
    def averages_predictions(self) -> bool:
        """Whether the run predicts with the mean of several networks."""
        return self.ensemble > 1 or self.snapshots > 1

    @model_validator(mode="after")
    def _whole_evaluations(self) -> "TrainingSettings":
        every, parts = self.evaluate_every, self.evaluations_per_epoch
        if every < 1 and abs(every * parts - 1) > UNEVEN:
            nearest = " or ".join(
                f"{1 / n:.3g}" for n in (parts, parts + (1 if every * parts < 1 else -1)) if n > 1
            )
            raise _error(
                "evaluate_every", f"{every:g} does not divide an epoch into equal parts, {nearest} does"
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_several_networks(self) -> "TrainingSettings":
        counts = {"repeat": self.repeat, "ensemble": self.ensemble, "snapshots": self.snapshots}
        several = [name for name, count in counts.items() if count > 1]
        if len(several) > 1:
            raise _error(several[1], f"{counts[several[1]]} does not go with {several[0]}: choose one")
        if self.snapshots > max(1, self.epochs // 2):
            text = f"{self.snapshots} do not fit into the last half of {self.epochs} epochs"
            raise _error("snapshots", text)
        if self.snapshots > 1 and self.early_stopping is not None:
            raise _error("snapshots", f"{self.snapshots} does not go with early_stopping: choose one")
        return self

    @model_validator(mode="after")
    def _shuffled_in_windows(self) -> "TrainingSettings":
        if self.shuffle_window is not None and not (self.shuffle and self.sampling == "permutation"):
            other = "shuffle: false" if not self.shuffle else f"sampling: {self.sampling}"
            raise _error("shuffle_window", f"{self.shuffle_window} does not go with {other}")
        return self

    @model_validator(mode="after")
    def _shuffled_if_sampled(self) -> "TrainingSettings":
        if self.sampling == "replacement" and not self.shuffle:
            raise _error("shuffle", "false goes with sampling: permutation only")
        return self


def _error(key: str, text: str) -> Exception:
    return error_at(("training", key), text)
