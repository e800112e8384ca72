"""Sub-members that are alike are the plain network; packed ones are the networks of a population.

Inputs, parameters and targets of the first are fractions with few digits, so that sums in float64 are exact in
any order: what is equal is equal to the bit.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.model.parameters import views
from nettrain.model.tape import Tape
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import BatchPass, append_gradient
from tests.trained import built, experiment, outputs_of

COUNT, ROWS, COLUMNS = 4, 32, 5
SPEC = """
data: {source: rows.csv, target: y, target_kind: numbers, validation: 0, scaling: none, target_scaling: none}
model: {hidden: [6, 7], activation: relu}
optimizer: {name: sgd, learning_rate: 0.0625}
training: {epochs: 3, batch_size: 8, shuffle: false}
backend: {threads: 1, dtype: float64}
"""
Layers = list[dict[str, np.ndarray]]


@pytest.fixture(autouse=True)
def _rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of multiples of 1/4 in the current folder, and one of any numbers."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    tables = {
        "rows": rng.integers(-8, 9, (ROWS, COLUMNS + 1)) / 4,
        "any": rng.normal(size=(ROWS, COLUMNS + 1)),
    }
    names = [*(f"x{k}" for k in range(COLUMNS)), "y"]
    for name, table in tables.items():
        lines = (",".join(map(str, row)) for row in [names, *table.tolist()])
        Path(f"{name}.csv").write_text("\n".join(lines) + "\n")


def layers_of(rows: np.ndarray, run: TrainingRun) -> Layers:
    """The arrays (R, m, n) of each layer that learns."""
    return [layer for layer in views(rows, run.layout) if layer]


def first_batch(run: TrainingRun) -> tuple[BatchPass, Layers]:
    """The first batch forward and back, and its gradient."""
    tape = Tape()
    batch = append_gradient(tape, run, np.arange(8)[None], run.pool.prefixed("train"))
    for call in tape.bound(run.backend):
        call()
    return batch, layers_of(run.population["gradient"].copy(), run)


def equal(actual: Any, expected: Any) -> None:
    """To the bit."""
    assert np.shape(actual) == np.shape(expected)
    assert np.array_equal(actual, expected)


def drawn(run: TrainingRun) -> Layers:
    """Parameters that are multiples of 1/8, as they are set."""
    rng = np.random.default_rng(1)
    layers = layers_of(run.population["parameters"], run)
    for layer in layers:
        for array in layer.values():
            array[...] = rng.integers(-8, 9, array.shape) / 8
    return layers


def alike(kind: str) -> tuple[TrainingRun, TrainingRun]:
    """A plain network, and sub-members with its weights and biases and all factors 1."""
    plain = built([experiment(SPEC)])
    of_members = f"model.sub_members={{count: {COUNT}, kind: {kind}, own_batches: false}}"
    several = built([experiment(SPEC, of_members)])
    shared = drawn(plain)
    for layer, own in zip(shared, layers_of_dense(several), strict=True):
        for name, array in own.items():
            if name.endswith("scale"):
                array[...] = 1
            else:
                times = array.shape[1] // layer[name].shape[1]
                array[...] = np.tile(layer[name], (1, times, 1))
    return plain, several


def layers_of_dense(run: TrainingRun) -> Layers:
    """The layers with weights; the factors of `mini`, in front of them, are set to 1."""
    layers = layers_of(run.population["parameters"], run)
    for layer in layers:
        if "weight" not in layer:
            layer["scale"][...] = 1
    return [layer for layer in layers if "weight" in layer]


@pytest.mark.parametrize("kind", ["batch_ensemble", "mini", "packed"])
def test_sub_members_that_are_alike_are_the_plain_network(kind: str) -> None:
    plain, several = alike(kind)
    expected, slopes = first_batch(plain)
    actual, sums = first_batch(several)
    outputs = actual.signals.output.reshape(COUNT, 8, 1)
    equal(outputs, np.tile(expected.signals.output, (COUNT, 1, 1)))
    equal(actual.delta.reshape(COUNT, 8, 1), np.tile(expected.delta / COUNT, (COUNT, 1, 1)))
    for slope, total in zip(slopes, [layer for layer in sums if "weight" in layer], strict=True):
        for (
            name,
            array,
        ) in slope.items():  # what is shared has the plain gradient, each one's own a part of it
            times = total[name].shape[1] // array.shape[1]
            equal(total[name], np.tile(array / times, (1, times, 1)))
    x = plain.data.train.x
    ours, theirs = (
        outputs_of(run, run.population["parameters"], run.population["statistics"], x)
        for run in (several, plain)
    )
    equal(ours, theirs)


def packed(*overrides: str) -> tuple[TrainingRun, TrainingRun]:
    """A population of plain networks that differ, and one network that packs them."""
    rounded = ["data.source=any.csv", "model.init={name: fan_in_uniform, random_biases: true}"]
    population = built([experiment(SPEC, f"seed={r}", *rounded, *overrides) for r in range(COUNT)])
    kind = f"model.sub_members={{count: {COUNT}, kind: packed, own_batches: false}}"
    rate = f"optimizer.learning_rate={0.0625 * COUNT}"
    one = built([experiment(SPEC, kind, rate, *rounded, *overrides)])
    members = layers_of(population.population["parameters"], population)
    for layer, together in zip(members, layers_of(one.population["parameters"], one), strict=True):
        for name, array in layer.items():
            together[name][0] = array.reshape(together[name].shape[1:])
    return population, one


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "settings",
    [
        ["model.hidden=[6, 7]", "model.activation=tanh"],
        ["model.hidden=[64, 40, 30]", "training.batch_size=32"],
        ["model.hidden=[200, 100]", "training.batch_size=32"],
        ["model.hidden=[]"],
    ],
    ids=["small", "medium", "large", "linear"],
)
def test_packed_sub_members_are_a_population(settings: list[str], dtype: str) -> None:
    """On numbers that round. The loss is a mean over sub-members, so that each has a fourth of the gradient."""
    population, one = packed(*settings, f"backend.dtype={dtype}")
    expected, slopes = first_batch(population)
    actual, parts = first_batch(one)
    equal(actual.signals.output.reshape(expected.signals.output.shape), expected.signals.output)
    for slope, part in zip(slopes, parts, strict=True):
        for name, array in slope.items():
            equal(part[name].reshape(array.shape), array / COUNT)
    for run in (population, one):
        for _ in train(run):
            pass
    trained = [layers_of(run.final.parameters, run) for run in (population, one)]
    for layer, together in zip(*trained, strict=True):
        for name, array in layer.items():
            equal(together[name].reshape(array.shape), array)
