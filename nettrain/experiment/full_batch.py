"""What a rule that moves on the whole objective asks of the rest of an experiment."""

from collections.abc import Iterator
from typing import Any

Path = tuple[str, ...]


def conflicts(experiment: Any) -> Iterator[tuple[Path, str]]:
    """Keys that do not go with such a rule, and why."""
    name, training, model = experiment.optimizer.name, experiment.training, experiment.model.written_out()
    if training.batch_size != "full":
        yield ("training", "batch_size"), f"{training.batch_size} does not go with {name}, which takes full"
    if experiment.backend.dtype != "float64":
        yield ("backend", "dtype"), f"{experiment.backend.dtype} does not go with {name}, which takes float64"
    if training.sampling != "permutation":
        yield ("training", "sampling"), f"{training.sampling} does not go with {name}, which takes every row"
    if experiment.schedule.name != "constant" or experiment.schedule.warmup > 0:
        yield ("schedule",), f"{name} has no learning rate to change"
    noise = [("input_noise", model.input_noise > 0)]
    noise += [("dropout", any(layer.dropout > 0 for layer in model.layers))]
    noise += [("batch_norm", any(layer.batch_norm is not None for layer in model.layers))]
    for key, there in noise:
        if there:
            yield (
                ("model", key),
                f"does not go with {name}, whose objective must not change between two looks",
            )
    penalties = experiment.regularization
    steps = [("training", key, getattr(training, key)) for key in ("clip_value", "clip_norm", "weight_decay")]
    for block, key, value in (
        *steps,
        *(("regularization", k, getattr(penalties, k)) for k in ("l1", "max_norm")),
    ):
        if value:
            yield (block, key), f"does not go with {name}, which follows the objective's own smooth slope"
