"""What compared networks predict all over one or two columns of numbers."""

from collections.abc import Iterator
from dataclasses import replace

from nettrain.data.prepare import Prepared, prepare
from nettrain.errors import NettrainError
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.compare import Comparison
from nettrain.workflow.comparison.entries import ComparedEntry
from nettrain.workflow.comparison.plan import PlannedComparison
from nettrain.workflow.small_world import (
    SmallWorld,
    WorldMap,
    WorldView,
    look,
    predicting,
    refusal,
    small_world,
)


def compared_world(plan: PlannedComparison, comparison: Comparison) -> WorldMap | None:
    """The rows, and a view for the first run of each entry that did not diverge.

    None where entries have different rows, or inputs that are not one or two columns of numbers.
    """
    if any(not figure.endswith("_loss") for figure in comparison.incomparable):
        return None
    trained = {entry.label: one for entry in comparison.entries if (one := _first(entry)) is not None}
    first = next(iter(trained.values()), None)
    if first is None or refusal(first.preprocessing):
        return None
    data = _data(plan, first)
    world = None if data is None else small_world(data, first.task)
    if world is None:
        return None
    return WorldMap(world, world.axes(), tuple(_views(world, trained)))


def _first(entry: ComparedEntry) -> TrainedRun | None:
    """The networks of the first run that did not diverge."""
    steady = (run for run in entry.runs if run.status != "diverged")
    return next((run.trained for run in steady), None)


def _data(plan: PlannedComparison, trained: TrainedRun) -> Prepared | None:
    """The data of the runs that were trained, or else those of a run, read again, if they are still there."""
    if plan.runs:
        return plan.runs[0].data
    settings, dtype = trained.experiment.data, trained.experiment.backend.dtype
    try:
        return prepare(settings, seed=settings.seed or 0, dtype=dtype, memory=plan.memory)
    except NettrainError:
        return None


def _views(world: SmallWorld, trained: dict[str, TrainedRun]) -> Iterator[WorldView]:
    """What each of the networks predicts of the same places, which each encodes in its own way."""
    for label, one in trained.items():
        networks = predicting(one.networks)
        same = [encoder.name for encoder in one.preprocessing.encoders] == list(world.columns)
        if networks is not None and same:
            yield from look(replace(world, preprocessing=one.preprocessing), [(label, networks)]).views
