"""nettrain's engine, driven from arrays: the step that `nettrain train` replays."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

import nettrain
from nettrain.backend.choose import open_backend
from nettrain.data.prepare import Prepared, Rows
from nettrain.engine.build import Run, build
from nettrain.engine.settle import settle
from nettrain.engine.step import coefficient_table, training_step
from nettrain.model.parameters import views
from nettrain.spec.document import parse
from nettrain.spec.experiment import Experiment
from nettrain.spec.load import check, resolved
from peers.problem import BATCH, BETA1, BETA2, EPSILON, RATE, THREADS, WIDTHS, Array, starting_weights

VERSION = nettrain.__version__
SPEC = """
seed: {seed}
data: {{source: 'builtin:iris', validation: 0}}  # read by nobody: rows come as arrays
model: {{hidden: {hidden}, activation: {activation}}}
optimizer: {{name: adam, learning_rate: {rate}, beta1: {beta1}, beta2: {beta2}, epsilon: {epsilon}}}
training: {{batch_size: {batch}}}
backend: {{threads: {threads}}}
"""


class Trainer:
    """784-512-512-10 with relu, cross-entropy and Adam."""

    def __init__(self, x: Array, y: Array) -> None:
        run = population([experiment(list(WIDTHS[1:-1]), "relu", BATCH, THREADS)], x, y)
        self.steps = Steps(run, BATCH)
        layers = views(run.population["parameters"], run.place)
        for layer, weight in zip(layers, starting_weights(), strict=True):
            layer["weight"][0] = weight

    def block(self, index: Array) -> float:
        """A step per row of index (T, B); their mean loss."""
        return float(self.steps.block(index[:, None])[0])


class Steps:
    """A population's training step with what the loop does around it, without evaluation and stopping."""

    def __init__(self, run: Run, batch: int, orders: int = 1) -> None:
        self.run, self.done = run, 0
        self.step = training_step(run, batch, orders)

    def block(self, index: Array) -> Array:
        """A step per entry of index (T, G, B); the mean loss of each member (R,)."""
        population = self.run.population
        coefficients, total = population["coefficients"], population["total"]
        total[:] = 0
        table, _ = coefficient_table(self.run, self.done, len(index))
        for rows, values in zip(index, table, strict=True):
            self.step.index[...] = rows
            coefficients[...] = values
            self.step.replay()
        self.done += len(index)
        self.run.backend.synchronize()
        return total[:, 0] / total[:, 1]  # type: ignore[no-any-return]


def experiment(hidden: list[int], activation: str, batch: int, threads: int, seed: int = 0) -> Experiment:
    """The experiment with these values, as if a file had said so."""
    numbers = {"rate": RATE, "beta1": BETA1, "beta2": BETA2, "epsilon": EPSILON}
    text = SPEC.format(
        hidden=hidden, activation=activation, batch=batch, threads=threads, seed=seed, **numbers
    )
    return resolved(check(parse(text, "bench")))


def population(experiments: Sequence[Experiment], x: Array, y: Array) -> Run:
    """A run on x (N, D) and labels y (N,), one member per experiment."""
    classes = tuple(str(label) for label in range(int(y.max()) + 1))
    rows = Rows(x, y, np.ones(len(x), x.dtype))
    data = Prepared(rows, None, None, fitted(x.shape[1], classes), experiments[0].data, ())
    backend = experiments[0].backend
    opened = open_backend(backend.name, dtype=backend.dtype, threads=backend.threads)
    return build([settle(one, data) for one in experiments], data, opened)


def fitted(inputs: int, classes: tuple[str, ...]) -> Any:
    """What the engine reads of a preprocessing."""
    return SimpleNamespace(
        inputs=inputs,
        outputs=lambda **_: len(classes),
        target_kind="classes",
        classes=classes,
        target_scale=np.ones(1),
    )
