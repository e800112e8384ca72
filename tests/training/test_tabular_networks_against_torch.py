"""Networks for tables against plain PyTorch transcriptions: outputs, gradients, 50 steps, predictions.

tests/golden/tabular_networks.json has their table, initial values and figures (scripts/goldens). Dropout masks and
the sub-members' own orders are those that a run draws.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.experiment.recipes import NamedRecipe, recipes
from nettrain.model.parameters import views
from nettrain.model.tape import Tape
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import append_gradient
from tests.trained import built, experiment, outputs_of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tabular_networks.json").read_text())
TABLE = GOLDEN["table"]
BATCH, EPOCHS, SEED = 8, 5, 5 + 2**33
FAR = 8.0  # in what is predicted, times as large as in the table
NUMBERS = [f"n{k}" for k in range(4)]
PRECISION = 1e-10  # of the largest number of an array
SPEC = f"""
seed: {SEED}
data: {{source: table.csv, validation: 0, mark_gaps_from: 0}}
training: {{epochs: {EPOCHS}, batch_size: {BATCH}, shuffle: false, early_stopping: null, history: step}}
backend: {{threads: 1, dtype: float64}}
"""
STANDARD = {"data.scaling": "standard"}
CLASSES = {"data.target": "label", "data.target_kind": "classes"}
TARGET = {"data.target": "target", "data.target_kind": "numbers"}
PLAIN = {"model.dropout": 0, "training.clip_norm": "null"}  # for gradients
TABM = {
    "recipe": "tabm",
    **TARGET,
    **STANDARD,
    "data.columns.ignore": "[flag, city, label]",
    "model.embeddings": "none",
    "model.hidden": "[8, 6, 7]",
    "optimizer.learning_rate": 0.004,
    "optimizer.weight_decay": 0.03,
}
MINI = {
    "recipe": "tabm",
    **CLASSES,
    **STANDARD,
    "data.columns.ignore": "[flag, city, target]",
    "model.hidden": "[8]",
    "model.dropout": 0,
    "model.embeddings": "{name: piecewise_linear, dimension: 3, bins: 5}",
    "optimizer.learning_rate": 0.004,
    "optimizer.weight_decay": 0.03,
}
REALMLP = {
    "recipe": "realmlp",
    "model.hidden": "[8, 6, 7]",
    "model.embeddings.frequencies": 4,
    "model.category_dimension": 3,
}
CASES = {
    "mlp": {
        "recipe": "mlp",
        **CLASSES,
        **STANDARD,
        "data.columns.ignore": "[flag, city, target]",
        "model.hidden": "[9, 7]",
        "model.dropout": 0.25,
        "optimizer.learning_rate": 0.004,
        "optimizer.weight_decay": 0.03,
    },
    "tabm": TABM | {"model.sub_members.count": 4, "model.sub_members.own_batches": "false"},
    "tabm, own batches": TABM | {"model.sub_members.count": 4, "training.shuffle": "true"},
    "tabm, mini": MINI | {"model.sub_members": "{count: 3, kind: mini, own_batches: false}"},
    "tabm, mini, own batches": MINI
    | {"model.sub_members": "{count: 3, kind: mini}", "training.shuffle": "true"},
    "mlp_plr": {
        "recipe": "mlp_plr",
        **TARGET,
        **STANDARD,
        "data.columns.ignore": "[flag, city, label]",
        "model.hidden": "[8]",
        "model.dropout": 0,
        "model.embeddings.dimension": 4,
        "model.embeddings.frequencies": 3,
        "optimizer.learning_rate": 0.003,
        "optimizer.weight_decay": 0.02,
    },
    "realmlp, classes": REALMLP | CLASSES | {"data.columns.ignore": "[target]"},
    "realmlp, numbers": REALMLP | TARGET | {"data.columns.ignore": "[label]"},
}


def test_every_recipe_is_compared() -> None:
    compared = {case["recipe"] for case in CASES.values()}
    missing = {name for name, entry in recipes.items() if issubclass(entry, NamedRecipe)} - compared
    assert set() == missing, (
        "add a case to CASES, and its transcription to scripts/goldens/tabular_networks.py"
    )


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table as a file in the current folder."""
    monkeypatch.chdir(tmp_path)
    flags, labels = (["no", "yes"][one] for one in TABLE["flag"]), (f"class {one}" for one in TABLE["label"])
    numbers = np.transpose(TABLE["numbers"]).tolist()
    columns = [*numbers, flags, TABLE["colour"], TABLE["city"], labels, TABLE["target"]]
    names = [*NUMBERS, "flag", "colour", "city", "label", "target"]
    lines = [names, *zip(*columns, strict=True)]
    Path("table.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in lines))


def near(actual: Any, expected: Any) -> None:
    """Equal up to a share of the largest number."""
    expected = np.array(expected)
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected).max() / np.abs(expected).max()
    assert worst <= PRECISION, worst


def learned(rows: np.ndarray, run: TrainingRun) -> list[dict[str, np.ndarray]]:
    """The arrays of each layer that learns, of the only network in rows (1, P)."""
    arrays = filter(None, views(rows, run.layout))
    return [{name: array[0] for name, array in layer.items()} for layer in arrays]


def compared(rows: np.ndarray, run: TrainingRun, expected: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """Each array of the network beside its golden one."""
    for layer, values in zip(learned(rows, run), expected, strict=True):
        assert layer.keys() == values.keys()
        for name, array in layer.items():
            yield array, np.reshape(values[name], array.shape)


def begun(case: str, changes: Mapping[str, Any], *, recorded: bool = False) -> TrainingRun:
    """The run of a case with these changes, with the golden initial values."""
    settings = {**CASES[case], **changes}
    spec = experiment(SPEC, *(f"{key}={value}" for key, value in settings.items()))
    run = built([spec], recorded=recorded)
    parameters = run.population["parameters"]
    for array, start in compared(parameters, run, GOLDEN["cases"][case]["start"]):
        array[...] = start
    return run


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_of_the_first_batch(case: str) -> None:
    expected, run, tape = GOLDEN["cases"][case], begun(case, PLAIN), Tape()
    index = np.array(expected.get("rows", [range(BATCH)]))
    batch = append_gradient(tape, run, index, run.pool.prefixed("train"))
    for call in tape.bound(run.backend):
        call()
    near(run.data.train.x[:BATCH], expected["x"])
    outputs = batch.signals.output[0]
    near(outputs, np.reshape(expected["outputs"], outputs.shape))
    for gradient, values in compared(run.population["gradient"], run, expected["gradients"]):
        near(gradient, values)


@pytest.mark.parametrize("case", CASES)
def test_fifty_steps(case: str) -> None:
    expected, run = GOLDEN["cases"][case], begun(case, {}, recorded=True)
    x, losses = run.data.train.x[:BATCH].copy(), []
    x[BATCH // 2 :, : len(NUMBERS)] *= FAR
    for event in TrainingLoop(run).events():
        if isinstance(event, EpochDone) and event.steps is not None:
            losses += event.steps.batch_loss[0].tolist()
    near(np.array(losses), expected["losses"])
    for array, values in compared(run.final.parameters, run, expected["final"]):
        near(array, values)
    networks = run.networks([run.experiment])
    predictions = networks.predictions(outputs_of(run, networks.parameters, networks.statistics, x))
    near(predictions, np.reshape(expected["predictions"], predictions.shape))
