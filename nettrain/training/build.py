"""All allocations of a run: what the loop works on exists before its first step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Backend
from nettrain.backend.philox import key_words
from nettrain.backend.pool import Pool
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import grouping_key, per_member, shaped, stack
from nettrain.catalogue.optimizers import DECAYS
from nettrain.catalogue.schedules import Calendar, Reactive
from nettrain.data.prepare import Prepared, Rows
from nettrain.errors import DataError, SpecError
from nettrain.experiment.evaluated_rows import evaluated_sample
from nettrain.experiment.monitors import goal
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of, network_of, task_of
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.inference.dataset import Dataset, dataset_of, place_datasets
from nettrain.inference.model import Model
from nettrain.inference.predict import chunk_rows
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import Rates, member_architectures, stacked_layers
from nettrain.model.parameters import initial_row, initial_statistics
from nettrain.training.control.convergence import ConvergenceMonitor
from nettrain.training.control.early_stopping import EarlyStoppingMonitor
from nettrain.training.control.epoch_metrics import BEFORE
from nettrain.training.control.monitors import Monitors
from nettrain.training.control.plateau import PlateauMonitor
from nettrain.training.control.snapshots import Snapshots
from nettrain.training.diagnostics.layer_table import table_shape
from nettrain.training.diagnostics.profile import Profile
from nettrain.training.folds import FoldMembers, folds_of, joined, placed_folds, shared_settings
from nettrain.training.population import Population
from nettrain.training.rows.batches import BatchPlan
from nettrain.training.rows.double_buffer import DoubleBuffer, buffer_rows
from nettrain.training.rows.memory import working_bytes
from nettrain.training.run import FinalParameters, TrainingData, TrainingRun
from nettrain.training.step.groups import penalty
from nettrain.training.step.loss_table import allocate_step_totals
from nettrain.training.step.optimizer_schedule import OptimizerSchedule
from nettrain.training.step.training_step import reserve_step

SAMPLE = "evaluated training"  # rows, among those that have to be placed
START_ROWS = 1024  # of the training rows, for layers whose initial parameters depend on them


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
    Raises DataError when a batch is larger than the training rows.
    """
    folds = folds_of(experiments, data)
    members = _members(folds)
    model, population = members.model, members.population
    rows = _rows(members, folds, backend, recorded=recorded)
    metric = _monitored_metric(model.experiment, folds[0].data, rows)
    monitors = _monitors(model, population, backend, metric)
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
    _allocate(run)
    _initialize(run, members, folds)
    # the rows come last, when all else has its memory but the scratch memory, whose size is known
    run = replace(run, data=_placed(run, streaming=streaming))
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
    if len({grouping_key(experiment) for experiment in experiments}) > 1:
        raise ValueError("these experiments do not have one grouping key")
    first, members, data = experiments[0], stack(experiments), folds[0].data
    dropout = tuple(float(np.max(layer.dropout)) for layer in members.model.hidden_layers())
    architecture = network_of(first, data, Rates(dropout, float(np.max(members.model.input_noise))))
    architectures = member_architectures(architecture, [experiment.model for experiment in experiments])
    population = Population(members, len(experiments), stacked_layers(architectures))
    model = Model(first, task_of(data.preprocessing, first), architecture)
    return _Members(model, population, experiments, architectures)


def batches_of(experiment: Experiment, train: Rows) -> BatchPlan:
    """How the training rows are cut into batches. Raises DataError when one is larger than all of them."""
    rows = len(train.x)
    size = experiment.training.batch_rows(rows)
    min_rows = 2 if experiment.model.couples_rows else 1
    if rows < min_rows:
        raise DataError("model.batch_norm: one training row has no spread, it needs two")
    if size > rows:
        raise DataError(f"training.batch_size: {size} is more than the {rows} training rows; write full")
    full = experiment.training.batch_size == "full"
    batches = BatchPlan(rows, size, not full and experiment.training.drop_last, min_rows)
    _check_evaluations(experiment.training, batches.steps)
    return batches


def _check_evaluations(settings: TrainingSettings, steps: int) -> None:
    """Raise SpecError when there would be several evaluations after one step."""
    parts = settings.evaluations_per_epoch
    if parts > steps:
        has = "one step" if steps == 1 else f"{steps} steps"
        least = "1 is the least" if steps == 1 else f"{1 / steps:.3g} evaluates after each"
        text = f"{settings.evaluate_every:g} is {parts} evaluations in an epoch, which has {has}; {least}"
        raise SpecError(f"training.evaluate_every: {text}")


# ----- control -----


def _monitors(model: Model, population: Population, backend: Backend, metric: str) -> Monitors:
    settings = model.experiment.training
    convergence = population.members.training.convergence
    widths = model.layout.size, model.statistics_layout.size
    return Monitors(
        metric,
        EarlyStoppingMonitor(population, maximize=goal(metric) == "maximize"),
        ConvergenceMonitor(population, backend, convergence, model.layout.size),
        snapshots=Snapshots(population, backend, settings, *widths),
        plateau=_plateau(population, model.experiment, metric),
    )


def _monitored_metric(experiment: Experiment, data: Prepared, rows: TrainingData) -> str:
    stopping = experiment.training.early_stopping
    if stopping is not None:
        return stopping.monitor
    if data.validation is not None:
        return "val_loss"
    first = rows.folds[0].data if rows.folds else rows
    return "running_loss" if first.evaluated is None else "train_loss"


def _plateau(population: Population, experiment: Experiment, default: str) -> PlateauMonitor | None:
    if not isinstance(experiment.schedule, Reactive):
        return None
    # evaluating other rows must not change the rates: without validation rows the running loss decides
    unset = default if default.startswith("val_") or experiment.training.early_stopping else "running_loss"
    metric = experiment.schedule.monitor or unset
    return PlateauMonitor(population, metric, maximize=goal(metric) == "maximize")


# ----- rows -----


def _rows(
    members: _Members, folds: Sequence[FoldMembers], backend: Backend, *, recorded: bool
) -> TrainingData:
    """The rows on the host: those of the only fold, or of all folds one after the other."""
    model = members.model
    if len(folds) == 1:
        return _rows_of_fold(model, folds[0].data, backend, recorded=recorded)
    models = [
        Model(one.experiment, task_of(one.data.preprocessing, one.experiment), model.architecture)
        for one in folds
    ]
    parts = [
        _rows_of_fold(own, fold.data, backend, recorded=recorded)
        for own, fold in zip(models, folds, strict=True)
    ]
    return joined(parts, models, folds)


def _rows_of_fold(model: Model, data: Prepared, backend: Backend, *, recorded: bool) -> TrainingData:
    datasets = _datasets(model, data, backend)
    evaluated = _evaluated(model.experiment, datasets["train"], recorded=recorded)
    return TrainingData(datasets, batches_of(model.experiment, data.train), evaluated=evaluated)


def _datasets(model: Model, data: Prepared, backend: Backend) -> dict[str, Dataset]:
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    datasets = {
        split: dataset_of(rows, model.experiment, backend.dtype, model.architecture.outputs)
        for split, rows in splits.items()
        if rows is not None
    }
    if data.column_weight is not None:  # classes weigh in steps alone
        datasets["train"] = replace(datasets["train"], weights=data.column_weight)
    return datasets


def _evaluated(experiment: Experiment, train: Dataset, *, recorded: bool) -> Dataset | None:
    """The training rows to evaluate, on the host: those of a history, or those that control the training."""
    controls = any(name.startswith("train_") for name in experiment.watched.values())
    if not (controls or recorded) or experiment.training.evaluate_train in ("auto", "none"):
        return None
    index = evaluated_sample(experiment, train.rows)
    return train if index is None else train.select(index)


def _placed(run: TrainingRun, *, streaming: bool) -> TrainingData:
    """The data with its datasets on the device as far as they fit."""
    datasets, batches, order_count = run.data.datasets, run.data.batches, run.order_count
    chunk = 2 * chunk_rows(run.architecture, run.backend.chunk_bytes)
    reserved = working_bytes(run.backend, run.architecture, run.population.size, order_count, batches)
    if run.data.folds:
        return placed_folds(run, reserved, chunk)
    streaming_bytes = {split: dataset.bytes_of(chunk) for split, dataset in datasets.items()}
    rows = buffer_rows(run.data.train, order_count, batches)
    if not streaming or rows >= batches.rows:
        del streaming_bytes["train"]
    else:
        streaming_bytes["train"] += run.data.train.bytes_of(rows)
    sample = run.data.evaluated
    if sample is not None and sample.rows < run.data.train.rows:
        datasets, streaming_bytes[SAMPLE] = {**datasets, SAMPLE: sample}, sample.bytes_of(chunk)
    placed, notes = place_datasets(datasets, run.backend, reserved, streaming_bytes)
    train, double_buffer = placed["train"], None
    if train.prefetcher is not None:
        double_buffer = DoubleBuffer(run.backend, train.prefetcher, train, order_count, batches)
    evaluated = sample and placed.pop(SAMPLE, train)
    return TrainingData(placed, batches, double_buffer, evaluated, notes)


# ----- arrays -----


def _final_parameters(model: Model, members: int, backend: Backend) -> FinalParameters:
    widths = model.layout.size, model.statistics_layout.size
    parameters, statistics = (np.zeros((members, width), backend.dtype) for width in widths)
    return FinalParameters(parameters, statistics)


def _allocate(run: TrainingRun) -> None:
    """The arrays with the member axis."""
    population, zeros = run.population, run.backend.zeros
    size, width, register = population.size, run.layout.size, population.register
    register("parameters", zeros((size, width)))
    register("gradient", zeros((size, width)), scratch=True)
    _allocate_optimizer(run)
    register("total", zeros((size, 2), np.float64))
    if run.experiment.training.evaluations_per_epoch > 1:
        register(BEFORE, np.zeros((size, 3)))
    register("rate", np.zeros(size))
    register("l2", run.backend.from_host(penalty(population, run.layout, "l2")))
    _allocate_limits(run)
    register("loss", run.backend.from_host(columns(loss_of(population.members).kernel_numbers(), size)))
    register("coefficients", zeros(_coefficients_shape(run)), scratch=True)
    allocate_step_totals(run)
    if run.measures_layers:
        register("diagnostics", zeros(table_shape(run.architecture, size), np.float64))
    register("statistics", zeros(run.final.statistics.shape))
    if run.experiment.training.early_stopping is not None:
        register("best_parameters", zeros((size, width)))
        register("best_statistics", zeros(run.final.statistics.shape))
    keys = [key_words(seed) for seed in np.asarray(population.members.training.noise_seed).tolist()]
    register("noise_keys", run.backend.from_host(np.array(keys, dtype=np.uint64)))


def _allocate_optimizer(run: TrainingRun) -> None:
    """The optimizer's state, and what only some optimizers need."""
    size, width, register = run.population.size, run.layout.size, run.population.register
    optimizer = run.experiment.optimizer
    register("state", run.backend.zeros((size, len(optimizer.slots()), width)))
    if optimizer.ahead() is not None:
        register("ahead", run.backend.zeros((size, width)))
    if optimizer.full_batch:
        register("at_rest", np.zeros(size, dtype=bool))
        register("stalled", np.zeros(size, dtype=bool))
        register("objective", np.zeros(size), scratch=True)


def _allocate_limits(run: TrainingRun) -> None:
    """What penalties other than l2, and limits, need where any member has them."""
    members, register, from_host = run.population.members, run.population.register, run.backend.from_host
    size, training, regularization = run.population.size, members.training, members.regularization
    l1 = penalty(run.population, run.layout, "l1")
    if training.clip_value is not None or training.clip_norm is not None or (l1 > 0).any():
        limits = [np.inf if limit is None else limit for limit in (training.clip_value, training.clip_norm)]
        register("limits", from_host(columns(limits, size)))
        register("l1", from_host(l1))
        register("no_l2", from_host(np.zeros(l1.shape)))
    if regularization.max_norm is not None:
        register("max_norm", from_host(per_member(regularization.max_norm)))


def _coefficients_shape(run: TrainingRun) -> tuple[int, int, int]:
    """(R, G, 1 + K): the decay and K values of the rule, with a look-ahead also those of the next step."""
    size, optimizer = run.population.size, run.population.members.optimizer
    values = shaped(optimizer, 1).coefficients(np.ones((size, 1)), np.ones(1))
    steps = 1 if optimizer.ahead() is None else 2
    return size, len(run.layout.groups), DECAYS + steps * len(values)


def _initialize(run: TrainingRun, members: _Members, folds: Sequence[FoldMembers]) -> None:
    """Set the initial parameters of every member, by its numbers and seed, and the running statistics."""
    statistics = initial_statistics(run.architecture, run.model.statistics_layout)
    run.population["statistics"][:] = run.backend.from_host(statistics)
    needs_rows = any(node.layer.starts_from_rows for node in run.architecture.nodes)
    rows = [fold.data.train.x[:START_ROWS] if needs_rows else None for fold in folds for _ in fold.members]
    each = zip(members.architectures, members.experiments, rows, strict=True)
    for r, (architecture, experiment, first_rows) in enumerate(each):
        row = initial_row(architecture, run.layout, experiment.model.seed or 0, first_rows)
        run.population["parameters"][r] = run.backend.from_host(row)
