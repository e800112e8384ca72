"""A fitted network as plain values that pickle and joblib store: its files as bytes and text, no data."""

import json
from pathlib import Path
from typing import Any

from safetensors.numpy import load, save

from nettrain.data.preprocessing import Preprocessing
from nettrain.experiment.document import parse
from nettrain.experiment.load import to_yaml, validate
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import task_of
from nettrain.inference.postprocessing import Postprocessing
from nettrain.store.checkpoint import Checkpoint
from nettrain.store.model_file import parse_architecture
from nettrain.store.postprocessing import postprocessing_json, postprocessing_of
from nettrain.store.preprocessing_file import parse_preprocessing
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
        "postprocessing": trained.postprocessing and postprocessing_json(trained.postprocessing),
        "summary": fitted.summary,
        "events": fitted.events,
        "has_members": fitted.has_members,
        "checkpoint": None if checkpoint is None else _packed_state(checkpoint),
    }


def _packed_state(checkpoint: Checkpoint) -> dict[str, Any]:
    state = checkpoint.state
    return {"arrays": save(state.arrays), "numbers": state.numbers, "facts": checkpoint.facts}


def _rules(
    content: dict[str, object] | None, experiment: Experiment, preprocessing: Preprocessing, networks: int
) -> Postprocessing | None:
    if content is None:
        return None
    task = task_of(preprocessing, experiment)
    return postprocessing_of(content, Path("estimator"), experiment, task, networks)


def unpacked(values: dict[str, Any]) -> MemoryRun:
    """The fitted network that was packed."""
    experiment = validate(parse(values["experiment"], "estimator"))
    weights, packed_state = load(values["weights"]), values["checkpoint"]
    preprocessing = parse_preprocessing(values["preprocessing"], "estimator")
    trained = TrainedRun(
        experiment,
        parse_architecture(json.loads(values["architecture"]), "estimator"),
        weights["parameters"],
        weights["statistics"],
        preprocessing,
        named_backend(experiment.backend),
        _rules(values.get("postprocessing"), experiment, preprocessing, len(weights["parameters"])),
        summary=values["summary"],
    )
    checkpoint = None
    if packed_state is not None:
        state = TrainingState(load(packed_state["arrays"]), packed_state["numbers"])
        checkpoint = Checkpoint(state, packed_state["facts"])
    return MemoryRun(trained, values["summary"], values["events"], checkpoint, values["has_members"])
