"""Keys of an experiment file that contradict each other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.registry import Variant
from nettrain.catalogue.schedules import Reactive
from nettrain.errors import nearest
from nettrain.experiment.document import KeyPath
from nettrain.experiment.monitors import monitors
from nettrain.experiment.problems import KeyProblem
from nettrain.experiment.scheduled_numbers import DROPOUT, largest_factor, scheduled_numbers

if TYPE_CHECKING:
    from nettrain.experiment.settings import Experiment

SCHEDULE_MONITOR = ("schedule", "monitor")
EVALUATE_TRAIN = ("training", "evaluate_train")


def conflicts(experiment: "Experiment") -> Iterator[KeyProblem]:
    """Values that are each valid, but not together; the key is the one to change."""
    yield from _batch_norm(experiment)
    yield from _max_norm_of_neural_tangent(experiment)
    if optimizers[experiment.optimizer.name].full_batch:
        yield from full_batch_conflicts(experiment)
    yield from _two_weight_decays(experiment)
    yield from _two_momentum_schedules(experiment)
    yield from _no_momentum_to_cycle(experiment)
    yield from _factors_without_momentum(experiment)
    yield from _too_much_dropout(experiment)
    yield from _kept_sub_members(experiment)
    yield from _monitors(experiment)


def schedule_monitor(experiment: "Experiment") -> dict[KeyPath, str]:
    """The metric that the learning rate reacts to, by its key; empty when it reacts to none."""
    schedule = experiment.schedule
    monitor = schedule.monitor if isinstance(schedule, Reactive) else None
    return {} if monitor is None else {SCHEDULE_MONITOR: monitor}


def full_batch_conflicts(experiment: "Experiment") -> Iterator[KeyProblem]:
    """Whatever does not go with an optimizer that minimises the whole objective, such as L-BFGS."""
    name, training = experiment.optimizer.name, experiment.training
    if training.batch_size not in ("full", "auto"):
        text = f"{training.batch_size} does not go with {name}, which takes full"
        yield KeyProblem(("training", "batch_size"), text)
    if experiment.backend.dtype != "float64":
        text = f"{experiment.backend.dtype} does not go with {name}, which takes float64"
        yield KeyProblem(("backend", "dtype"), text)
    if training.sampling != "permutation":
        text = f"{training.sampling} does not go with {name}, which takes every row"
        yield KeyProblem(("training", "sampling"), text)
    if experiment.schedule.name != "constant" or experiment.schedule.warmup > 0:
        yield KeyProblem(("schedule",), f"{name} has no learning rate to change")
    for number in scheduled_numbers(experiment):
        yield KeyProblem(number.path, f"{name} has no {number.words} to change")
    yield from _random_objective(experiment)
    yield from _changed_gradient(experiment)


def _random_objective(experiment: "Experiment") -> Iterator[KeyProblem]:
    model = experiment.model.written_out()
    layers = model.layers or []
    uses = {
        "input_noise": model.input_noise > 0,
        "dropout": any(layer.dropout > 0 for layer in layers),
        "batch_norm": model.couples_rows,
    }
    why = "whose objective must not change between two evaluations"
    for key, used in uses.items():
        if used:
            yield KeyProblem(("model", key), f"does not go with {experiment.optimizer.name}, {why}")


def _changed_gradient(experiment: "Experiment") -> Iterator[KeyProblem]:
    training, penalties = experiment.training, experiment.regularization
    values: dict[KeyPath, object] = {
        ("training", "clip_value"): training.clip_value,
        ("training", "clip_norm"): training.clip_norm,
        ("training", "weight_decay"): training.weight_decay,
        ("regularization", "l1"): penalties.l1,
        ("regularization", "max_norm"): penalties.max_norm,
    }
    why = "which needs the exact gradient of a smooth objective"
    for path, value in values.items():
        if value:
            yield KeyProblem(path, f"does not go with {experiment.optimizer.name}, {why}")


def _batch_norm(experiment: "Experiment") -> Iterator[KeyProblem]:
    if experiment.model.couples_rows and experiment.training.batch_size == 1:
        yield KeyProblem(("training", "batch_size"), "1 row has no spread for batch_norm")


def _max_norm_of_neural_tangent(experiment: "Experiment") -> Iterator[KeyProblem]:
    limit, parametrization = experiment.regularization.max_norm, experiment.model.parametrization
    if limit is not None and parametrization == "neural_tangent":
        why = "where the weights of a unit with m inputs have a norm of about √m"
        text = f"{limit:g} does not go with model.parametrization: neural_tangent, {why}"
        yield KeyProblem(("regularization", "max_norm"), text)


def _two_weight_decays(experiment: "Experiment") -> Iterator[KeyProblem]:
    optimizer = experiment.optimizer
    if experiment.training.weight_decay > 0 and hasattr(optimizer, "weight_decay"):
        text = f"{optimizer.name} has its own, optimizer.weight_decay"
        yield KeyProblem(("training", "weight_decay"), text)


def _two_momentum_schedules(experiment: "Experiment") -> Iterator[KeyProblem]:
    schedule = getattr(experiment.optimizer, "momentum_schedule", None)
    cycles = getattr(experiment.schedule, "momentum", None) == "cycle"
    if cycles and schedule and schedule.name != "constant":
        name = experiment.schedule.name
        text = f'{name} moves the momentum itself, unless schedule.momentum is "fixed"'
        yield KeyProblem(("optimizer", "momentum_schedule"), text)


def _no_momentum_to_cycle(experiment: "Experiment") -> Iterator[KeyProblem]:
    optimizer, schedule = experiment.optimizer, experiment.schedule
    field = optimizers[optimizer.name].momentum_field
    if field is not None and getattr(optimizer, field) is not None:
        return
    for key, value in _changed(schedule, "momentum_low", "momentum_high"):
        text = f"{value} does nothing for {optimizer.name}, which has no momentum to move"
        yield KeyProblem(("schedule", key), text)


def _factors_without_momentum(experiment: "Experiment") -> Iterator[KeyProblem]:
    """What a schedule says of momentum, where it is not that of the learning rate."""
    for number in scheduled_numbers(experiment):
        settings = number.setting(experiment)
        for key, value in _changed(settings, "momentum", "momentum_low", "momentum_high"):
            text = f"{value} does nothing here: {settings.name} moves the momentum as schedule alone"
            yield KeyProblem((*number.path, key), text)


def _changed(settings: Variant, *keys: str) -> Iterator[tuple[str, object]]:
    """Those of the keys whose value is not the default, as far as the settings have them."""
    for key in keys:
        field = type(settings).model_fields.get(key)
        if field is not None and getattr(settings, key) != field.default:
            yield key, getattr(settings, key)


def _too_much_dropout(experiment: "Experiment") -> Iterator[KeyProblem]:
    schedule = DROPOUT.schedule(experiment)
    rates = [layer.dropout for layer in experiment.model.hidden_layers()]
    if schedule is not None and rates:
        largest = largest_factor(schedule, experiment.training.epochs)
        if max(rates) * largest >= 1:
            text = f"{schedule.name} raises dropout {max(rates):g} to {max(rates) * largest:.3g}, not below 1"
            yield KeyProblem(DROPOUT.path, text)


def _kept_sub_members(experiment: "Experiment") -> Iterator[KeyProblem]:
    if experiment.leaves_out_sub_members and not experiment.data.holds_out_validation:
        text = "needs validation rows, which say what is best, but data.validation is 0"
        yield KeyProblem(("model", "sub_members", "keep"), text)


def _monitors(experiment: "Experiment") -> Iterator[KeyProblem]:
    for path, name in schedule_monitor(experiment).items():
        if name not in monitors():
            yield KeyProblem(path, f'unknown "{name}"{nearest(name, monitors())}')
    for path, name in experiment.watched.items():
        if name.startswith("train_") and experiment.training.evaluate_train == "none":
            yield KeyProblem(EVALUATE_TRAIN, f"none does not go with {'.'.join(map(str, path))}: {name}")
        if name.startswith("val_") and not experiment.data.holds_out_validation:
            yield KeyProblem(path, f'"{name}" needs validation rows, but data.validation is 0')
