"""Every allocation of a run: what the loop works on exists before its first step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend
from nettrain.backend.philox import key_words
from nettrain.backend.pool import Pool
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import grouping_key, shaped, stack
from nettrain.catalogue.metrics import Task
from nettrain.catalogue.optimizers import DECAYS
from nettrain.catalogue.schedules import Calendar, Reactive
from nettrain.data.prepare import Prepared, Rows
from nettrain.errors import DataError
from nettrain.experiment.monitors import goal
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, task_of
from nettrain.inference.dataset import Dataset, place, table_of
from nettrain.inference.predict import chunk_rows
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import Rates, member_architectures, stacked_layers
from nettrain.model.parameters import (
    ParameterLayout,
    initial_row,
    initial_statistics,
    parameter_layout,
    statistics_layout,
)
from nettrain.training.control.plateau import PlateauMonitor
from nettrain.training.control.snapshots import Snapshots
from nettrain.training.control.stopping import ConvergenceMonitor, Stopping
from nettrain.training.diagnostics.profile import Profile
from nettrain.training.population import Population
from nettrain.training.rows.batches import BatchPlan, shared
from nettrain.training.rows.double_buffer import DoubleBuffer, buffer_rows
from nettrain.training.rows.memory import working_bytes
from nettrain.training.step.groups import penalty

START_ROWS = 1024  # of the training rows, for layers whose start depends on them


@dataclass
class TrainingRun:
    """A population ready to train."""

    experiment: Experiment  # what all members share
    backend: Backend
    architecture: Architecture
    layout: ParameterLayout
    population: Population
    pool: Pool
    batches: BatchPlan
    calendar: Calendar
    tables: dict[str, Dataset]  # train, validation, test
    monitor: str  # the figure that marks the best epoch
    stopping: Stopping
    convergence: ConvergenceMonitor
    snapshots: Snapshots
    plateau: PlateauMonitor | None
    task: Task
    target_scale: Array
    final: Array  # (R, P) on the host: weights of members that have stopped
    final_statistics: Array  # (R, Q) on the host: their running statistics
    minimizers: dict[int, Any] = field(default_factory=dict)  # of members whose rule is a routine of its own
    profile: Profile | None = None  # where times go when somebody asks
    ring: DoubleBuffer | None = None  # what training rows pass through that do not fit on the device
    notes: Sequence[str] = ()  # what a person should be told of it

    @property
    def orders(self) -> int:
        """In how many orders the members that are still here take the rows."""
        training = self.population.members.training
        return 1 if shared(training.order_seed, shuffle=training.shuffle) else self.population.size

    def close(self) -> None:
        """End what goes on beside the main thread."""
        if self.ring is not None:
            self.ring.close()
        for minimizer in self.minimizers.values():
            minimizer.close()
        self.minimizers.clear()


def build(
    experiments: Sequence[Experiment], data: Prepared, backend: Backend, *, whole: bool = False
) -> TrainingRun:
    """Allocate a population for resolved experiments of one group on prepared data.

    Rows stream to a device on which they do not fit, unless steps that follow no course need the `whole`.
    Raises DataError when a batch is larger than the training rows.
    """
    first = experiments[0]
    if len({grouping_key(experiment) for experiment in experiments}) > 1:
        raise ValueError("these experiments do not have one grouping key")
    members = stack(experiments)
    dropout = tuple(float(np.max(layer.dropout)) for layer in members.model.hidden_layers())
    architecture = network_of(first, data, Rates(dropout, float(np.max(members.model.input_noise))))
    own = member_architectures(architecture, [experiment.model for experiment in experiments])
    population = Population(members, len(experiments), stacked_layers(own))
    parameters = parameter_layout(architecture)
    batches, monitor = batches_of(first, data.train), _monitor(first, data)
    widths = parameters.size, statistics_layout(architecture).size
    run = TrainingRun(
        experiment=first,
        backend=backend,
        architecture=architecture,
        layout=parameters,
        population=population,
        pool=Pool(backend),
        batches=batches,
        calendar=Calendar(batches.steps, first.training.epochs),
        tables=_tables(first, data, backend, architecture.outputs),
        monitor=monitor,
        stopping=Stopping(population, maximize=goal(monitor) == "maximize"),
        convergence=ConvergenceMonitor(population, backend, members.training.convergence, parameters.size),
        snapshots=Snapshots(population, backend, first.training, *widths),
        plateau=_plateau(population, first, monitor),
        task=task_of(data.preprocessing, first),
        target_scale=backend.from_host(np.asarray(data.preprocessing.target_scale, dtype=float)),
        final=np.zeros((len(experiments), widths[0]), backend.dtype),
        final_statistics=np.zeros((len(experiments), widths[1]), backend.dtype),
    )
    _allocate(run)
    _start(run, own, experiments, data)
    _place(run, whole=whole)
    return run


def _place(run: TrainingRun, *, whole: bool) -> None:
    """Put the rows where they are to lie, now that all else has its memory."""
    backend, batches, groups = run.backend, run.batches, run.orders
    working = working_bytes(backend, run.architecture, run.population.size, groups, batches)
    chunk = 2 * chunk_rows(run.architecture, backend.chunk_bytes)
    passing = {name: table.bytes_of(chunk) for name, table in run.tables.items()}
    rows = buffer_rows(run.tables["train"], groups, batches)
    if whole or rows >= batches.rows:
        del passing["train"]
    else:
        passing["train"] += run.tables["train"].bytes_of(rows)
    run.tables, run.notes = place(run.tables, backend, working, passing)
    train = run.tables["train"]
    if train.prefetcher is not None:
        run.ring = DoubleBuffer(backend, train.prefetcher, train, groups, batches)


def _monitor(experiment: Experiment, data: Prepared) -> str:
    stopping = experiment.training.early_stopping
    if stopping is not None:
        return stopping.monitor
    return "val_loss" if data.validation is not None else "train_loss"


def _plateau(population: Population, experiment: Experiment, monitor: str) -> PlateauMonitor | None:
    if not isinstance(experiment.schedule, Reactive):
        return None
    watched = experiment.schedule.monitor or monitor
    return PlateauMonitor(population, watched, maximize=goal(watched) == "maximize")


def batches_of(experiment: Experiment, train: Rows) -> BatchPlan:
    """How the training rows are cut into batches. Raises DataError when one is larger than all of them."""
    rows, size = len(train.x), experiment.training.batch_size
    fewest = 2 if experiment.model.couples_rows else 1
    if rows < fewest:
        raise DataError("model.batch_norm: one training row has no spread, it needs two")
    if size == "full":
        return BatchPlan(rows, rows)
    if size > rows:
        raise DataError(f"training.batch_size: {size} is more than the {rows} training rows; write full")
    return BatchPlan(rows, size, experiment.training.drop_last, fewest)


def _tables(experiment: Experiment, data: Prepared, backend: Backend, outputs: int) -> dict[str, Dataset]:
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        name: table_of(part, experiment, backend.dtype, outputs)
        for name, part in parts.items()
        if part is not None
    }


def _allocate(run: TrainingRun) -> None:
    """The arrays that have the member axis."""
    members, register, zeros = run.population.members, run.population.register, run.backend.zeros
    size, width = run.population.size, run.layout.size
    register("parameters", zeros((size, width)))
    register("gradient", zeros((size, width)), scratch=True)
    chosen = run.experiment.optimizer
    register("state", zeros((size, len(chosen.slots()), width)))
    if chosen.ahead() is not None:
        register("ahead", zeros((size, width)))
    if chosen.full_batch:
        register("at_rest", np.zeros(size, dtype=bool))
    register("total", zeros((size, 2), np.float64))
    register("rate", np.zeros(size))
    register("l2", run.backend.from_host(penalty(run.population, run.layout, "l2")))
    _allocate_limits(run)
    register("loss", run.backend.from_host(columns(members.loss.kernel_numbers(), size)))
    known = shaped(members.optimizer, 1).coefficients(np.ones((size, 1)), np.ones(1))
    twice = 1 if chosen.ahead() is None else 2
    register("coefficients", zeros((size, len(run.layout.groups), DECAYS + twice * len(known))), scratch=True)
    register("statistics", zeros(run.final_statistics.shape))
    if run.experiment.training.early_stopping is not None:
        register("best_parameters", zeros((size, width)))
        register("best_statistics", zeros(run.final_statistics.shape))
    keys = [key_words(int(seed)) for seed in members.training.noise_seed]
    register("noise_keys", run.backend.from_host(np.array(keys, dtype=np.uint64)))


def _start(
    run: TrainingRun, own: Sequence[Architecture], experiments: Sequence[Experiment], data: Prepared
) -> None:
    """Initial weights of every member, by its own numbers and seed, and the running statistics."""
    statistics = initial_statistics(run.architecture, statistics_layout(run.architecture))
    run.population["statistics"][:] = run.backend.from_host(statistics)
    asked = any(node.layer.starts_from_rows for node in run.architecture.nodes)
    rows = data.train.x[:START_ROWS] if asked else None
    for r, (architecture, experiment) in enumerate(zip(own, experiments, strict=True)):
        row = initial_row(architecture, run.layout, experiment.model.seed or 0, rows)
        run.population["parameters"][r] = run.backend.from_host(row)


def _allocate_limits(run: TrainingRun) -> None:
    """What penalties and limits beside l2 read, where any member has them."""
    members, register, place = run.population.members, run.population.register, run.backend.from_host
    size, training, penalties = run.population.size, members.training, members.regularization
    limits = [_or(limit, np.inf) for limit in (training.clip_value, training.clip_norm)]
    l1 = penalty(run.population, run.layout, "l1")
    if training.clip_value is not None or training.clip_norm is not None or (l1 > 0).any():
        register("limits", place(columns(limits, size)))
        register("l1", place(l1))
        register("no_l2", place(np.zeros(l1.shape)))
    if penalties.max_norm is not None:
        register("max_norm", place(penalties.max_norm.astype(float)))


def _or(value: Any, otherwise: float) -> Any:
    return otherwise if value is None else value
