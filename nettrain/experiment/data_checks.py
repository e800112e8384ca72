"""Whether an experiment fits its data: the loss, the outputs and the monitored metrics."""

from collections.abc import Set as AbstractSet

from nettrain.catalogue.losses import Loss, losses
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.metrics import metrics, metrics_for
from nettrain.data.prepare import Prepared, Rows
from nettrain.errors import DataError, SpecError
from nettrain.experiment.evaluated_rows import evaluated_rows
from nettrain.experiment.monitors import monitors_of
from nettrain.experiment.scheduled_numbers import all_schedules
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of, network_of, targets_of, task_of

SPECIAL_NUMBERS = ("counts", "distributions")  # kinds of targets that are numbers too


def check_loss(loss: Loss, data: Prepared) -> None:
    """Raise SpecError when the loss, or one of its settings, is not for the data's targets."""
    targets = targets_of(data.preprocessing)
    _check_targets(loss.name, targets, data)
    for key, use in loss.unused_settings(targets).items():
        raise SpecError(f"loss.{key}: {getattr(loss, key)} does nothing for {targets}, it is for {use}")


def check_outputs(experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError when outputs that share out a total are not several, or do not exclude each other.

    One alone would always be 1, and of labels several may be.
    """
    activation = experiment.model.last_activation
    if not activation.outputs_only:
        return
    if network_of(experiment, data).outputs == 1:
        raise SpecError(f"model.output_activation: {activation.name} needs several outputs, here is one")
    if targets_of(data.preprocessing) == "labels":
        raise SpecError(
            f"model.output_activation: {activation.name} is for classes that exclude each other,"
            " labels take sigmoid"
        )


def check_clamp(experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError when outputs are to be cut to the range of the targets, but are no numbers."""
    if not experiment.model.clamp_outputs:
        return
    targets, loss = targets_of(data.preprocessing), loss_of(experiment)
    if targets != "numbers":
        raise SpecError(f"model.clamp_outputs: true is for numbers, here are {targets}")
    if loss.number_form is None:
        raise SpecError(f"model.clamp_outputs: true does not go with {loss.name}, which predicts shares")


def check_sub_members(experiment: Experiment) -> None:
    """Raise SpecError when predictions of sub-members cannot be averaged as outputs of one network."""
    loss = loss_of(experiment)
    if experiment.model.sub_members is not None and isinstance(loss, DistributionalLoss):
        raise SpecError(
            f"model.sub_members: does not go with {loss.name}, which predicts distributions;"
            " training.ensemble does"
        )


def check_warmup(experiment: Experiment) -> None:
    """Raise SpecError when the warmup of a schedule is longer than the run."""
    epochs = experiment.training.epochs
    for path, schedule in all_schedules(experiment):
        if schedule.warmup > epochs:
            key = ".".join((*map(str, path), "warmup"))
            raise SpecError(f"{key}: {schedule.warmup} epochs of warmup do not fit into {epochs}")


def check_monitors(experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError or DataError when a monitored metric is undefined for these targets or these rows."""
    task = task_of(data.preprocessing, experiment)
    allowed = monitors_of(metrics_for(task))
    for path, name in experiment.watched.items():
        key = ".".join(map(str, path))
        if name not in allowed:
            reason = f"is not for {task.targets}{'' if task.probabilities else ' without probabilities'}"
            raise SpecError(f'{key}: "{name}" {reason} (allowed: {", ".join(allowed)})')
        if name.startswith("val_"):
            _check_validation_rows(key, name, experiment, data.validation)
        elif name.startswith("train_"):
            _check_defined(key, name, evaluated_rows(experiment, data), "evaluated training rows")


def _check_targets(name: str, targets: str, data: Prepared) -> None:
    plain = {targets, "classes"} if targets == "two classes" else {targets}  # two classes are classes too
    special: tuple[str, ...] = ()
    if targets == "numbers":
        special = SPECIAL_NUMBERS[: data.train.y.shape[-1]]  # a single number is not a distribution
    fits = set(losses[name].fits)
    if not plain.union(special) & fits:
        others = "".join(f", {_losses_for({kind})} for {kind}" for kind in special)
        raise SpecError(f"loss: {name} is not for {targets}, use {_losses_for(plain)}{others}")
    if targets == "numbers" and not plain & fits and data.settings.target_scaling != "none":
        raise SpecError(f"data.target_scaling: {name} needs targets as they are, write none")


def _losses_for(targets: AbstractSet[str]) -> str:
    """The losses that take any of these targets: `a, b or c`."""
    names = [name for name, loss in losses.items() if targets & set(loss.fits)]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _check_validation_rows(key: str, name: str, experiment: Experiment, rows: Rows | None) -> None:
    """An undefined metric would be NaN, and so look as if the network had diverged."""
    if rows is None:
        raise DataError(
            f'{key}: "{name}" needs validation rows,'
            f" but data.validation {experiment.data.validation} of so few rows is none"
        )
    _check_defined(key, name, rows, "validation rows")


def _check_defined(key: str, name: str, rows: Rows, place: str) -> None:
    """Raise DataError when these rows do not define a metric."""
    metric = name.partition("_")[2]
    if metric == "loss":
        return
    targets = rows.y[rows.weight > 0]
    columns = targets.T if targets.ndim > 1 else [targets]
    lacking = [metrics[metric].lacks(column) for column in columns]
    if all(lacking):  # the metric of several targets is the mean over those for which it is defined
        raise DataError(f'{key}: "{name}" needs {lacking[0]} among the {place}')
