"""The arrays of a population with the member axis, allocated before the first step."""

import numpy as np

from nettrain.backend.philox import key_words
from nettrain.catalogue.columns import columns
from nettrain.catalogue.members import per_member, shaped
from nettrain.catalogue.optimizers import DECAYS
from nettrain.experiment.scheduled_numbers import scheduled_numbers_of_layers
from nettrain.experiment.task import loss_of
from nettrain.training.control.epoch_metrics import BEFORE
from nettrain.training.diagnostics.layer_table import table_shape
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import penalty
from nettrain.training.step.loss_table import allocate_step_totals


def allocate(run: TrainingRun) -> None:
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
    for number in scheduled_numbers_of_layers(run.experiment):
        register(number.factor, zeros((size,), np.float64), scratch=True)
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
