"""The gradient that training uses, read off the step that it takes."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.checks.problem import LEARNING_RATE, GradientProblem
from nettrain.training.step.coefficients import coefficient_table
from nettrain.training.step.training_step import training_step


@dataclass(frozen=True)
class StepGradient:
    """The gradient (P,) of one training step, its loss without penalties, and its random buffers.

    `random_buffers` are, for every layer, the buffers that training filled at random: masks and noise.
    """

    gradient: Floats
    loss: float
    random_buffers: list[dict[str, HostArray]]


def step_gradient(problem: GradientProblem) -> StepGradient:
    """The gradient, penalties included, of a training step w' = w - LEARNING_RATE·gradient."""
    run, to_device, to_host = problem.single_run, problem.backend.xp.asarray, problem.backend.to_host
    step, population = training_step(run, len(problem.rows)), run.population
    step.index[...] = to_device(problem.rows)
    population["coefficients"][...] = to_device(coefficient_table(run, 0, 1)[0][0])
    population["total"][:] = 0
    step.replay()
    gradient = (problem.point - to_host(population["parameters"][0])) / LEARNING_RATE
    population["parameters"][0] = to_device(problem.point)
    contexts = step.batch.signals.contexts
    random_buffers = [
        {name: to_host(contexts[node.number].buffers[name]) for name in node.layer.drawn}
        for node in run.architecture.nodes
    ]
    loss = float(batch_losses(problem, to_host(population["total"]))[0])
    return StepGradient(gradient, loss, random_buffers)


def batch_losses(problem: GradientProblem, total: HostArray) -> Floats:
    """The loss (R,) of a batch from the sums of its losses and of its weights (R, 2)."""
    weight = np.where(total[:, 1] > 0, total[:, 1], 1.0)  # the loss of a batch without weight is 0
    losses: Floats = total[:, 0] / weight if problem.averages else total[:, 0].copy()
    return losses
