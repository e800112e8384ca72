"""The gradient that training uses, seen in the step that it takes."""

from dataclasses import dataclass

from nettrain.backend.base import HostArray
from nettrain.checks.problem import RATE, Numbers, Problem
from nettrain.training.coefficients import coefficient_table
from nettrain.training.step import training_step


@dataclass(frozen=True)
class Backpropagated:
    """The gradient (P,) of one training step, the objective's data part, and what was drawn for it.

    x (1, B, D) are the inputs with their noise, or None when there is none; masks (1, B, H) or None for every
    layer.
    """

    gradient: Numbers
    loss: float
    x: HostArray | None
    masks: list[HostArray | None]


def backpropagated(problem: Problem) -> Backpropagated:
    """One step of training itself, penalties included: w' = w - RATE·gradient tells the gradient."""
    run, place, to_host = problem.single, problem.backend.xp.asarray, problem.backend.to_host
    step, population = training_step(run, len(problem.rows), 1), run.population
    step.index[...] = place(problem.rows)
    population["coefficients"][...] = place(coefficient_table(run, 0, 1)[0][0])
    population["total"][:] = 0
    step.replay()
    gradient = (problem.point - to_host(population["parameters"][0])) / RATE
    population["parameters"][0] = place(problem.point)
    masks = [None if own.mask is None else to_host(own.mask) for own in problem.signals(run)]
    shape = (1, len(problem.rows), run.plan.inputs)
    noisy = to_host(run.pool.take("noisy", shape)) if run.plan.input_noise else None
    loss = float(batch_losses(problem, to_host(population["total"]))[0])
    return Backpropagated(gradient, loss, noisy, masks)


def batch_losses(problem: Problem, total: HostArray) -> Numbers:
    """The loss (R,) of a batch from its sum and its weight (R, 2)."""
    losses: Numbers = total[:, 0] / total[:, 1] if problem.averages else total[:, 0].copy()
    return losses
