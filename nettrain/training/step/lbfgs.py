"""L-BFGS: SciPy chooses the points, and the objective and its gradient are computed here.

SciPy's routine calls for the objective, but only the main thread may enter kernels. So each member's routine
runs in a thread that does linear algebra and nothing else: it hands over the point at which it needs the
objective, and waits. The main thread computes one loss and gradient for all members that are waiting, until
each has finished an iteration. The points of a member depend on no other member, so it takes the same way
alone as among others.
"""

import importlib

from nettrain.backend.base import Call, Floats
from nettrain.catalogue.optimizers.quasi_newton import LBFGS
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import penalty, ranges
from nettrain.training.step.minimizer import Minimizer


def iteration(run: TrainingRun, evaluate: Call) -> Call:
    """A call that takes every active member through one iteration.

    `evaluate` computes loss and gradient at the population's parameters. Afterwards these are the points that
    were reached. Like those of any other rule, `total` and `gradient` hold the loss and its gradient before
    the step, and `objective` the loss with its penalty there.
    """
    importlib.import_module("scipy.optimize")  # now, or the first step would take the time for it

    def iterate() -> None:
        population = run.population
        population["total"][:] = 0
        evaluate()
        before = {name: population[name].copy() for name in ("total", "gradient")}
        population["objective"][:] = _objective(run)[0]
        minimizers = _at_next_iteration(run)
        while _evaluate_points(run, minimizers, evaluate):
            pass
        for row, minimizer in minimizers.items():
            population["parameters"][row] = run.backend.from_host(minimizer.reached)
            population["at_rest"][row] = minimizer.finished
            population["stalled"][row] = minimizer.stalled
        for name, array in before.items():
            population[name][:] = array

    return iterate


def _evaluate_points(run: TrainingRun, minimizers: dict[int, Minimizer], evaluate: Call) -> bool:
    """Report the objective to all minimizers that wait for it; False if none does."""
    waiting = {row: one.point for row, one in minimizers.items() if one.point is not None}
    if not waiting:
        return False
    for row, point in waiting.items():
        run.population["parameters"][row] = run.backend.from_host(point)
    run.population["total"][:] = 0
    evaluate()
    values, gradients = _objective(run)
    for row in waiting:
        minimizers[row].report(float(values[row]), gradients[row])
    return True


def _at_next_iteration(run: TrainingRun) -> dict[int, Minimizer]:
    """The minimizers of active members by row, each at its next iteration; those of others are closed."""
    population, minimizers = run.population, dict[int, Minimizer]()
    for row, original in enumerate(population["original"].tolist()):
        if not population["active"][row]:
            run.close_minimizers({original})
            continue
        if original not in run.minimizers:
            run.minimizers[original] = _minimizer(run, row)
        minimizers[row] = run.minimizers[original]
        minimizers[row].begin_iteration()
    return minimizers


def _minimizer(run: TrainingRun, row: int) -> Minimizer:
    settings = run.experiment.optimizer
    assert isinstance(settings, LBFGS)
    return Minimizer(run.backend.to_host(run.population["parameters"][row]), settings)


def _objective(run: TrainingRun) -> tuple[Floats, Floats]:
    """Loss plus l2/2·ΣW² (R,) and its gradient (R, P), on the host."""
    population, layout, to_host = run.population, run.layout, run.backend.to_host
    total, gradients = to_host(population["total"]), to_host(population["gradient"])
    mean = run.model.loss.reduction == "mean"
    values, l2_table = total[:, 0] / (total[:, 1] if mean else 1.0), penalty(population, layout, "l2")
    for start, stop, group in ranges(layout):
        weights, l2 = to_host(population["parameters"][:, start:stop]), l2_table[:, group]
        if (l2 > 0).any():
            gradients[:, start:stop] += l2[:, None] * weights
            values = values + 0.5 * l2 * (weights**2).sum(axis=1)
    return values, gradients
