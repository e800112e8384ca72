"""What an experiment leaves to the data: its loss, and whether the two fit."""

from typing import Any

from nettrain.catalogue.losses import losses
from nettrain.catalogue.metrics import metrics, metrics_for
from nettrain.catalogue.optimizers import optimizers
from nettrain.data.prepare import Prepared, Rows, prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import DataError, SpecError
from nettrain.experiment.load import available_cores
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, targets_of, task_of

SHARED_FROM = 1 << 23  # multiplications in one product; two threads begin to gain near here


def read_and_resolve(
    experiment: Experiment, memory: MemoryTables | None = None
) -> tuple[Experiment, Prepared]:
    """A resolved experiment's data, and the experiment settled by them. Raises what either step raises.

    `memory` holds tables that were passed from Python, see `prepare`.
    """
    settings = experiment.data
    if settings.target_scaling == "auto" and _own_units(experiment.loss):
        settings = settings.model_copy(update={"target_scaling": "none"})
    data = prepare(settings, seed=settings.seed or 0, dtype=experiment.backend.dtype, memory=memory)
    return resolve_with_data(experiment, data), data


def resolve_with_data(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment with nothing left at auto. Raises SpecError when loss, data and outputs do not fit."""
    targets = targets_of(data.preprocessing)
    loss = experiment.loss
    if isinstance(loss, str):
        loss = losses[_default_loss(targets)]()
    _check_fit(loss.name, data)
    for key, use in loss.unused_settings(targets).items():
        raise SpecError(f"loss.{key}: {getattr(loss, key)} does nothing for {targets}, it is for {use}")
    _check_warmup(experiment)
    kind, output = losses[loss.name], experiment.model.output_activation
    if not isinstance(output, str) and output.name == kind.output_activation:
        output = "auto"  # the output activation itself, which is part of the loss
    if kind.output_activation != "linear" and not isinstance(output, str):
        raise SpecError(
            f"model.output_activation: {output.name} does not go with {loss.name},"
            f" which brings {kind.output_activation}"
        )
    model = experiment.model.model_copy(update={"output_activation": output})
    settled = experiment.model_copy(update={"loss": loss, "data": data.settings, "model": model})
    _check_outputs(settled, data)
    _check_monitor(settled, data)
    threads = experiment.backend.threads
    if threads == "auto":
        threads = fitting_threads(settled, data)
    return settled.model_copy(update={"backend": experiment.backend.model_copy(update={"threads": threads})})


def remarks(experiment: Experiment) -> list[str]:
    """What a person should know when comparing the figures of a settled experiment."""
    found = []
    if optimizers[experiment.optimizer.name].full_batch:
        found.append("an epoch is one iteration of lbfgs, whose memory begins empty, also when resumed")
    if getattr(experiment.loss, "label_smoothing", 0) > 0:
        found.append("train loss includes label smoothing, val and test loss do not")
    if experiment.data.class_weights is not None:
        found.append("train figures are weighted by class, val and test figures are not")
    if isinstance(experiment.data.target, list) and experiment.data.target_kind == "numbers":
        found.append("figures are means over the targets, each in its own unit")
    if experiment.data.columns.weight is not None:
        found.append(f'all figures are weighted by column "{experiment.data.columns.weight}"')
    return found


def fitting_threads(experiment: Experiment, data: Prepared) -> int:
    """All processors where a layer's matrix product is worth sharing, otherwise one.

    Waking threads for small products gains nothing, and costs much where other programs keep the
    processors busy: a waiting thread spins. It follows from one member alone, never from their number.
    """
    plan = network_of(experiment, data)
    size = experiment.training.batch_size
    rows = len(data.train.x) if size == "full" else size
    largest = max(rows * m * n for m, n in plan.products)
    return available_cores() if largest >= SHARED_FROM else 1


def _default_loss(targets: str) -> str:
    defaults = {
        "classes": "cross_entropy",
        "two classes": "binary_cross_entropy",
        "labels": "binary_cross_entropy",
        "numbers": "mse",
    }
    return defaults[targets]


SPECIAL = ("counts", "distributions")  # what numbers may be


def _own_units(loss: Any) -> bool:
    """Whether the loss reads numbers, if at all, as they are."""
    return not isinstance(loss, str) and "numbers" not in loss.fits


def _check_fit(name: str, data: Prepared) -> None:
    targets = targets_of(data.preprocessing)
    plain = {targets, "classes"} if targets == "two classes" else {targets}  # those are classes too
    special = (
        SPECIAL[: data.train.y.shape[-1]] if targets == "numbers" else ()
    )  # one number is no distribution
    if not plain.union(special) & set(losses[name].fits):
        others = "".join(f", {_fitting({kind})} for {kind}" for kind in special)
        raise SpecError(f"loss: {name} is not for {targets}, use {_fitting(plain)}{others}")
    if targets == "numbers" and not plain & set(losses[name].fits) and data.settings.target_scaling != "none":
        raise SpecError(f"data.target_scaling: {name} needs targets as they are, write none")


def _check_outputs(experiment: Experiment, data: Prepared) -> None:
    """Shares of outputs need several: one alone would always have all."""
    last = network_of(experiment, data).layers[-1]
    if last.activation.outputs_only and last.units == 1:
        raise SpecError(f"model.output_activation: {last.activation.name} needs several outputs, here is one")


def _fitting(targets: set[str]) -> str:
    names = [name for name, loss in losses.items() if targets & set(loss.fits)]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _check_monitor(experiment: Experiment, data: Prepared) -> None:
    """A metric of other targets would never be there, nor would one of rows that there are not."""
    task = task_of(data.preprocessing, experiment)
    allowed = ["train_loss", "objective", "val_loss", *(f"val_{name}" for name in metrics_for(task))]
    for path, name in experiment.watched.items():
        key = ".".join(path)
        if name not in allowed:
            reason = f"is not for {task.targets}{'' if task.probabilities else ' without probabilities'}"
            raise SpecError(f'{key}: "{name}" {reason} (allowed: {", ".join(allowed)})')
        if name.startswith("val_"):
            _check_rows(key, name, experiment, data.validation)


def _check_rows(key: str, name: str, experiment: Experiment, rows: Rows | None) -> None:
    """An undefined figure would look like a network that has diverged."""
    if rows is None:
        raise DataError(
            f'{key}: "{name}" needs validation rows,'
            f" but data.validation {experiment.data.validation} of so few rows is none"
        )
    metric = name.removeprefix("val_")
    if metric == "loss":
        return
    targets = rows.y[rows.weight > 0]
    columns = targets.T if targets.ndim > 1 else [targets]
    lacking = [metrics[metric].lacks(column) for column in columns]
    if all(lacking):  # of several targets, the mean is of those that define it
        raise DataError(f'{key}: "{name}" needs {lacking[0]} among the validation rows')


def _check_warmup(experiment: Experiment) -> None:
    warmup, epochs = experiment.schedule.warmup, experiment.training.epochs
    if warmup > epochs:
        raise SpecError(f"schedule.warmup: {warmup} epochs of warmup do not fit into {epochs}")
