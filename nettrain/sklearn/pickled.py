"""A fitted network as plain values that pickle and joblib store: its files as bytes and text, no data."""

import json
from typing import Any

from safetensors.numpy import load, save

from nettrain.data.preprocessing import Preprocessing
from nettrain.experiment.document import parse
from nettrain.experiment.load import to_yaml, validate
from nettrain.experiment.named_backend import named_backend
from nettrain.model.architecture import Architecture
from nettrain.store.checkpoint import Checkpoint
from nettrain.store.trained_run import TrainedRun
from nettrain.training.resumption.state import TrainingState
from nettrain.workflow.in_memory import MemoryRun


def packed(fitted: MemoryRun) -> dict[str, Any]:
    """The network, its preprocessing, its experiment, its history and the state of its training."""
    trained, checkpoint = fitted.trained, fitted.checkpoint
    return {
        "experiment": to_yaml(trained.experiment),
        "architecture": json.dumps(trained.architecture.to_json()),
        "weights": save({"parameters": trained.parameters, "statistics": trained.statistics}),
        "preprocessing": json.dumps(trained.preprocessing.to_json()),
        "summary": fitted.summary,
        "events": fitted.events,
        "has_members": fitted.has_members,
        "checkpoint": None if checkpoint is None else _packed_state(checkpoint),
    }


def _packed_state(checkpoint: Checkpoint) -> dict[str, Any]:
    state = checkpoint.state
    return {"arrays": save(state.arrays), "numbers": state.numbers, "facts": checkpoint.facts}


def unpacked(values: dict[str, Any]) -> MemoryRun:
    """The fitted network that was packed."""
    experiment = validate(parse(values["experiment"], "estimator"))
    weights, packed_state = load(values["weights"]), values["checkpoint"]
    trained = TrainedRun(
        experiment,
        Architecture.from_json(json.loads(values["architecture"])),
        weights["parameters"],
        weights["statistics"],
        Preprocessing.from_json(json.loads(values["preprocessing"])),
        named_backend(experiment.backend),
        summary=values["summary"],
    )
    checkpoint = None
    if packed_state is not None:
        state = TrainingState(load(packed_state["arrays"]), packed_state["numbers"])
        checkpoint = Checkpoint(state, packed_state["facts"])
    return MemoryRun(trained, values["summary"], values["events"], checkpoint, values["has_members"])
