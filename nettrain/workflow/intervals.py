"""Prediction intervals and quantiles of a trained run: which it can give, and the names of their columns."""

from collections.abc import Mapping, Sequence
from math import ceil

from nettrain.backend.base import Floats
from nettrain.catalogue.losses import Loss, losses
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.target_distribution import (
    PredictedGaussian,
    PredictedQuantiles,
    TargetDistribution,
    central_intervals,
    end_levels,
    position_of,
)
from nettrain.data.tables.table import counted
from nettrain.errors import SpecError
from nettrain.inference.predictions import conformal_residuals
from nettrain.store.trained_folds import Predictor
from nettrain.workflow.argument_names import arguments_named

USUAL_LEVELS = (0.05, 0.5, 0.95)  # of a distribution that has all


def refuse_intervals(trained: Predictor, intervals: Sequence[float]) -> None:
    """Raise SpecError for an interval that the run cannot give."""
    for level in intervals:
        if not 0 < level < 1:
            raise SpecError(f"--interval: {level:g} is not between 0 and 1, such as 0.9")
        if conformal_residuals(trained.runs[0].networks):
            _refuse_few_rows(trained, level)
        else:
            refuse_levels(trained, end_levels(level), f"--interval: {level:g}")


def _refuse_few_rows(trained: Predictor, level: float) -> None:
    """Raise SpecError when a run is calibrated by too few validation rows for this interval."""
    for one in (one for run in trained.runs for one in conformal_residuals(run.networks)):
        if one.half_width(level) is None:
            needed = ceil(level / (1 - level) - 1e-9)
            raise SpecError(
                f"--interval: {level:g} needs {counted(needed, 'validation row')} to be calibrated by,"
                f" {trained.name} has {one.rows}"
            )


def refuse_levels(trained: Predictor, levels: Sequence[float], what: str) -> None:
    """Raise SpecError for a quantile that the run cannot give; `what` is what needs it."""
    loss = distributional(trained, what)
    known = loss.levels
    missing = [level for level in levels if known is not None and position_of(level, known) is None]
    if missing and known is not None:
        names, given = " and ".join(map(_short, missing)), ", ".join(map(_short, known))
        raise SpecError(
            f"{what} needs {_plural(missing)} {names}; loss.quantiles {given} give {_given(known)}"
        )


def levels_of(trained: Predictor, level: float) -> tuple[float, float]:
    """The levels of the ends of an interval. Raises SpecError when the run cannot give it."""
    with arguments_named(interval="level"):
        refuse_intervals(trained, [level])
    return end_levels(level)


def checked_levels(trained: Predictor, levels: Sequence[float] | None) -> Sequence[float]:
    """These levels of quantiles, by default the trained ones. Raises SpecError for one that is not known."""
    if levels is None:
        return distributional(trained, "predict_quantiles").levels or USUAL_LEVELS
    for level in levels:
        if not 0 < level < 1:
            raise SpecError(f"levels: {level:g} is not between 0 and 1")
    refuse_levels(trained, levels, f"levels: {', '.join(map(_short, levels))}")
    return levels


def distributional(trained: Predictor, what: str) -> DistributionalLoss:
    """The run's loss. Raises SpecError when it is not one for which networks describe distributions."""
    loss: Loss = trained.runs[0].networks.model.loss
    if isinstance(loss, DistributionalLoss):
        return loss
    if trained.task.targets != "numbers":
        raise SpecError(f"{what}: {trained.name} predicts {trained.task.targets}, intervals are of numbers")
    names = " or ".join(name for name, one in losses.items() if issubclass(one, DistributionalLoss))
    advice = f"loss {names}"
    if what.startswith("--interval") and loss.outputs_per_target == 1 and "numbers" in loss.fits:
        advice += ", or calibration: conformal"
    raise SpecError(f"{what}: {trained.name} was trained with {loss.name}, intervals need {advice}")


def described_columns(
    distribution: TargetDistribution, names: Sequence[str], intervals: Sequence[float] = ()
) -> Mapping[str, Floats]:
    """Columns (N,) by name: the ends of these intervals, or else the quantiles or standard deviations.

    `price_lower` and `price_upper` of one interval, `price_lower_80` of several; `price_q05`; `sd_price`.
    """
    columns: dict[str, Floats] = {}
    for k, name in enumerate(names):
        columns |= {
            column: values[:, k] for column, values in _of_target(distribution, name, intervals).items()
        }
    return columns


def _of_target(distribution: TargetDistribution, name: str, intervals: Sequence[float]) -> dict[str, Floats]:
    """The columns of one target, each with the values (N, T) of all targets."""
    if intervals:
        ends = [distribution.quantiles(end_levels(one)) for one in intervals]
        several = len(intervals) > 1
        marks = [f"_{_percent(one)}" if several else "" for one in intervals]
        return {
            f"{name}_{side}{mark}": values[..., k]
            for mark, values in zip(marks, ends, strict=True)
            for k, side in enumerate(("lower", "upper"))
        }
    if isinstance(distribution, PredictedQuantiles):
        return {
            f"{name}_q{_percent(level)}": distribution.values[..., k]
            for k, level in enumerate(distribution.levels)
        }
    return {f"sd_{name}": distribution.spread} if isinstance(distribution, PredictedGaussian) else {}


def _percent(share: float) -> str:
    """A share in percent with two digits in front: 05, 90, 02.5."""
    whole, point, rest = f"{round(100 * share, 6):g}".partition(".")
    return f"{whole:0>2}{point}{rest}"


def _short(level: float) -> str:
    return f"{round(level, 9):g}"


def _plural(levels: Sequence[float]) -> str:
    return "the quantiles" if len(levels) > 1 else "the quantile"


def _given(levels: Sequence[float]) -> str:
    intervals = [_short(one) for one in central_intervals(levels)]
    one = len(intervals) == 1
    return f"the interval{'' if one else 's'} {', '.join(intervals)}" if intervals else "no interval"
