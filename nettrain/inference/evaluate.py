"""Losses and metrics of a dataset in inference mode: without dropout, noise, penalties and label smoothing.

After every epoch the loss and the quick metrics are computed on the device. At the end of a run all metrics
are computed from predictions on the host (see `inference.metrics`), and so is a metric that the run monitors.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nettrain.backend.base import Array, Backend, Floats, HostArray
from nettrain.backend.pool import Pool
from nettrain.catalogue.losses import Loss
from nettrain.catalogue.members import on_device, shaped
from nettrain.catalogue.metrics import metrics, metrics_for
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import Dataset
from nettrain.inference.metrics import ComputedMetrics, MetricAccumulator
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.inference.outputs import in_own_units, mean_predictions, to_predictions
from nettrain.inference.postprocessing import Postprocessing, PredictionRule
from nettrain.inference.predict import Inputs, RowChunk, computed, row_chunks
from nettrain.model.network import Network

BEST_F1 = ("best_f1_threshold", "best_f1")
OF_PROBABILITIES = ("log_loss", "calibration_error")
Figures = dict[str, Floats]  # the loss and metrics by name, each (R,)


class Evaluator:
    """Computes the loss and metrics of a network's members on one dataset.

    `loss` has the settings of all members, stacked. Parameters and running statistics of the network may
    change in place between evaluations. `figures` computes the `monitored` metrics beside the quick ones.
    With `postprocessing` metrics are those of calibrated predictions, and of decisions by its thresholds; the
    loss and `figures` never are.
    """

    def __init__(
        self,
        model: Model,
        network: Network,
        loss: Loss,
        dataset: Dataset,
        pool: Pool,
        monitored: Iterable[str] = (),
        postprocessing: Postprocessing | None = None,
    ) -> None:
        backend = network.backend
        self._backend, self._dataset, self._task = backend, dataset, model.task
        self._loss = on_device(shaped(loss, 1, backend.dtype), backend.from_host)
        # in float64 whatever the run's dtype is, of which the unit of a target need not be a number
        self._scale = backend.xp.asarray(np.array(model.task.scale, dtype=np.float64))
        self._rules = [PredictionRule()] * int(network.parameters.shape[0])
        self._joint_rule = PredictionRule()
        if postprocessing is not None:
            self._rules, self._joint_rule = [*postprocessing.networks], postprocessing.rule
        self._quick = metrics_for(model.task, quick=True)
        self._monitored = [name for name in monitored if name not in self._quick]
        weight = dataset.weights if dataset.prefetcher else backend.xp.asarray(dataset.weights)
        inputs = Inputs(dataset.x, (dataset.y, weight), dataset.prefetcher)
        self._chunks = row_chunks(network, inputs, pool)
        self._total_weight = float(dataset.weights.sum())

    def figures(self) -> Figures:
        """The loss, the quick metrics and the monitored ones, each (R,) on the host."""
        means, monitored = self._evaluate(self._quick, self._monitored)
        for name in self._quick:
            means[name] = metrics[name].finish(np, means[name])
        for name in self._monitored:
            means[name] = np.array([member.scalars[name] for member in monitored])
        return means

    def member_metrics(self, names: Iterable[str] | None = None) -> tuple[Floats, list[ComputedMetrics]]:
        """The loss (R,), and these metrics of each member; by default all metrics of the task."""
        chosen = metrics_for(self._task) if names is None else list(names)
        means, computed_metrics = self._evaluate([], chosen)
        return means["loss"], computed_metrics

    def ensemble_metrics(self, names: Iterable[str] | None = None) -> ComputedMetrics:
        """These metrics of the mean of the members' predictions; by default all metrics of the task."""
        rule = self._joint_rule
        accumulator = MetricAccumulator(rule.task(self._task), names)
        for chunk in computed(self._chunks):
            outputs = self._backend.to_host(chunk.output)
            y, weight = self._targets(chunk.rows)
            mean = mean_predictions(self._loss, self._task, outputs)
            accumulator.add(y, rule.calibrated(self._task, mean), weight)
        return accumulator.finish()

    def _evaluate(self, quick: Sequence[str], names: Sequence[str]) -> tuple[Figures, list[ComputedMetrics]]:
        """The weighted means of the loss and of quick metrics, and the metrics `names` of each member."""
        sums: dict[str, Array] = dict.fromkeys(("loss", *quick), 0.0)
        members = [MetricAccumulator(rule.task(self._task), names) for rule in self._rules if names]
        for chunk in computed(self._chunks):
            for name, values in self._row_values(quick, chunk).items():
                sums[name] = sums[name] + self._weighted_sum(values, chunk.others[1])
            if members:
                self._add_rows(members, self._backend.to_host(chunk.output), chunk.rows)
        totals = fetch(self._backend, sums)
        means = {name: total / self._total_weight for name, total in totals.items()}
        return means, [member.finish() for member in members]

    def _row_values(self, quick: Sequence[str], chunk: RowChunk) -> dict[str, Array]:
        """What the loss and each quick metric average over rows, each (R, B) or (R, B, T)."""
        xp, output, y = self._backend.xp, chunk.output, chunk.others[0][None]
        transformed = output
        if self._task.targets == "numbers" and self._loss.output_activation != "linear":
            transformed = self._loss.predictions(xp, output)
        if self._task.boundary and y.ndim == output.ndim and self._task.outcomes:
            transformed = output - xp.asarray(self._task.boundary, output.dtype)
        rows = {name: metrics[name].rows(xp, transformed, y, self._scale) for name in quick}
        return {"loss": self._loss.rows(xp, output, y), **rows}

    def _weighted_sum(self, values: Array, weight: Array) -> Array:
        """Σ weight·values over the rows of values (R, B) or (R, B, T), with weight (B,)."""
        # float64 before the sum: its order of additions must not depend on R
        return (values.astype(np.float64) * weight.reshape(-1, *[1] * (values.ndim - 2))).sum(axis=1)

    def _add_rows(self, members: Sequence[MetricAccumulator], outputs: HostArray, rows: slice) -> None:
        """Each member by itself, so that no bit can depend on the others."""
        y, weight = self._targets(rows)
        for member, rule, output in zip(members, self._rules, outputs, strict=True):
            predictions = to_predictions(self._loss, self._task, output)
            member.add(y, rule.calibrated(self._task, predictions), weight)

    def _targets(self, rows: slice) -> tuple[HostArray, HostArray]:
        """Targets of some rows in their own units, and the weights of the rows."""
        return in_own_units(self._task, self._dataset.targets[rows]), self._dataset.weights[rows]


def fetch(backend: Backend, arrays: Mapping[str, Array]) -> dict[str, HostArray]:
    """New arrays (R,) or (R, T) on the host, all of them in one transfer."""
    if backend.xp is np:
        return dict(arrays)
    columns = [array.reshape(array.shape[0], -1) for array in arrays.values()]
    joined, start, parts = backend.to_host(backend.xp.concatenate(columns, axis=1)), 0, {}
    for (name, array), column in zip(arrays.items(), columns, strict=True):
        stop = start + column.shape[1]
        parts[name] = joined[:, start:stop].reshape(array.shape)
        start = stop
    return parts


def evaluate_members(
    networks: TrainedNetworks, datasets: Mapping[str, Dataset], pool: Pool | None = None
) -> dict[str, Figures]:
    """The loss and every metric of each network, (R,), by split.

    `pool` is scratch memory for at least as many networks; by default new memory is allocated.
    """
    figures: dict[str, Figures] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # of networks that have diverged
        for split, evaluator in _evaluators(networks, datasets, pool):
            loss, members = evaluator.member_metrics()
            figures[split] = {"loss": loss, **_by_metric(networks.model, split, members)}
    return figures


def evaluate_ensemble(
    networks: TrainedNetworks, datasets: Mapping[str, Dataset], pool: Pool | None = None
) -> dict[str, dict[str, float]]:
    """Every metric of the mean of the networks' predictions, by split."""
    evaluators = _evaluators(networks, datasets, pool)
    return {split: _scalars(split, evaluator.ensemble_metrics()) for split, evaluator in evaluators}


def evaluate_uncalibrated(
    networks: TrainedNetworks, datasets: Mapping[str, Dataset], pool: Pool | None = None
) -> dict[str, dict[str, float]]:
    """What calibration changes, before it: log loss and calibration error by split.

    Those of the mean of the networks' predictions where a run averages them, otherwise their mean; without
    networks that have diverged.
    """
    raw = replace(networks.finite(), postprocessing=None)
    joint, figures = raw.model.experiment.training.averages_predictions, {}
    for split, evaluator in _evaluators(raw, datasets, pool) if len(raw) else ():
        members = [evaluator.ensemble_metrics(OF_PROBABILITIES)] if joint else []
        measured = members or evaluator.member_metrics(OF_PROBABILITIES)[1]
        figures[split] = {
            name: float(np.mean([one.scalars[name] for one in measured])) for name in OF_PROBABILITIES
        }
    return figures


def _evaluators(
    networks: TrainedNetworks, datasets: Mapping[str, Dataset], pool: Pool | None
) -> Iterator[tuple[str, Evaluator]]:
    network, loss = networks.network(), loss_of(networks.members)
    scratch = pool or Pool(networks.backend)
    for split, dataset in datasets.items():
        rules = networks.postprocessing
        yield split, Evaluator(networks.model, network, loss, dataset, scratch, postprocessing=rules)


def _by_metric(model: Model, split: str, members: Sequence[ComputedMetrics]) -> Figures:
    scalars = [_scalars(split, member) for member in members]
    names = [*metrics_for(model.task), *(name for name in BEST_F1 if name in scalars[0])]
    return {name: np.array([member.get(name, np.nan) for member in scalars]) for name in names}


def _scalars(split: str, computed_metrics: ComputedMetrics) -> dict[str, float]:
    # the threshold is chosen on validation rows alone, so that test rows can still tell how good it is
    best = computed_metrics.best_f1() if split == "validation" else {}
    return {**computed_metrics.scalars, **best}
