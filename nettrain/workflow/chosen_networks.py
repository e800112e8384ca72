"""The networks chosen for an ensemble, how often each counts, and what their mean prediction is worth."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nettrain.catalogue.metrics import Task, metrics_for
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.inference.baseline import worse_than
from nettrain.inference.ensemble_selection import ChoosingRows
from nettrain.inference.intervals import ByTarget, labelled_figures
from nettrain.inference.measured import MeasuredNetworks, NetworksOnRows
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.predictions import LabelledPredictions
from nettrain.store.ensemble_summary import EndedNetworkOfEnsemble, summarise_ensemble
from nettrain.store.summary import RunSummary, Timing
from nettrain.store.trained_ensemble import EnsembleJson


class NetworkOnData(Protocol):
    """A trained network, of one fold or alone, with the experiment and the data that it was trained with."""

    @property
    def experiment(self) -> Experiment: ...
    @property
    def data(self) -> Prepared: ...
    @property
    def networks(self) -> TrainedNetworks: ...


class EnsembleCandidate(Protocol):
    """One that may be in an ensemble: a network for each fold, or one alone.

    `predictions` are those for the rows that each of them held out.
    """

    @property
    def number(self) -> int: ...
    @property
    def networks(self) -> Sequence[NetworkOnData]: ...
    @property
    def predictions(self) -> LabelledPredictions: ...
    @property
    def task(self) -> Task: ...


C_co = TypeVar("C_co", bound=EnsembleCandidate, covariant=True)


@dataclass(frozen=True)
class Chosen(Generic[C_co]):
    """A candidate of an ensemble, and how often it counts."""

    candidate: C_co
    count: int


def counted(candidates: Sequence[C_co], taken: Sequence[int]) -> list[Chosen[C_co]]:
    """The candidates that were taken, those that count most first; counts have no common divisor."""
    order = sorted(dict.fromkeys(taken), key=lambda position: -taken.count(position))
    counts = [taken.count(position) for position in order]
    return [
        Chosen(candidates[position], count // math.gcd(*counts))
        for position, count in zip(order, counts, strict=True)
    ]


def choosing_rows(
    candidate: EnsembleCandidate, predictions: LabelledPredictions, metric: str
) -> ChoosingRows:
    """The rows of these predictions, with the metric of trials, or where that is a loss, the task's first."""
    task, name = candidate.task, metric.partition("_")[2]
    known = metrics_for(task)
    chosen = name if name in known else "log_loss" if "log_loss" in known else known[0]
    return ChoosingRows(task, chosen, predictions.y, predictions.rows.weight)


def ensemble_json(chosen: Sequence[Chosen[EnsembleCandidate]]) -> EnsembleJson:
    """The content of `ensemble.json`."""
    return {
        "folds": fold_count(chosen),
        "networks": [{"network": one.candidate.number, "count": one.count} for one in chosen],
    }


def ensemble_summary(
    name: str, chosen: Sequence[Chosen[EnsembleCandidate]], ended: Sequence[EndedNetworkOfEnsemble]
) -> RunSummary:
    """The summary of the ensemble of those chosen, with all networks that have `ended`."""
    metrics, described = mean_figures(chosen)
    summary = summarise_ensemble(name, ended, metrics, described, joint_timing(ended))
    return _compared_with_baseline(summary, chosen)


def fold_count(chosen: Sequence[Chosen[EnsembleCandidate]]) -> int:
    """How many folds each network has, 0 where it was trained on one split."""
    networks = chosen[0].candidate.networks
    folds = networks[0].experiment.data.folds
    return 0 if folds is None or len(networks) == 1 else len(networks)


def mean_figures(
    chosen: Sequence[Chosen[EnsembleCandidate]],
) -> tuple[Mapping[str, Mapping[str, float | None]], Mapping[str, ByTarget]]:
    """The metrics and the figures of intervals of the mean prediction, by split."""
    metrics: dict[str, Mapping[str, float | None]] = {}
    described: dict[str, ByTarget] = {}
    names = chosen[0].candidate.networks[0].data.preprocessing.target_names
    for split, key in (("train", "train"), ("validation", "val"), ("test", "test")):
        measured = on_split(chosen, split)
        if measured is None:
            continue
        predictions = measured.predict()
        metrics[key] = predictions.figures() | measured.metrics(predictions).scalars
        if figures := labelled_figures(predictions, names):
            described[split] = figures
    return metrics, described


def on_split(chosen: Sequence[Chosen[EnsembleCandidate]], split: str) -> MeasuredNetworks | None:
    """The networks on the rows of a split; None where there are none, or folds have different ones.

    Validation rows of folds are those that each held out.
    """
    folds = fold_count(chosen)
    if folds and split == "train":
        return None
    each: list[NetworksOnRows] = []
    apart: list[int] = []
    for fold in range(max(folds, 1)):
        for one in chosen:
            network = one.candidate.networks[fold]
            rows = _rows(network, split)
            if rows is None:
                return None
            on_rows = NetworksOnRows(network.networks, network.data.preprocessing, rows)
            each += [on_rows] * one.count
            apart += [fold] * one.count
    return MeasuredNetworks(tuple(each), tuple(apart) if folds and split == "validation" else ())


def _rows(network: NetworkOnData, split: str) -> Rows | None:
    data = network.data
    rows = {"train": data.train_by_column, "validation": data.validation, "test": data.test}
    return rows[split]


def joint_timing(ended: Iterable[EndedNetworkOfEnsemble]) -> Timing:
    """The times of all trainings together; a step is one of one network."""
    each = [summary["timing"] for one in ended for summary in one.summaries]
    steps, training = sum(one["steps"] for one in each), sum(one["train_seconds"] for one in each)
    samples = sum(one["samples_per_second"] * one["train_seconds"] for one in each)
    return {
        "total_seconds": sum(one["total_seconds"] for one in each),
        "train_seconds": training,
        "steps": steps,
        "microseconds_per_step": 1e6 * training / max(steps, 1),
        "samples_per_second": samples / max(training, 1e-9),
    }


def _compared_with_baseline(summary: RunSummary, chosen: Sequence[Chosen[EnsembleCandidate]]) -> RunSummary:
    """The summary, which says where the ensemble is worse than constant predictions."""
    if "baseline" not in summary:
        return summary
    baseline, task = summary["baseline"], chosen[0].candidate.task
    split = list(summary["metrics"])[-1]
    worse = worse_than(baseline["metrics"].get(split, {}), summary["metrics"][split], task)
    return {**summary, "baseline": {**baseline, "worse": [f"{split}_{name}" for name in worse]}}
