"""Fills in what an experiment leaves open: first from the machine, then from the data."""

from collections.abc import Iterator
from typing import TypeVar

from nettrain.backend.choose import choose_backend
from nettrain.catalogue.losses import Loss, losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.settings import Settings
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.errors import SpecError
from nettrain.experiment.data_checks import (
    check_clamp,
    check_loss,
    check_monitors,
    check_outputs,
    check_sub_members,
    check_warmup,
)
from nettrain.experiment.evaluated_rows import fitting_evaluation
from nettrain.experiment.postprocessing_checks import check_calibration, check_threshold
from nettrain.experiment.recipe_for_data import with_recipe_for
from nettrain.experiment.settings import BackendSettings, Experiment
from nettrain.experiment.stored_rows import check_storage, with_window
from nettrain.experiment.task import loss_of, targets_of
from nettrain.experiment.threads import fitting_threads
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.model.settings import ModelSettings

BlockType = TypeVar("BlockType", bound=Settings)
BATCH = 64  # rows of a batch, where the experiment leaves it open
DEFAULT_LOSSES = {
    "classes": "cross_entropy",
    "two classes": "binary_cross_entropy",
    "labels": "binary_cross_entropy",
    "numbers": "mse",
}


def resolve(experiment: Experiment, backend: str | None = None) -> Experiment:
    """The experiment with its four seeds and its backend filled in.

    Where the backend is left at `auto` it becomes `backend` or, without one, whatever this machine offers.
    Threads left at `auto` stay so until the data is known.
    """
    return experiment.model_copy(
        update={
            "data": _with_seeds(experiment.data, experiment.seed, "seed"),
            "model": _with_seeds(experiment.model, experiment.seed, "seed"),
            "training": _with_seeds(experiment.training, experiment.seed, "order_seed", "noise_seed"),
            "backend": _with_backend(experiment.backend, backend),
        }
    )


def read_and_resolve(
    experiment: Experiment, memory: MemoryTables | None = None
) -> tuple[Experiment, Prepared]:
    """Read a resolved experiment's data; returns the experiment resolved with it, and the data.

    `memory` holds tables that were passed from Python, see `prepare`. Raises what `prepare` and
    `resolve_with_data` raise.
    """
    settings = data_settings_of(experiment)
    data = prepare(settings, seed=settings.seed or 0, dtype=experiment.backend.dtype, memory=memory)
    return resolve_with_data(experiment, data), data


def data_settings_of(experiment: Experiment) -> DataSettings:
    """The settings by which the data are prepared: some losses need targets that are not scaled."""
    settings = experiment.data
    if settings.target_scaling == "auto" and _needs_unscaled_targets(experiment.loss):
        return settings.model_copy(update={"target_scaling": "none"})
    return settings


def resolve_with_data(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment with nothing left at `auto` but the learning rate.

    Raises SpecError or DataError when the experiment does not fit the data.
    """
    experiment = with_recipe_for(experiment, data)
    loss = _loss(experiment, data)
    check_warmup(experiment)
    model = _with_output_activation(experiment.model, loss)
    training = with_window(_with_batch_size(experiment, len(data.train.x)), data)
    decided = {"loss": loss, "data": data.settings, "model": model, "training": training}
    resolved = experiment.model_copy(update=decided)
    check_storage(resolved, data)
    check_outputs(resolved, data)
    check_clamp(resolved, data)
    check_sub_members(resolved)
    resolved = _with_evaluated_rows(resolved, data)
    check_monitors(resolved, data)
    check_calibration(resolved, data)
    check_threshold(resolved, data)
    threads = experiment.backend.threads
    if threads == "auto":
        threads = fitting_threads(resolved, data)
    return resolved.model_copy(update={"backend": experiment.backend.model_copy(update={"threads": threads})})


def batch_notes(experiment: Experiment, data: Prepared) -> list[str]:
    """A note when `auto` takes all training rows in a batch, because they are few."""
    rows = len(data.train.x)
    if experiment.training.batch_size != "auto" or _takes_all_rows(experiment) or rows >= BATCH:
        return []
    return [f"a batch is all {rows} training rows, since there are fewer than {BATCH} (batch_size: auto)"]


def rate_is_auto(experiment: Experiment) -> bool:
    """Whether the learning rate is left open, to be found by a range test."""
    return getattr(experiment.optimizer, "learning_rate", None) == "auto"


def remarks(experiment: Experiment) -> list[str]:
    """What to keep in mind when comparing the metrics of an experiment that is resolved with its data."""
    return list(_remarks(experiment))


def _remarks(experiment: Experiment) -> Iterator[str]:
    data, training = experiment.data, experiment.training
    if training.evaluate_every > 1 and training.evaluate_every >= training.epochs:
        every = f"evaluate_every is {training.evaluate_every:g}, epochs is {training.epochs}"
        yield f"one evaluation alone, after the last epoch: no curve, and no epoch to choose ({every})"
    if _takes_all_rows(experiment):
        yield "an epoch is one iteration of lbfgs, whose memory begins empty, also when resumed"
    if loss_of(experiment).reduction == "sum":
        yield "the objective is a sum over the rows of a batch, losses are means over rows"
    if getattr(experiment.loss, "label_smoothing", 0) > 0:
        yield "the running loss includes label smoothing, all other losses do not"
    chosen_by = [
        ".".join(map(str, path)) for path, name in experiment.watched.items() if name.startswith("val_")
    ]
    if data.folds is not None and chosen_by:
        yield f"figures of val flatter: the rows that a fold is measured on also decide for {chosen_by[0]}"
    if data.class_weights is not None:
        yield "running loss and objective are weighted by class, all other figures are not"
    if isinstance(data.target, list) and data.target_kind == "numbers":
        yield "figures are means over the targets, each in its own unit"
    if data.columns.weight is not None:
        yield f'all figures are weighted by column "{data.columns.weight}"'


def _with_seeds(block: BlockType, seed: int, *names: str) -> BlockType:
    """A block with its seeds of these names set where they are null."""
    missing = {name: seed for name in names if getattr(block, name) is None}
    return block.model_copy(update=missing)


def _with_batch_size(experiment: Experiment, rows: int) -> TrainingSettings:
    """The training settings with a batch size: where it is `auto`, BATCH or all `rows`."""
    training = experiment.training
    if training.batch_size != "auto":
        return training
    size = "full" if _takes_all_rows(experiment) or rows < BATCH else BATCH
    return training.model_copy(update={"batch_size": size})


def _with_evaluated_rows(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment with a number of training rows to evaluate, or none, where it is `auto`."""
    training = experiment.training
    if training.evaluate_train != "auto":
        return experiment
    decided = training.model_copy(update={"evaluate_train": fitting_evaluation(experiment, data)})
    return experiment.model_copy(update={"training": decided})


def _takes_all_rows(experiment: Experiment) -> bool:
    return optimizers[experiment.optimizer.name].full_batch


def _with_backend(settings: BackendSettings, backend: str | None) -> BackendSettings:
    name: str = settings.name
    if name == "auto":
        name = backend or choose_backend("auto", settings.device).name
    return settings.model_copy(update={"name": name, "tf32": settings.tf32 and name == "cupy"})


def _loss(experiment: Experiment, data: Prepared) -> Loss:
    """The loss of the experiment, or the default for its targets."""
    targets, loss = targets_of(data.preprocessing), experiment.loss
    if isinstance(loss, str):
        loss = losses[DEFAULT_LOSSES[targets]]()
    check_loss(loss, data)
    return loss


def _with_output_activation(model: ModelSettings, loss: Loss) -> ModelSettings:
    """The model with `auto` as its output activation where the loss brings one."""
    output = model.output_activation
    if not isinstance(output, str) and output.name == loss.output_activation:
        output = "auto"  # the loss computes its own output activation
    if loss.output_activation != "linear" and not isinstance(output, str):
        raise SpecError(
            f"model.output_activation: {output.name} does not go with {loss.name},"
            f" which brings {loss.output_activation}"
        )
    return model.model_copy(update={"output_activation": output})


def _needs_unscaled_targets(loss: Loss | str) -> bool:
    """Whether the loss takes numbers, if at all, only in their own units."""
    return not isinstance(loss, str) and "numbers" not in loss.fits
