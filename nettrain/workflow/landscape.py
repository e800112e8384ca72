"""The loss surface around the weights of a trained run, and the path of its training across it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.data.labelled import Rows
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.inference.dataset import Dataset, dataset_of, place_datasets
from nettrain.inference.loss_surface import Grid, Plane, PointEvaluator, filter_normalized_plane, path_plane
from nettrain.inference.model import TrainedNetworks
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.landscape_result import Landscape, Surface
from nettrain.workflow.run import Run, as_run
from nettrain.workflow.run_data import SplitName, read_split
from nettrain.workflow.source import FilePath
from nettrain.workflow.training_path import TrainingPath, training_path

WORK = 4e11  # multiplications and additions that may be spent by default
NUMBERS = 4e8  # parameters of all networks together that may be made by default
LEAST_ROWS, MOST_ROWS = 256, 10_000
FINE, COARSE = 41, 15  # points on a side of a grid by default: of small networks, and of the largest
MARGIN = 0.65  # half a side of the square around a path, relative to the longer side of what holds it
ROWS_PURPOSE = 0x5EED  # of the draw of rows

OnProgress = Callable[[str], None]


def unheard(text: str) -> None:
    """The default for `on_progress`."""


@dataclass(frozen=True)
class LandscapeOptions:
    """What is evaluated where. `resolution` and `rows` None: as many as take a few seconds."""

    split: SplitName = "train"
    member: int | None = None
    resolution: int | None = None
    span: float = 1.0
    rows: int | None = None
    path: bool = True
    seed: int = 0


def loss_landscape(
    run: Run | FilePath,
    *,
    split: SplitName = "train",
    member: int | None = None,
    resolution: int | None = None,
    span: float = 1.0,
    rows: int | None = None,
    path: bool = True,
    seed: int = 0,
) -> Landscape:
    """The loss on two planes through the weights of a run, and the path of its training across them.

    The first plane is that of two random directions, in which each unit's weights are as long as those of the
    network (Li et al. 2018). The second holds most of the path; the run is trained once more to find it. All
    points of a grid are networks of one population, evaluated without training.

    Parameters
    ----------
    run : Run, str or path
        A trained run, or its folder.
    split : {"train", "validation", "test"}
        Whose loss is shown.
    member : int, optional
        Which network of a run with several; default: the first.
    resolution : int, optional
        Points on each side of a grid; default: 41, fewer for large networks.
    span : float
        How far the random plane reaches; at 1 its directions are as long as the weights.
    rows : int, optional
        How many rows of the split are used; default: as many as take a few seconds.
    path : bool
        Whether to find the path of training.
    seed : int
        Seed of the random directions and of the choice of rows.

    Returns
    -------
    Landscape

    Raises
    ------
    SpecError
        When the run has no such rows or member, or diverged.
    DataError
        When the data cannot be read, or have changed.

    Examples
    --------
    >>> import nettrain
    >>> run = nettrain.train({"data": {"source": "builtin:iris"}}, "training.epochs=5")
    >>> landscape = nettrain.loss_landscape(run, resolution=5)
    >>> landscape.surfaces[0].losses.shape, landscape.epochs
    ((5, 5), (0, 1, 2, 3, 4, 5))
    """
    options = LandscapeOptions(split, member, resolution, span, rows, path, seed)
    opened = as_run(run)
    with arguments_named("resolution", "rows", "span", "member", part="split"):
        return landscape_of(opened.trained, options, opened.memory)


def landscape_of(
    trained: TrainedRun,
    options: LandscapeOptions,
    memory: MemoryTables | None = None,
    on_progress: OnProgress = unheard,
) -> Landscape:
    """The landscape of a trained run; `on_progress` is called with what is being done.

    Raises SpecError when it cannot be made with these options, DataError when the data have changed.
    """
    started = perf_counter()
    _check(options)
    networks, member = _network(trained, options.member)
    on_progress("reading the data")
    split = read_split(trained, options.split, memory, "another with --part")
    path = _path(trained, member, memory, on_progress) if options.path else None
    options = with_resolution(options, networks)
    work = _Work.of(networks, split.rows, options)
    on_progress(f"evaluating {work.networks(path)} networks on {work.dataset.rows:,} rows")
    return Landscape(
        experiment=trained.experiment.experiment,
        split=options.split,
        rows=work.dataset.rows,
        networks=work.networks(path),
        loss=float(work.at_path(networks.parameters)[0]),
        epochs=path.epochs if path else (),
        path_losses=work.at_path(path.parameters) if path else np.empty(0),
        surfaces=tuple(work.surfaces(path)),
        notes=tuple(_notes(trained, networks, path, work.dataset.rows, len(split.rows.x), options)),
        seconds=perf_counter() - started,
    )


def _check(options: LandscapeOptions) -> None:
    """Raise SpecError when an option is out of range."""
    least = {"--resolution": (options.resolution, 3), "--rows": (options.rows, 1)}
    for name, (value, smallest) in least.items():
        if value is not None and value < smallest:
            raise SpecError(f"{name}: {value} is not at least {smallest}")
    if not options.span > 0 or not np.isfinite(options.span):
        raise SpecError(f"--span: {options.span:g} is not above 0")


def _network(trained: TrainedRun, member: int | None) -> tuple[TrainedNetworks, int]:
    """One network of the run, by default the first that did not diverge, and which member trained it."""
    if member is None:
        finite = np.isfinite(trained.parameters).all(axis=1)
        member = int(np.flatnonzero(finite)[0])
    chosen = trained.select_members(member)
    # snapshots are weights of one member at several times
    return chosen.networks, 0 if trained.experiment.training.snapshots > 1 else member


def _path(
    trained: TrainedRun, member: int, memory: MemoryTables | None, on_progress: OnProgress
) -> TrainingPath:
    """The path of a member, as long as the run trained it."""
    summary = trained.summary
    epochs = summary["epochs_run"] if summary else trained.experiment.training.epochs

    def on_epoch(epoch: int, of: int) -> None:
        on_progress(f"training again to find the path: epoch {epoch} of {of}")

    return training_path(trained.experiment, member, epochs, memory, on_epoch)


def with_resolution(options: LandscapeOptions, networks: TrainedNetworks) -> LandscapeOptions:
    """The options with a resolution: 41 or, for large networks, an odd number that takes a few seconds."""
    if options.resolution is not None:
        return options
    side = np.sqrt(NUMBERS / networks.model.layout.size / (2 if options.path else 1))
    odd = 2 * int(min(side, FINE) // 2) + 1
    return replace(options, resolution=int(np.clip(odd, COARSE, FINE)))


@dataclass(frozen=True, eq=False)
class _Work:
    """A network, and the rows on which points around it are evaluated."""

    trained: TrainedNetworks
    dataset: Dataset
    evaluator: PointEvaluator
    options: LandscapeOptions

    @classmethod
    def of(cls, networks: TrainedNetworks, rows: Rows, options: LandscapeOptions) -> "_Work":
        chosen = sampled(rows, options.rows or affordable_rows(networks, options), options.seed)
        model, backend = networks.model, networks.backend
        dataset = dataset_of(chosen, model.experiment, backend.dtype, model.architecture.outputs)
        placed, _ = place_datasets({"rows": dataset}, backend, 0, {})
        evaluator = PointEvaluator(networks, placed["rows"], side_of(options) ** 2)
        return cls(networks, placed["rows"], evaluator, options)

    def networks(self, path: TrainingPath | None) -> int:
        """How many networks are evaluated."""
        return side_of(self.options) ** 2 * (2 if path else 1) + (len(path.epochs) if path else 0)

    def at_path(self, parameters: HostArray) -> Floats:
        """The loss (N,) of parameters (N, P)."""
        return self.evaluator.losses_of(parameters)

    def surfaces(self, path: TrainingPath | None) -> Iterator[Surface]:
        """The surface of the random plane and, with a path, that of its plane."""
        center, options = self.trained.parameters[0], self.options
        random = filter_normalized_plane(self.trained.model.layout, center, options.seed)
        grid = Grid.square(np.zeros(2), options.span, side_of(options))
        on_plane = random.coordinates(path.parameters) if path else np.empty((0, 2))
        yield Surface("random", grid, self._losses(random, grid), on_plane)
        if path is not None:
            plane = path_plane(path.parameters, center)
            on_plane = plane.coordinates(path.parameters)
            grid = around(on_plane, side_of(options))
            yield Surface("path", grid, self._losses(plane, grid), on_plane, plane.explained)

    def _losses(self, plane: Plane, grid: Grid) -> Floats:
        return self.evaluator.losses(plane, grid.coordinates).reshape(len(grid.b), len(grid.a))


def side_of(options: LandscapeOptions) -> int:
    """The number of points on a side of a grid."""
    assert options.resolution is not None, "the resolution is decided with the network"
    return options.resolution


def affordable_rows(networks: TrainedNetworks, options: LandscapeOptions) -> int:
    """How many rows can be evaluated in a few seconds."""
    points = side_of(options) ** 2 * (2 if options.path else 1)
    per_row = 2 * points * sum(m * n for m, n in networks.model.architecture.products)
    return int(np.clip(WORK // per_row, LEAST_ROWS, MOST_ROWS))


def sampled(rows: Rows, count: int, seed: int) -> Rows:
    """So many rows, drawn without replacement and in their order; all if there are not more."""
    if len(rows.x) <= count:
        return rows
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, ROWS_PURPOSE))))
    chosen = np.sort(generator.choice(len(rows.x), count, replace=False))
    return replace(rows, x=rows.x[chosen], y=rows.y[chosen], weight=rows.weight[chosen])


def around(path: Floats, resolution: int) -> Grid:
    """A square grid around a path (E, 2) and the final weights."""
    points = np.vstack([path, np.zeros((1, 2))])
    low, high = points.min(axis=0), points.max(axis=0)
    half = MARGIN * float((high - low).max())
    return Grid.square((low + high) / 2, half or 1.0, resolution)


def _notes(
    trained: TrainedRun,
    networks: TrainedNetworks,
    path: TrainingPath | None,
    used: int,
    rows: int,
    options: LandscapeOptions,
) -> Iterator[str]:
    """What to keep in mind when looking at the surfaces."""
    if used < rows:
        yield f"a sample of {used:,} of {rows:,} {options.split} rows; --rows takes more"
    if options.member is None and len(trained.parameters) > 1:
        yield f"the first of {len(trained.parameters)} networks; --member takes another"
    if networks.model.architecture.couples_rows:
        yield "batch norm with the running averages of the final weights"
    if _ended_elsewhere(trained, networks, path):
        yield "training again ended with other weights than the run has, so that its path is only alike"


def _ended_elsewhere(trained: TrainedRun, networks: TrainedNetworks, path: TrainingPath | None) -> bool:
    """Whether training again has not repeated the run, as on another machine."""
    if path is None or path.ended is None or trained.experiment.training.snapshots > 1:
        return False
    return not np.array_equal(path.ended, networks.parameters[0])
