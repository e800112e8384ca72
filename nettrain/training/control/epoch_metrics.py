"""The figures of an epoch: running loss, objective, and the metrics of training and validation rows.

Losses are means over rows, weighted. The running loss is that of the batches of an epoch, each as it was
trained: with dropout, noise and label smoothing, weighted by class, and before its step. The objective is
what a step minimises: the loss of a batch, which is a sum over its rows where the loss's reduction is `sum`,
averaged over the steps of the epoch, plus penalties.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nettrain.backend.base import Flags, Floats, HostArray
from nettrain.catalogue.metrics import metrics, metrics_for
from nettrain.experiment.monitors import RUNNING
from nettrain.experiment.task import loss_of
from nettrain.inference.evaluate import Evaluator, Figures
from nettrain.model.network import Network
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import penalty, ranges

BEFORE = "total_before"  # (R, 3): losses, weights and steps of an epoch before its last part


class EpochMetrics:
    """Computes the figures (R,) of the population as it is now; void after it is compacted."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        self._evaluators = _evaluators(run)
        self._penalties = Penalties(run)
        self._deciding = _deciding(run)

    def compute(self, steps: int, *, evaluated: bool) -> Figures:
        """The running_loss and the objective, and if `evaluated` train_… and val_….

        They are those of an epoch after so many of its `steps`, or of the part of it since the last call.
        """
        total, since = self._total(), steps
        if BEFORE in self._run.population:
            total, since = self._since_last(total, steps)
        figures = {"running_loss": total[:, 0] / total[:, 1], "objective": self._objective(total, since)}
        return figures | self.evaluate() if evaluated else figures

    def start_epoch(self) -> None:
        """Before the first step of an epoch: no part of it is over."""
        if BEFORE in self._run.population:
            self._run.population[BEFORE][:] = 0

    def objective(self, figures: Figures) -> Floats:
        """The objective (R,) of a whole epoch at its end, of whose last part these are the figures."""
        if BEFORE not in self._run.population:
            return figures["objective"]
        return self._objective(self._total(), self._run.data.batches.steps)

    def _total(self) -> Floats:
        """The sums of losses and weights (R, 2) since the start of the epoch."""
        total: Floats = self._run.backend.to_host(self._run.population["total"])
        return total

    def _since_last(self, total: Floats, steps: int) -> tuple[Floats, int]:
        """These sums (R, 2) and steps of an epoch, without those of its earlier parts."""
        before = self._run.population[BEFORE]
        part, since = total - before[:, :2], steps - int(before[0, 2])
        before[:, :2], before[:, 2] = total, steps
        return part, since

    def evaluate(self) -> Figures:
        """The train_… of the evaluated training rows and the val_… of the validation rows."""
        parts = [_figures(evaluators) for evaluators in self._evaluators]
        return parts[0] if len(parts) == 1 else _concatenated(parts)

    def _objective(self, total: Floats, steps: int) -> Floats:
        """The objective (R,), from the sums of losses and weights (R, 2) of so many steps."""
        run = self._run
        if "objective" in run.population:
            before: Floats = run.population["objective"].copy()
            return before
        averages = run.model.loss.reduction == "mean"
        return total[:, 0] / (total[:, 1] if averages else steps) + self._penalties.compute()

    def finite(self, figures: Figures) -> Flags:
        """Which members have not diverged: all their figures and parameters are finite.

        The parameters count too: the last step has not shown in a loss yet, and saturated units never show
        in one. Figures that are only recorded do not count: they must not change a training.
        """
        run = self._run
        parameters = run.backend.xp.isfinite(run.population["parameters"])
        finite: Flags = run.backend.to_host(parameters.all(axis=1))
        for name, values in figures.items():
            if name in self._deciding:
                finite = finite & np.isfinite(values)
        return finite


def _evaluators(run: TrainingRun) -> list[dict[str, Evaluator]]:
    """Those of each part of the run; the largest is made first, whose scratch memory the others share."""
    parts, evaluators = run.parts, dict[int, dict[str, Evaluator]]()
    for k in sorted(range(len(parts)), key=lambda k: -parts[k].population.size):
        evaluators[k] = _evaluators_of_part(parts[k])
    return [evaluators[k] for k in range(len(parts))]


def _evaluators_of_part(run: TrainingRun) -> dict[str, Evaluator]:
    """Those of the evaluated training rows and of the validation rows, as far as there are, by prefix."""
    population, rows = (
        run.population,
        {"train": run.data.evaluated, "val": run.data.datasets.get("validation")},
    )
    arrays = population["parameters"], population["statistics"]
    network = Network(run.backend, run.architecture, *arrays, population.layers)
    loss, monitored = loss_of(population.members), monitored_metrics(run)
    return {
        split: Evaluator(run.model, network, loss, dataset, run.pool, monitored)
        for split, dataset in rows.items()
        if dataset is not None
    }


def _figures(evaluators: Mapping[str, Evaluator]) -> Figures:
    """Each figure, named train_… and val_…."""
    return {
        f"{split}_{name}": value
        for split, evaluator in evaluators.items()
        for name, value in evaluator.figures().items()
    }


def _concatenated(parts: Sequence[Figures]) -> Figures:
    """The figures of all members, from those of the members of each part."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def monitored_metrics(run: TrainingRun) -> list[str]:
    """The metrics of evaluated rows that control the run; they are computed of all such rows."""
    names = (run.monitors.metric, *run.experiment.watched.values())
    evaluated = (name.partition("_")[2] for name in names if name.startswith(("train_", "val_")))
    return list(dict.fromkeys(name for name in evaluated if name in metrics))


def _deciding(run: TrainingRun) -> frozenset[str]:
    """The figures that can say that a network has diverged."""
    quick = ("loss", *metrics_for(run.model.task, quick=True))
    return frozenset((*RUNNING, *run.experiment.watched.values(), *(f"val_{metric}" for metric in quick)))


class Penalties:
    """What penalties add to the objective of each member; void after the population is compacted."""

    def __init__(self, run: TrainingRun) -> None:
        population, layout, xp = run.population, run.layout, run.backend.xp
        l1, l2 = penalty(population, layout, "l1"), penalty(population, layout, "l2")
        penalised = np.flatnonzero((l1 + l2).any(axis=0))
        self._backend, self._parameters = run.backend, population["parameters"]
        self._parts = [part for part in ranges(layout) if part[2] in penalised]
        self._l1 = [PenaltyFactor(l1[:, group]) for _, _, group in self._parts]
        self._l2 = [PenaltyFactor(0.5 * l2[:, group]) for _, _, group in self._parts]
        self._has_l1 = bool((l1 > 0).any())
        self._sums = xp.zeros((len(self._parts), 2, population.size), np.float64)

    def compute(self) -> Floats:
        """l2/2·ΣW² + l1·Σ|W| (R,) of each member, with its present parameters."""
        total = np.zeros(len(self._parameters))
        if not self._parts:
            return total
        for l1, l2, (sums, squares) in zip(self._l1, self._l2, self._fetched_sums(), strict=True):
            total += l1.times(sums) + l2.times(squares) if self._has_l1 else l2.times(squares)
        return total

    def _fetched_sums(self) -> HostArray:
        """Σ|w| and Σw² (T, 2, R) of each part of a row, in float64, all in one transfer."""
        xp = self._backend.xp
        for (start, stop, _), (size, square) in zip(self._parts, self._sums, strict=True):
            sizes = self._parameters[:, start:stop].astype(np.float64)
            if self._has_l1:
                xp.absolute(sizes, out=sizes)
                sizes.sum(axis=1, out=size)
            sizes *= sizes
            sizes.sum(axis=1, out=square)
        fetched: HostArray = self._backend.to_host(self._sums)
        return fetched


class PenaltyFactor:
    """A factor (R,) on sums that counts for nothing where it is 0, also where a sum is infinite."""

    def __init__(self, factor: Floats) -> None:
        self._factor, self._counts = factor, factor > 0
        self._all_count = bool(self._counts.all())

    def times(self, sums: Floats) -> Floats:
        """The products (R,)."""
        products: Floats = self._factor * sums
        return products if self._all_count else np.where(self._counts, products, 0.0)
