"""The gradient that training uses, seen in the step that it takes."""

from dataclasses import dataclass

from nettrain.backend.base import HostArray
from nettrain.checks.problem import RATE, Numbers, Problem
from nettrain.training.step.coefficients import coefficient_table
from nettrain.training.step.training_step import training_step


@dataclass(frozen=True)
class Backpropagated:
    """The gradient (P,) of one training step, the objective's data part, and what was drawn for it.

    `drawn` are, for every layer, the buffers that were filled by chance: masks and noise.
    """

    gradient: Numbers
    loss: float
    drawn: list[dict[str, HostArray]]


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
    contexts = step.batch.signals.contexts
    drawn = [
        {name: to_host(contexts[node.number].buffers[name]) for name in node.layer.drawn}
        for node in run.architecture.nodes
    ]
    loss = float(batch_losses(problem, to_host(population["total"]))[0])
    return Backpropagated(gradient, loss, drawn)


def batch_losses(problem: Problem, total: HostArray) -> Numbers:
    """The loss (R,) of a batch from its sum and its weight (R, 2)."""
    losses: Numbers = total[:, 0] / total[:, 1] if problem.averages else total[:, 0].copy()
    return losses
