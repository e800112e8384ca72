"""Every allocation of a run: what the loop works on exists before its first step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend
from nettrain.backend.philox import key_words
from nettrain.catalogue.columns import columns
from nettrain.catalogue.losses import losses, targets_for
from nettrain.catalogue.metrics import Task
from nettrain.catalogue.optimizers import DECAYS, optimizers
from nettrain.catalogue.schedules import Calendar, Reactive
from nettrain.data.prepare import Prepared, Rows
from nettrain.data.preprocessing import Preprocessing
from nettrain.engine.batches import Plan, shared
from nettrain.engine.members import grouping_key, shaped, stack
from nettrain.engine.memory import chunk_rows, working_bytes
from nettrain.engine.plateau import Plateau
from nettrain.engine.population import Pool, Population
from nettrain.engine.profile import Profile
from nettrain.engine.ring import Ring, ring_rows
from nettrain.engine.snapshots import Snapshots
from nettrain.engine.stopping import Convergence, Stopping
from nettrain.engine.table import Table, in_dtype, place
from nettrain.errors import DataError
from nettrain.model.architecture import Architecture, architecture, layer_initializers
from nettrain.model.parameters import Layout, initial_row, initial_statistics, layout, statistics_layout
from nettrain.spec.experiment import Experiment, goal


@dataclass
class Run:
    """A population ready to train."""

    experiment: Experiment  # what all members share
    backend: Backend
    plan: Architecture
    place: Layout
    population: Population
    pool: Pool
    batches: Plan
    calendar: Calendar
    tables: dict[str, Table]  # train, validation, test
    monitor: str  # the figure that marks the best epoch
    stopping: Stopping
    convergence: Convergence
    snapshots: Snapshots
    plateau: Plateau | None
    task: Task
    target_scale: Array
    final: Array  # (R, P) on the host: weights of members that have stopped
    final_statistics: Array  # (R, Q) on the host: their running statistics
    minimizers: dict[int, Any] = field(default_factory=dict)  # of members whose rule is a routine of its own
    profile: Profile | None = None  # where times go when somebody asks
    ring: Ring | None = None  # what training rows pass through that do not fit on the device
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


def build(experiments: Sequence[Experiment], data: Prepared, backend: Backend, *, whole: bool = False) -> Run:
    """Allocate a population for resolved experiments of one group on prepared data.

    Rows stream to a device on which they do not fit, unless steps that follow no course need the `whole`.
    Raises DataError when a batch is larger than the training rows.
    """
    first = experiments[0]
    if len({grouping_key(experiment) for experiment in experiments}) > 1:
        raise ValueError("these experiments do not have one grouping key")
    members = stack(experiments)
    population = Population(members, len(experiments))
    rates = [float(layer.dropout.max()) for layer in members.model.layers]
    plan = network_of(first, data, rates=rates, input_noise=float(members.model.input_noise.max()))
    place = layout(plan)
    batches, monitor = batches_of(first, data.train), _monitor(first, data)
    widths = place.size, statistics_layout(plan).size
    run = Run(
        experiment=first,
        backend=backend,
        plan=plan,
        place=place,
        population=population,
        pool=Pool(backend),
        batches=batches,
        calendar=Calendar(batches.steps, first.training.epochs),
        tables=_tables(first, data, backend, plan.outputs),
        monitor=monitor,
        stopping=Stopping(population, maximize=goal(monitor) == "maximize"),
        convergence=Convergence(population, backend, members.training.convergence, place.size),
        snapshots=Snapshots(population, backend, first.training, *widths),
        plateau=_plateau(population, first, monitor),
        task=task_of(data.preprocessing, first),
        target_scale=backend.from_host(np.asarray(data.preprocessing.target_scale, dtype=float)),
        final=np.zeros((len(experiments), widths[0]), backend.dtype),
        final_statistics=np.zeros((len(experiments), widths[1]), backend.dtype),
    )
    _allocate(run, experiments, data)
    _place(run, whole=whole)
    return run


def _place(run: Run, *, whole: bool) -> None:
    """Put the rows where they are to lie, now that all else has its memory."""
    backend, batches, groups = run.backend, run.batches, run.orders
    working = working_bytes(backend, run.plan, run.population.size, groups, batches)
    chunk = 2 * chunk_rows(run.plan, backend.chunk_bytes)
    passing = {name: table.bytes_of(chunk) for name, table in run.tables.items()}
    rows = ring_rows(run.tables["train"], groups, batches)
    if whole or rows >= batches.rows:
        del passing["train"]
    else:
        passing["train"] += run.tables["train"].bytes_of(rows)
    run.tables, run.notes = place(run.tables, backend, working, passing)
    train = run.tables["train"]
    if train.pipe is not None:
        run.ring = Ring(backend, train.pipe, train, groups, batches)


def _monitor(experiment: Experiment, data: Prepared) -> str:
    stopping = experiment.training.early_stopping
    if stopping is not None:
        return stopping.monitor
    return "val_loss" if data.validation is not None else "train_loss"


def _plateau(population: Population, experiment: Experiment, monitor: str) -> Plateau | None:
    if not isinstance(experiment.schedule, Reactive):
        return None
    watched = experiment.schedule.monitor or monitor
    return Plateau(population, watched, maximize=goal(watched) == "maximize")


def network_of(experiment: Experiment, data: Prepared, **largest: Any) -> Architecture:
    """The architecture for this data: two classes have one output where the loss has a form for them.

    `largest` are the largest rates of any member, see `architecture`.
    """
    outputs = data.preprocessing.outputs(one_for_two="two classes" in loss_of(experiment).fits)
    return architecture(experiment.model, data.preprocessing.inputs, outputs, **largest)


def targets_of(preprocessing: Preprocessing) -> str:
    """What is predicted: `classes`, `two classes`, `labels` (several of 0 and 1) or `numbers`."""
    two = preprocessing.target_kind == "classes" and len(preprocessing.classes) == 2
    return "two classes" if two else preprocessing.target_kind


def task_of(preprocessing: Preprocessing, experiment: Experiment) -> Task:
    """What a settled experiment predicts, as metrics need to know it."""
    return Task(
        targets_of(preprocessing),
        preprocessing.target_names,
        preprocessing.classes,
        loss_of(experiment).probabilities,
        tuple(preprocessing.target_center.tolist()),
        tuple(preprocessing.target_scale.tolist()),
    )


def loss_of(experiment: Experiment) -> Any:
    """The entry of a settled experiment's loss."""
    assert not isinstance(experiment.loss, str), "the loss is settled with the data"
    return losses[experiment.loss.name]


def batches_of(experiment: Experiment, train: Rows) -> Plan:
    """How the training rows are cut into batches. Raises DataError when one is larger than all of them."""
    rows, size = len(train.x), experiment.training.batch_size
    fewest = 2 if any(layer.batch_norm for layer in experiment.model.hidden_layers()) else 1
    if rows < fewest:
        raise DataError("model.batch_norm: one training row has no spread, it needs two")
    if size == "full":
        return Plan(rows, rows)
    if size > rows:
        raise DataError(f"training.batch_size: {size} is more than the {rows} training rows; write full")
    return Plan(rows, size, experiment.training.drop_last, fewest)


def _tables(experiment: Experiment, data: Prepared, backend: Backend, outputs: int) -> dict[str, Table]:
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {
        name: table_of(part, experiment, backend.dtype, outputs)
        for name, part in parts.items()
        if part is not None
    }


def table_of(rows: Rows, experiment: Experiment, dtype: "np.dtype[Any]", outputs: int) -> Table:
    """Rows on the host, their targets in the form that the loss reads for so many outputs.

    Numbers are in the run's dtype. Raises DataError for targets that the loss cannot take.
    """
    loss = loss_of(experiment)
    target = targets_for(loss, rows.y, outputs)
    objection = loss.objection(target)
    if objection:
        raise DataError(f"loss: {loss.model_fields['name'].default} needs {objection}")
    return Table(
        in_dtype(rows.x, dtype),
        in_dtype(target, dtype),
        in_dtype(rows.weight, dtype),
        even=bool((rows.weight == 1).all()),
        target=rows.y,
        mass=rows.weight,
    )


def _allocate(run: Run, experiments: Sequence[Experiment], data: Prepared) -> None:
    """The arrays that have the member axis."""
    members, own, zeros = run.population.members, run.population.own, run.backend.zeros
    size, width = run.population.size, run.place.size
    rule = optimizers[run.experiment.optimizer.name]
    own("parameters", zeros((size, width)))
    own("gradient", zeros((size, width)), scratch=True)
    chosen = run.experiment.optimizer
    own("state", zeros((size, len(rule.slots(chosen)), width)))
    if rule.ahead(chosen) is not None:
        own("ahead", zeros((size, width)))
    if rule.whole:
        own("at_rest", np.zeros(size, dtype=bool))
    own("total", zeros((size, 2), np.float64))
    own("rate", np.zeros(size))
    l2 = members.regularization.l2.astype(float)
    own("l2", run.backend.from_host(np.stack([l2, np.zeros(size)], axis=1)))
    _allocate_limits(run)
    own("loss", run.backend.from_host(columns(loss_of(run.experiment).columns(members.loss), size)))
    known = rule.coefficients(shaped(members.optimizer, 1), np.ones((size, 1)), np.ones(1))
    twice = 1 if rule.ahead(chosen) is None else 2
    own("coefficients", zeros((size, DECAYS + twice * len(known))), scratch=True)
    own("statistics", zeros(run.final_statistics.shape))
    if run.experiment.training.early_stopping is not None:
        own("best_parameters", zeros((size, width)))
        own("best_statistics", zeros(run.final_statistics.shape))
    keys = [key_words(int(seed)) for seed in members.training.noise_seed]
    own("noise_keys", run.backend.from_host(np.array(keys, dtype=np.uint64)))
    run.population["statistics"][:] = run.backend.from_host(initial_statistics(statistics_layout(run.plan)))
    for r, experiment in enumerate(experiments):
        one = network_of(experiment, data)  # with the member's own numbers, which initializers read
        inits = layer_initializers(experiment.model, one)
        row = initial_row(one, run.place, inits, experiment.model.seed or 0)
        run.population["parameters"][r] = run.backend.from_host(row)


def _allocate_limits(run: Run) -> None:
    """What penalties and limits beside l2 read, where any member has them."""
    members, own, place = run.population.members, run.population.own, run.backend.from_host
    size, training, penalties = run.population.size, members.training, members.regularization
    limits = [penalties.l1, *(_or(limit, np.inf) for limit in (training.clip_value, training.clip_norm))]
    if training.clip_value is not None or training.clip_norm is not None or (penalties.l1 > 0).any():
        own("pulls", place(columns(limits, size)))
        own("no_l2", place(np.zeros((size, 2))))
    if penalties.max_norm is not None:
        own("max_norm", place(penalties.max_norm.astype(float)))


def _or(value: Any, otherwise: float) -> Any:
    return otherwise if value is None else value
