"""The figures of an epoch: training loss, objective, and the metrics of the validation rows.

Losses are means over rows, weighted. The objective is what a step minimises: the loss of a batch, which is a
sum over its rows where the loss's reduction is `sum`, averaged over the steps of the epoch, plus penalties.
"""

from collections.abc import Sequence

import numpy as np

from nettrain.backend.base import Flags, Floats, HostArray
from nettrain.catalogue.metrics import metrics
from nettrain.experiment.task import loss_of
from nettrain.inference.evaluate import Evaluator, Figures
from nettrain.model.network import Network
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import penalty, ranges


class EpochMetrics:
    """Computes the figures (R,) of the population as it is now; void after it is compacted."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        self._evaluator = _evaluator(run)

    def compute(self, *, evaluated: bool) -> Figures:
        """The train_loss and the objective of the epoch, and val_… of the validation rows if `evaluated`."""
        total = self._run.backend.to_host(self._run.population["total"])
        figures = {"train_loss": total[:, 0] / total[:, 1], "objective": self._objective(total)}
        if self._evaluator is not None and evaluated:
            figures |= {f"val_{name}": value for name, value in self._evaluator.figures().items()}
        return figures

    def _objective(self, total: Floats) -> Floats:
        """The objective (R,), from the sums of losses and weights (R, 2) of the epoch."""
        run = self._run
        if "objective" in run.population:
            before: Floats = run.population["objective"].copy()
            return before
        averages = run.model.loss.reduction == "mean"
        return total[:, 0] / (total[:, 1] if averages else run.data.batches.steps) + penalties(run)

    def finite(self, figures: Figures) -> Flags:
        """Which members have not diverged: all their figures and parameters are finite.

        The parameters count too: the last step has not shown in a loss yet, and saturated units never show
        in one.
        """
        parameters = self._run.backend.xp.isfinite(self._run.population["parameters"])
        finite: Flags = self._run.backend.to_host(parameters.all(axis=1))
        for values in figures.values():
            finite = finite & np.isfinite(values)
        return finite


def _evaluator(run: TrainingRun) -> Evaluator | None:
    """Of the validation rows, if there are any."""
    dataset, population = run.data.datasets.get("validation"), run.population
    if dataset is None:
        return None
    arrays = population["parameters"], population["statistics"]
    network = Network(run.backend, run.architecture, *arrays, population.layers)
    loss = loss_of(population.members)
    return Evaluator(run.model, network, loss, dataset, run.pool, monitored_metrics(run))


def monitored_metrics(run: TrainingRun) -> list[str]:
    """The metrics of the validation rows that control the run."""
    names = (run.monitors.metric, *run.experiment.watched.values())
    of_validation = (name.removeprefix("val_") for name in names if name.startswith("val_"))
    return list(dict.fromkeys(name for name in of_validation if name in metrics))


def penalties(run: TrainingRun) -> Floats:
    """l2/2·ΣW² + l1·Σ|W| (R,) of each member, with its present parameters."""
    population, layout = run.population, run.layout
    l1, l2 = penalty(population, layout, "l1"), penalty(population, layout, "l2")
    total = np.zeros(population.size)
    parts = [part for part in ranges(layout) if ((l1[:, part[2]] > 0) | (l2[:, part[2]] > 0)).any()]
    for (_, _, group), (sums, squares) in zip(parts, _fetched_sums(run, parts), strict=True):
        of_l1 = np.where(l1[:, group] > 0, l1[:, group] * sums, 0.0)
        total = total + (of_l1 + np.where(l2[:, group] > 0, 0.5 * l2[:, group] * squares, 0.0))
    return total


def _fetched_sums(run: TrainingRun, parts: Sequence[tuple[int, int, int]]) -> Sequence[HostArray]:
    """Σ|w| and Σw² (2, R) of each part of a row, in float64, all in one transfer."""
    if not parts:
        return []
    xp, parameters = run.backend.xp, run.population["parameters"]
    sums = []
    for start, stop, _ in parts:
        sizes = xp.absolute(parameters[:, start:stop].astype(np.float64))
        sums.append(sizes.sum(axis=1))
        sizes *= sizes
        sums.append(sizes.sum(axis=1))
    fetched = run.backend.to_host(xp.stack(sums))
    return list(fetched.reshape(len(parts), 2, -1))
