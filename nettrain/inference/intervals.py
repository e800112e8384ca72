"""How good predicted intervals and quantiles are: how many true numbers they hold, and how wide they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field
from typing_extensions import TypedDict

from nettrain.backend.base import Floats, HostArray
from nettrain.backend.pool import Pool
from nettrain.catalogue.losses.target_distribution import (
    PredictedGaussian,
    PredictedQuantiles,
    TargetDistribution,
    end_levels,
    pinball_losses,
)
from nettrain.inference.dataset import Dataset
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.outputs import in_own_units
from nettrain.inference.predict import Inputs, collect_outputs, row_chunks
from nettrain.inference.predictions import LabelledPredictions, describe, describes


class IntervalFigures(TypedDict):
    """A central prediction interval of one target."""

    level: Annotated[float, Field(description="share of the rows that it should hold")]
    coverage: Annotated[float, Field(description="share of the rows that it holds")]
    width: Annotated[float, Field(description="mean width, in the target's unit")]


class QuantileFigures(TypedDict):
    """A predicted quantile of one target."""

    level: Annotated[float, Field(description="share of the rows that should lie below")]
    below: Annotated[float, Field(description="share of the rows that do")]
    loss: Annotated[float, Field(description="mean pinball loss, in the target's unit")]


class DistributionFigures(TypedDict):
    """How good the predicted distributions of one target are."""

    intervals: Annotated[list[IntervalFigures], Field(description="the widest first")]
    quantiles: Annotated[list[QuantileFigures], Field(description="in the order of their levels")]
    crps: Annotated[
        float | None,
        Field(
            description="continuous ranked probability score of Gaussian predictions, in the target's unit"
        ),
    ]
    crossed: Annotated[
        float | None,
        Field(description="share of the rows in which a quantile lies below one of a lower level"),
    ]


ByTarget = dict[str, DistributionFigures]


@dataclass(frozen=True, eq=False)
class TrueNumbers:
    """The targets (N, T) of rows in own units, their names, and the weights (N,) of the rows."""

    names: Sequence[str]
    y: HostArray
    weight: HostArray


@dataclass(frozen=True, eq=False)
class IntervalBand:
    """The ends (N, T) of an interval of each target, and its level."""

    level: float
    lower: Floats
    upper: Floats

    @staticmethod
    def of(distribution: TargetDistribution | None) -> "IntervalBand | None":
        """The widest interval between trained quantiles, or that of 0.9; None where there is none."""
        if distribution is None or not distribution.intervals:
            return None
        ends = distribution.quantiles(end_levels(distribution.intervals[0]))
        return IntervalBand(distribution.intervals[0], ends[..., 0], ends[..., 1])


def distribution_figures(
    distribution: TargetDistribution | None, true: TrueNumbers, intervals: Sequence[float] = ()
) -> ByTarget:
    """The figures of each target; {} without distributions, or when a number is not finite.

    `intervals` are the levels of those to measure, by default all that trained quantiles hold, or 0.9.
    """
    if distribution is None or not distribution.finite:
        return {}
    trained = distribution.levels if isinstance(distribution, PredictedQuantiles) else None
    shown, levels = list(intervals) or distribution.intervals, distribution.curve
    crps = distribution.crps(true.y) if isinstance(distribution, PredictedGaussian) else None
    measures = _Measures(distribution, true)
    bounds, curve = measures.intervals(shown), measures.quantiles(levels)
    crossed = None if trained is None else measures.crossed(trained)
    return {
        name: {
            "intervals": [one[k] for one in bounds],
            "quantiles": [one[k] for one in curve],
            "crps": None if crps is None else float(measures.mean(crps)[k]),
            "crossed": None if crossed is None else float(crossed[k]),
        }
        for k, name in enumerate(true.names)
    }


def labelled_figures(
    predictions: LabelledPredictions, names: Sequence[str], intervals: Sequence[float] = ()
) -> ByTarget:
    """The figures of labelled rows, by the `names` of the targets, see `distribution_figures`."""
    true = TrueNumbers(names, predictions.y, predictions.rows.weight)
    return distribution_figures(predictions.distribution, true, intervals)


class _Measures:
    """Weighted means over rows, for all targets at once."""

    def __init__(self, distribution: TargetDistribution, true: TrueNumbers) -> None:
        self._distribution, self._y = distribution, np.asarray(true.y, np.float64)
        self._weight = np.asarray(true.weight, np.float64)

    def mean(self, values: HostArray) -> Floats:
        """The mean (T,) of values (N, T)."""
        mean: Floats = (self._weight @ values) / self._weight.sum()
        return mean

    def intervals(self, levels: Sequence[float]) -> list[list[IntervalFigures]]:
        """For each level the figures of each target."""
        return [self._interval(one) for one in sorted(levels, reverse=True)]

    def _interval(self, level: float) -> list[IntervalFigures]:
        lower, upper = np.moveaxis(self._distribution.quantiles(end_levels(level)), -1, 0)
        held = self.mean(np.asarray((lower <= self._y) & (self._y <= upper)))
        width = self.mean(upper - lower)
        pairs = zip(held.tolist(), width.tolist(), strict=True)
        return [{"level": level, "coverage": share, "width": mean} for share, mean in pairs]

    def quantiles(self, levels: Sequence[float]) -> list[list[QuantileFigures]]:
        """For each level the figures of each target."""
        if not levels:
            return []
        values = self._distribution.quantiles(levels)
        losses = pinball_losses(self._y, values, levels)
        return [
            [
                {"level": level, "below": share, "loss": loss}
                for share, loss in zip(
                    self.mean(self._y <= values[..., k]).tolist(),
                    self.mean(losses[..., k]).tolist(),
                    strict=True,
                )
            ]
            for k, level in enumerate(levels)
        ]

    def crossed(self, levels: Sequence[float]) -> Floats:
        """The share (T,) of rows whose quantiles do not rise with their levels."""
        steps = np.diff(self._distribution.quantiles(levels), axis=-1)
        return self.mean(np.asarray((steps < 0).any(axis=-1)))


def figures_by_split(
    networks: TrainedNetworks, datasets: Mapping[str, Dataset], *, joint: bool, pool: Pool | None = None
) -> dict[str, ByTarget]:
    """The figures of each split and target, {} for networks that predict no intervals.

    Of several networks those of their joint distribution, or the means of theirs.
    """
    if not len(networks) or not describes(networks):
        return {}
    return {
        split: figures
        for split, dataset in datasets.items()
        if (figures := _of_dataset(networks, dataset, pool or Pool(networks.backend), joint=joint))
    }


def _of_dataset(networks: TrainedNetworks, dataset: Dataset, pool: Pool, *, joint: bool) -> ByTarget:
    model, network = networks.model, networks.network()
    chunks = row_chunks(network, Inputs.of_dataset(dataset), pool)
    outputs = collect_outputs(network, chunks, dataset.rows)
    true = TrueNumbers(model.task.names, in_own_units(model.task, dataset.targets), dataset.weights)
    groups = [range(len(outputs))] if joint else [range(r, r + 1) for r in range(len(outputs))]
    described = (describe(networks.select(rows), outputs[rows.start : rows.stop]) for rows in groups)
    found = [distribution_figures(one.distribution, true) for one in described]
    finite = [one for one in found if one]
    if not finite:
        return {}
    return {name: _mean([one[name] for one in finite]) for name in model.task.names}


def _mean(members: Sequence[DistributionFigures]) -> DistributionFigures:
    """The means of the figures of several networks."""
    first = members[0]
    if len(members) == 1:
        return first
    return {
        "intervals": [
            {
                "level": one["level"],
                "coverage": _average(member["intervals"][k]["coverage"] for member in members),
                "width": _average(member["intervals"][k]["width"] for member in members),
            }
            for k, one in enumerate(first["intervals"])
        ],
        "quantiles": [
            {
                "level": one["level"],
                "below": _average(member["quantiles"][k]["below"] for member in members),
                "loss": _average(member["quantiles"][k]["loss"] for member in members),
            }
            for k, one in enumerate(first["quantiles"])
        ],
        "crps": None if first["crps"] is None else _average(member["crps"] or 0.0 for member in members),
        "crossed": None
        if first["crossed"] is None
        else _average(member["crossed"] or 0.0 for member in members),
    }


def _average(values: Iterator[float]) -> float:
    return float(np.mean(list(values)))
