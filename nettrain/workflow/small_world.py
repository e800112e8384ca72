"""Small worlds: one or two columns of numbers, all over which the predictions of networks can be drawn.

world = small_world(data, task)             # None where there are more columns, or others
seen = look(world, [("adam", networks), ("sgd", others)])
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.catalogue.metrics import Task
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.labelled import Rows
from nettrain.data.prepare import Prepared
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.tables.table import Table
from nettrain.inference.intervals import IntervalBand
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.predictions import predict, predict_distributions
from nettrain.store.trained_run import TrainedRun

MOST_COLUMNS = 2
MOST_CLASSES = (
    100  # at each place a number for every class is needed, and nobody can tell so many colours apart
)
MOST_POINTS = 1500  # of a split; more would hide one another
MARGIN = 0.1  # around the points, as a share of their range
RESOLUTION = {1: 501, 2: 121}  # places along each axis, by the number of columns
FOLD_RESOLUTION = {1: 301, 2: 101}  # the same for each of several folds
LEAST, WORK = 31, 2e10  # places along an axis of the plane, and multiplications that more of them may take
KNOTS = 4001  # at which a scaling is undone
FAR = 1000.0  # how many ranges outside its range a value may lie


@dataclass(frozen=True, eq=False)
class WorldPoints:
    """Rows of one split: x (N, C) in the columns' own units; y (N,) of classes, or (N, T) in own units.

    There are `total` rows with a value in every column, of which these are evenly spaced ones.
    """

    split: str
    x: Floats
    y: HostArray
    total: int


@dataclass(frozen=True, eq=False)
class SmallWorld:
    """Rows in the plane or on a line; `left_out` is how many lack a value in a column."""

    columns: tuple[str, ...]
    task: Task
    points: tuple[WorldPoints, ...]
    preprocessing: Preprocessing
    left_out: int = 0

    @property
    def splits_plane(self) -> bool:
        """Whether predictions cut the plane into regions of classes."""
        return len(self.columns) == 2 and self.task.targets != "numbers"

    @cached_property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """The lowest and the highest place to draw along each column."""
        x = np.concatenate([points.x for points in self.points])
        low, high = x.min(axis=0), x.max(axis=0)
        margin = np.where(high > low, MARGIN * (high - low), 1.0)
        return tuple(zip((low - margin).tolist(), (high + margin).tolist(), strict=True))

    def axes(self, resolution: int | None = None) -> tuple[Floats, ...]:
        """Evenly spaced places along each column."""
        count = resolution or RESOLUTION[len(self.columns)]
        return tuple(np.linspace(low, high, count) for low, high in self.ranges)

    def encode(self, axes: Sequence[Floats]) -> Floats:
        """What a network sees (G, D) at every place of the grid; the last column changes fastest."""
        places = np.meshgrid(*axes, indexing="ij")
        named = zip(self.columns, places, strict=True)
        return self.preprocessing.encode(Table.of({name: place.ravel() for name, place in named}))


@dataclass(frozen=True, eq=False)
class WorldView:
    """What networks predict all over a world: values (n₁, …, K) with an axis for each column.

    Along a line `members` (R, n₁, K) are the predictions of each network, where several predict together, and
    `band` is an interval, where they predict one. `thresholds` decide for two classes or labels, if the
    networks have any.
    """

    label: str
    values: Floats
    members: Floats | None = None
    band: IntervalBand | None = None
    thresholds: tuple[float, ...] = ()

    def threshold(self, k: int) -> float | None:
        """The threshold of a target, if it has one."""
        return self.thresholds[k] if self.thresholds else None


@dataclass(frozen=True, eq=False)
class WorldMap:
    """A world, the places along its columns, and one view for each of the compared networks."""

    world: SmallWorld
    axes: tuple[Floats, ...]
    views: tuple[WorldView, ...]


def refusal(preprocessing: Preprocessing) -> str:
    """Why these inputs or classes are no small world, "" when they are one."""
    encoders = preprocessing.encoders
    others = [encoder.name for encoder in encoders if not isinstance(encoder, NumberColumn)]
    if len(encoders) > MOST_COLUMNS:
        return f"needs one or two columns of numbers as inputs, and there are {len(encoders)}"
    if others:
        return f'needs one or two columns of numbers as inputs, and "{others[0]}" holds others'
    if len(preprocessing.classes) > MOST_CLASSES:
        return f"shows up to {MOST_CLASSES} classes, and there are {len(preprocessing.classes):,}"
    return ""


def small_world(data: Prepared, task: Task) -> SmallWorld | None:
    """The world of a run's rows, None where `refusal` has a reason."""
    preprocessing = data.preprocessing
    if refusal(preprocessing):
        return None
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    points = [_points(split, rows, preprocessing, task) for split, rows in splits.items() if rows]
    shown = tuple(one for one in points if one.total)
    if not shown:
        return None
    names = tuple(encoder.name for encoder in preprocessing.encoders)
    total = sum(len(rows.x) for rows in splits.values() if rows)
    return SmallWorld(names, task, shown, preprocessing, total - sum(one.total for one in shown))


def look(
    world: SmallWorld, networks: Iterable[tuple[str, TrainedNetworks]], resolution: int | None = None
) -> WorldMap:
    """What each of these networks, under its label, predicts all over the world.

    Several networks together predict with their mean, as `predict` does. The `resolution`, in places along
    each axis, is by default what is worth seeing, and less where the networks are large.
    """
    networks = list(networks)
    axes = world.axes(resolution or affordable(world, networks))
    x = world.encode(axes)
    return WorldMap(world, axes, tuple(_view(label, one, axes, x) for label, one in networks))


def look_at_folds(runs: Sequence[TrainedRun], data: Prepared, task: Task) -> WorldMap | None:
    """What the runs of folds predict together, each by its own preprocessing; `data` are those of a fold.

    All rows but those for testing are as good as trained on. None where `refusal` has a reason for a fold.
    """
    world = small_world(data, task)
    others = [refusal(run.preprocessing) for run in runs]
    if world is None or not runs or any(others):
        return None
    shared = replace(world, points=_together(world.points))
    views = [_own_view(shared, run) for run in runs]
    values = np.mean([view.values for view in views], axis=0)
    members = np.stack([view.values for view in views]) if len(world.columns) == 1 else None
    return WorldMap(shared, views[0].axes, (WorldView("", values, members, thresholds=task.thresholds),))


@dataclass(frozen=True, eq=False)
class _FoldView:
    """What one fold predicts (n₁, …, K) at the places along each column."""

    axes: tuple[Floats, ...]
    values: Floats


def _own_view(world: SmallWorld, run: TrainedRun) -> _FoldView:
    seen = look(
        replace(world, preprocessing=run.preprocessing),
        [("", run.networks)],
        FOLD_RESOLUTION[len(world.columns)],
    )
    return _FoldView(seen.axes, seen.views[0].values)


def _together(points: Sequence[WorldPoints]) -> tuple[WorldPoints, ...]:
    """Training and validation rows as one split, then the test rows."""
    held_out = [one for one in points if one.split != "test"]
    x, y = (np.concatenate([getattr(one, name) for one in held_out]) for name in ("x", "y"))
    first = WorldPoints("train", x, y, sum(one.total for one in held_out))
    return first, *(one for one in points if one.split == "test")


def affordable(world: SmallWorld, networks: Iterable[tuple[str, TrainedNetworks]], work: float = WORK) -> int:
    """How many places along each axis take no more than so many multiplications, within limits."""
    most = RESOLUTION[len(world.columns)]
    places = work / max(1, sum(one.parameters.size for _, one in networks))
    return int(np.clip(places ** (1 / len(world.columns)), LEAST, most))


def _view(label: str, networks: TrainedNetworks, axes: Sequence[Floats], x: Floats) -> WorldView:
    predicted, thresholds = predict_distributions(networks, x), networks.task.thresholds
    values = predicted.values.reshape(*(len(axis) for axis in axes), -1)
    if len(axes) == 2:
        return WorldView(label, values, thresholds=thresholds)
    each = [predict(networks.select([row]), x) for row in range(len(networks))] if len(networks) > 1 else []
    members, band = np.stack(each) if each else None, IntervalBand.of(predicted.distribution)
    return WorldView(label, values, members, band, thresholds)


def predicting(networks: TrainedNetworks) -> TrainedNetworks | None:
    """Those that a run predicts with: all that are finite, or of repeats the first; None without any."""
    finite = networks.finite()
    if not len(finite):
        return None
    return finite if networks.model.experiment.training.averages_predictions else finite.select([0])


def _points(split: str, rows: Rows, preprocessing: Preprocessing, task: Task) -> WorldPoints:
    """The rows of a split without a marked gap, or evenly spaced ones of very many."""
    there = np.ones(len(rows.x), dtype=bool)
    columns, start = [], 0
    for encoder in preprocessing.encoders:
        assert isinstance(encoder, NumberColumn), "see refusal"
        if encoder.marked:
            there &= rows.x[:, start + 1] == 0
        columns.append(start)
        start += len(encoder.features)
    chosen = np.flatnonzero(there)
    total = len(chosen)
    if total > MOST_POINTS:
        chosen = chosen[np.linspace(0, total - 1, MOST_POINTS).astype(int)]
    own = [_own_units(preprocessing, k, rows.x[chosen, at]) for k, at in enumerate(columns)]
    y = rows.y[chosen]
    return WorldPoints(
        split, np.stack(own, axis=1), task.unscale(y) if task.targets == "numbers" else y, total
    )


def _own_units(preprocessing: Preprocessing, number: int, scaled: HostArray) -> Floats:
    """The values (N,) of a column from what the network sees of them (N,).

    Whatever the scaling is, it rises with the column, so that it is undone by interpolation, which is exact
    where it is linear.
    """
    column = preprocessing.encoders[number]
    assert isinstance(column, NumberColumn), "see refusal"
    low, high = column.low, column.high
    span = high - low or 1.0
    near = np.linspace(low - span, high + span, KNOTS)
    values = np.array([low - FAR * span, *near, high + FAR * span])
    table = {
        one.name: values if one is column else np.full(len(values), one.fill)
        for one in preprocessing.encoders
        if isinstance(one, NumberColumn)
    }
    start = sum(len(one.features) for one in preprocessing.encoders[:number])
    seen = preprocessing.encode(Table.of(table))[:, start]
    kept = _rising(seen)
    own: Floats = np.interp(scaled.astype(np.float64), seen[kept], values[kept])
    return own


def _rising(seen: Floats) -> HostArray:
    """The positions at which a rising sequence rises; of a flat end the one nearest to the middle."""
    middle = len(seen) // 2
    rises = np.diff(seen) > 0
    return np.flatnonzero([*rises[:middle], True, *rises[middle:]])
