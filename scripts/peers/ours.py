"""nettrain's training step on arrays, as `nettrain train` replays it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.pool import Pool
from nettrain.catalogue.optimizers import optimizers
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.columns.scaling.affine import NoScaling
from nettrain.data.prepare import Prepared, Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import InputLayout
from nettrain.data.targets.target import Target
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.training.build import build
from nettrain.training.rows.batches import TABLE_STEPS, BatchPlan
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import StepNumbers, coefficient_table
from nettrain.training.step.step_schedule import StepSchedule
from nettrain.training.step.training_step import training_step
from peers.problem import BETA1, BETA2, EPSILON, RATE, WIDTHS, Array

ADAM = f"{{name: adam, learning_rate: {RATE}, beta1: {BETA1}, beta2: {BETA2}, epsilon: {EPSILON}}}"
NETWORKS = {  # members, and their units
    "64-64-32-10 x 32": (32, (64, 64, 32, 10)),
    "784-512-512-10": (1, WIDTHS),
}
FORMS = (  # in addition to the defaults of each optimizer
    "{name: momentum, form: average}",
    "{name: nesterov, form: average}",
    "{name: adam, amsgrad: true}",
    "{name: rmsprop, momentum: 0.9}",
    "{name: rmsprop, centered: true}",
    "{name: rmsprop, centered: true, momentum: 0.9}",
)
SPEC = """
seed: {seed}
data: {{source: 'builtin:iris', validation: 0}}  # not read: rows come as arrays
model: {{hidden: {hidden}, activation: {activation}}}
optimizer: {optimizer}
training: {{batch_size: {batch}}}
backend: {{threads: {threads}}}
"""


class Steps:
    """A population's training step in a loop without evaluation and stopping."""

    def __init__(self, run: TrainingRun, batch: int, orders: int = 1) -> None:
        self.run, self.batch, self.orders, self.done = run, batch, orders, 0
        self.longest = 0

    def block(self, index: Array) -> Array:
        """A step per entry of index (T, G, B); the mean loss of each member (R,)."""
        if len(index) > self.longest:
            self._make_room(len(index))
        total = self.run.population["total"]
        total[:] = 0
        self.rows[:, : len(index) * self.batch] = index.swapaxes(0, 1).reshape(self.orders, -1)
        self.schedule.set_orders(self.rows[None])
        self.schedule.start_epoch(0, 0)
        for position in range(len(index)):
            if position % TABLE_STEPS == 0:
                count = min(TABLE_STEPS, len(index) - position)
                numbers = coefficient_table(self.run, self.done, count)
                self.schedule.set_numbers(StepNumbers(position, *numbers, {}))
            if position == 0:
                self.step.begin()
            self.step.replay()
            self.done += 1
        self.run.backend.synchronize()
        return total[:, 0] / total[:, 1]  # type: ignore[no-any-return]

    def _make_room(self, longest: int) -> None:
        """Allocate buffers for blocks of so many steps."""
        plan, self.longest = BatchPlan(longest * self.batch, self.batch), longest
        self.run = replace(self.run, pool=Pool(self.run.backend))
        self.schedule = StepSchedule(self.run, self.orders, plan)
        self.step = training_step(self.run, self.batch, self.schedule)
        self.rows = np.zeros((self.orders, plan.rows), np.intp)


def experiment(
    hidden: list[int], activation: str, batch: int, threads: int, seed: int = 0, optimizer: str = ADAM
) -> Experiment:
    """The experiment that a file with these values describes."""
    values = {"hidden": hidden, "activation": activation, "batch": batch, "threads": threads}
    text = SPEC.format(seed=seed, optimizer=optimizer, **values)
    return resolve(validate(parse(text, "bench")))


def population(
    experiments: Sequence[Experiment], x: Array, y: Array, kind: type[NumpyBackend] = NumpyBackend
) -> TrainingRun:
    """A run on x (N, D) and labels y (N,), one member per experiment."""
    rows = Rows(x, y, np.ones(len(x), x.dtype))
    data = Prepared(rows, None, None, preprocessing(x.shape[1], int(y.max()) + 1), experiments[0].data, ())
    settings = experiments[0].backend
    backend = kind(settings.dtype, settings.threads)
    return build([resolve_with_data(one, data) for one in experiments], data, backend)


class RecordingBackend(NumpyBackend):
    """Records the call of each kernel that is launched."""

    def __init__(self, dtype: str, threads: int) -> None:
        super().__init__(dtype, threads)
        self.launched: dict[Any, Callable[[], object]] = {}

    def launch(self, kernel: Any, work: int, *arrays: Array) -> Callable[[], object]:
        self.launched[kernel] = super().launch(kernel, work, *arrays)
        return self.launched[kernel]


def updates(optimizer: str, threads: int, network: str) -> tuple[int, Callable[[], object]]:
    """The number of parameters, and one optimizer's pass over them with random gradients.

    The pass is taken from a training step that is built but never run.
    """
    members, (inputs, *hidden, classes) = NETWORKS[network]
    ones = [experiment(hidden, "relu", classes, threads, seed, optimizer) for seed in range(members)]
    x, y = np.zeros((classes + 1, inputs), np.float32), np.arange(classes + 1) % classes
    run = population(ones, x, y, RecordingBackend)
    training_step(run, classes)
    run.population["gradient"][:] = np.random.default_rng(0).normal(0, 1e-2, run.layout.size)
    table, _ = coefficient_table(run, 10, 1)
    run.population["coefficients"][...] = table[0]
    one = run.experiment.optimizer
    assert isinstance(run.backend, RecordingBackend)
    return members * run.layout.size, run.backend.launched[one.step()]


def optimizers_to_time() -> list[str]:
    """Every registered optimizer that works on batches, and further forms."""
    return [*(name for name, rule in optimizers.items() if not rule.full_batch), *FORMS]


def preprocessing(inputs: int, classes: int) -> Preprocessing:
    """The preprocessing of rows that are arrays of numbers already, and of labels from 0 on."""
    columns = tuple(f"x{k}" for k in range(inputs))
    layout = InputLayout((*columns, "label"), header=True, separator=",", missing=())
    encoders = tuple(NumberColumn(name, fill=0.0, gaps=False) for name in columns)
    target = Target(("label",), "classes", tuple(str(label) for label in range(classes)))
    return Preprocessing(layout, encoders, NoScaling(), {}, target)
