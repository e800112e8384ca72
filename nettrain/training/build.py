"""All allocations of a run: what the loop works on exists before its first step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import grouping_key, stack
from nettrain.catalogue.schedules import Calendar
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, source_columns, task_of
from nettrain.inference.model import Model
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import Rates, member_architectures, stacked_layers
from nettrain.model.layers.base import StartData
from nettrain.model.parameters import initial_row, initial_statistics
from nettrain.training.allocation import allocate
from nettrain.training.control.build_monitors import build_monitors, monitored_metric
from nettrain.training.diagnostics.profile import Profile
from nettrain.training.folds import FoldMembers, folds_of, shared_settings
from nettrain.training.memory_need import MemoryNeed
from nettrain.training.population import Population
from nettrain.training.rows.placement import host_rows, placed_rows
from nettrain.training.run import FinalParameters, TrainingRun
from nettrain.training.step.optimizer_schedule import OptimizerSchedule
from nettrain.training.step.orders import reserve_orders
from nettrain.training.step.training_step import reserve_step

START_ROWS = 1024  # of the training rows, at most, for layers whose initial parameters depend on them


def build(
    experiments: Sequence[Experiment],
    data: Prepared | Sequence[Prepared],
    backend: Backend,
    *,
    streaming: bool = True,
    profile: Profile | None = None,
    recorded: bool = False,
) -> TrainingRun:
    """Allocate a population for resolved experiments of one group on prepared data.

    `data` may be those of each member, the same object for members that train on the same rows, which have to
    be next to each other. Each such fold ends as it would alone; `side_by_side` says which can share a
    population.
    Training rows that do not fit on a device stream to it; without `streaming` they are put there all the
    same, for steps that take rows in no fixed order. With a `profile` the run measures where its time goes.
    With `recorded` it computes all figures of a history, otherwise no more than control the training.
    Raises DataError when a batch is larger than the training rows, DeviceMemoryError when there is not enough
    memory, and ValueError when the experiments do not have one grouping key, members with the same data have
    others between them, or networks would take inputs from other columns.
    """
    folds = folds_of(experiments, data)
    members = _members(folds)
    model, population = members.model, members.population
    _refuse_without_room(members, folds, backend)
    rows = host_rows(model, folds, backend, recorded=recorded)
    metric = monitored_metric(model.experiment, folds[0].data, rows)
    monitors = build_monitors(model, population, backend, metric)
    epochs = model.experiment.training.epochs
    run = TrainingRun(
        model=model,
        backend=backend,
        population=population,
        pool=Pool(backend),
        data=rows,
        schedule=OptimizerSchedule(population, Calendar(rows.batches.steps, epochs)),
        monitors=monitors,
        final=_final_parameters(model, len(experiments), backend),
        step_counter=backend.zeros((1,), np.uint64),
        profile=profile,
        recorded=recorded,
    )
    allocate(run)
    _initialize(run, members, folds)
    # the rows come last, when all else has its memory but the scratch memory, whose size is known
    run = replace(run, data=placed_rows(run, streaming=streaming))
    reserve_orders(run)
    reserve_step(run)
    return run


@dataclass(frozen=True, eq=False)
class _Members:
    """The population of some members, their common model, and the experiment and architecture of each."""

    model: Model
    population: Population
    experiments: Sequence[Experiment]
    architectures: Sequence[Architecture]


def _members(folds: Sequence[FoldMembers]) -> _Members:
    experiments = shared_settings(folds)
    different = {id(experiment): experiment for experiment in experiments}.values()
    if len({grouping_key(experiment) for experiment in different}) > 1:
        raise ValueError("these experiments do not have one grouping key")
    inputs = {(fold.data.preprocessing.inputs, source_columns(fold.data.preprocessing)) for fold in folds}
    if len(inputs) > 1:
        raise ValueError("these experiments have other columns as inputs")
    first, members, data = experiments[0], stack(experiments), folds[0].data
    dropout = tuple(float(np.max(layer.dropout)) for layer in members.model.hidden_layers())
    architecture = network_of(first, data, Rates(dropout, float(np.max(members.model.input_noise))))
    architectures = member_architectures(architecture, [experiment.model for experiment in experiments])
    population = Population(members, len(experiments), stacked_layers(architectures))
    model = Model(first, task_of(data.preprocessing, first), architecture)
    return _Members(model, population, experiments, architectures)


def _refuse_without_room(members: _Members, folds: Sequence[FoldMembers], backend: Backend) -> None:
    """Raise DeviceMemoryError when the arrays of a population do not fit into the memory of the host."""
    if backend.xp is not np:
        return
    experiment = members.model.experiment
    rows = max(len(fold.data.train.x) for fold in folds)
    batch = min(rows, experiment.training.batch_rows(rows))
    MemoryNeed.of(
        experiment, members.model.architecture, members.population.size, batch
    ).refuse_without_room()


def _final_parameters(model: Model, members: int, backend: Backend) -> FinalParameters:
    widths = model.layout.size, model.statistics_layout.size
    parameters, statistics = (np.zeros((members, width), backend.dtype) for width in widths)
    return FinalParameters(parameters, statistics)


def _initialize(run: TrainingRun, members: _Members, folds: Sequence[FoldMembers]) -> None:
    """Set the initial parameters of every member, by its numbers and seed, and the running statistics."""
    layers = [node.layer for node in run.architecture.nodes]
    needs_rows = any(layer.starts_from_rows for layer in layers)
    reads_all = any(layer.statistics_from_rows for layer in layers)
    for fold in folds:
        train, rows = fold.data.train, range(fold.members.start, fold.members.stop)
        start = StartData(train.x, train.y) if reads_all else None
        statistics = initial_statistics(run.architecture, run.model.statistics_layout, start)
        run.population["statistics"][rows.start : rows.stop] = run.backend.from_host(statistics)
        first_rows = _start_rows(train.x) if needs_rows else None
        known: dict[int, Array] = {}  # of members that are one object
        for r in rows:
            architecture, settings = members.architectures[r], members.experiments[r].model
            if id(settings) not in known:
                row = initial_row(architecture, run.layout, settings.seed or 0, first_rows, statistics)
                known[id(settings)] = run.backend.from_host(row)
            run.population["parameters"][r] = known[id(settings)]


def _start_rows(x: HostArray) -> HostArray:
    """START_ROWS of the rows of x, or all: from one end to the other, as a table may be sorted."""
    count = min(len(x), START_ROWS)
    rows: HostArray = x[np.arange(count) * len(x) // count]
    return rows
