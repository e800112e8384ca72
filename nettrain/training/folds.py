"""The folds of a population: members that train on the same rows, among others that train on other rows.

The training rows of all folds lie in one table, one fold after the other. A step of equally large batches
takes the rows of every member from this table; where batches differ, each fold has a step of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

import numpy as np

from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.inference.dataset import Dataset, place_datasets
from nettrain.inference.model import Model
from nettrain.training.rows.batches import Index
from nettrain.training.run import FoldData, TrainingData, TrainingRun

ALL_ROWS = 1 << 62  # training rows to evaluate: all of them, however many a fold has
SAMPLE = "evaluated training"  # rows, among those that have to be placed


@dataclass(frozen=True, eq=False)
class FoldMembers:
    """Members of a population, by number, that train on the same data, and the experiment of each."""

    members: range
    experiments: Sequence[Experiment]
    data: Prepared

    @property
    def experiment(self) -> Experiment:
        """The experiment of its first member."""
        return self.experiments[0]


def folds_of(experiments: Sequence[Experiment], data: Prepared | Sequence[Prepared]) -> list[FoldMembers]:
    """The folds of members with these experiments: those next to each other with the same data.

    Raises ValueError when members with the same data have others between them.
    """
    if isinstance(data, Prepared):
        return [FoldMembers(range(len(experiments)), experiments, data)]
    runs = [list(run) for _, run in groupby(range(len(data)), key=lambda member: id(data[member]))]
    if len({id(data[run[0]]) for run in runs}) < len(runs):
        raise ValueError("members that train on the same rows have to be next to each other")
    return [
        FoldMembers(range(run[0], run[-1] + 1), experiments[run[0] : run[-1] + 1], data[run[0]])
        for run in runs
    ]


def shared_settings(folds: Sequence[FoldMembers]) -> list[Experiment]:
    """The experiment of each member; where there are several folds, without what belongs to its own alone."""
    if len(folds) == 1:
        return list(folds[0].experiments)
    common = {"data": folds[0].experiment.data}
    return [
        of_any_fold(experiment, fold.data).model_copy(update=common)
        for fold in folds
        for experiment in fold.experiments
    ]


def of_any_fold(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment without the number of rows of its fold: evaluated rows are all, where they are."""
    training, rows = experiment.training, len(data.train.x)
    if isinstance(training.evaluate_train, str) or training.evaluate_train < rows:
        return experiment
    all_rows = training.model_copy(update={"evaluate_train": ALL_ROWS})
    return experiment.model_copy(update={"training": all_rows})


# ----- rows -----


def joined(
    parts: Sequence[TrainingData], models: Sequence[Model], folds: Sequence[FoldMembers]
) -> TrainingData:
    """The rows of several folds, on the host, as those of one population."""
    trains = [part.train for part in parts]
    x, y, weight = (np.concatenate(arrays) for arrays in zip(*(one.arrays for one in trains), strict=True))
    train = Dataset(
        x,
        y,
        weight,
        unweighted=all(one.unweighted for one in trains),
        targets=np.concatenate([one.targets for one in trains]),
        weights=np.concatenate([one.weights for one in trains]),
    )
    offsets = accumulate((one.rows for one in trains[:-1]), initial=0)
    each = [
        FoldData(fold.members, model, replace(part, offset=offset))
        for fold, model, part, offset in zip(folds, models, parts, offsets, strict=True)
    ]
    batches = max((part.batches for part in parts), key=lambda one: one.rows)
    return with_train(TrainingData({}, batches, folds=each), train)


def with_train(data: TrainingData, train: Dataset) -> TrainingData:
    """The rows with these training rows of all folds, of which each fold has its own."""
    return replace(data, datasets={"train": train}, folds=[_of_fold(one, train) for one in data.folds])


def _of_fold(fold: FoldData, train: Dataset) -> FoldData:
    rows, first = fold.data.batches.rows, fold.data.offset
    own = train.select(slice(first, first + rows))
    evaluated = fold.data.evaluated
    all_rows = evaluated is not None and evaluated.rows == rows
    others = {split: dataset for split, dataset in fold.data.datasets.items() if split != "train"}
    datasets = {"train": own, **others}  # in the order of a run of its own
    return replace(fold, data=replace(fold.data, datasets=datasets, evaluated=own if all_rows else evaluated))


def placed_folds(run: TrainingRun, reserved: int, chunk: int) -> TrainingData:
    """The rows of all folds with their datasets on the device; all but the training rows, as far as they fit.

    `reserved` bytes are for all else there; rows that stay on the host pass in `chunk` rows.
    """
    data = run.data
    others = {
        f"{split} (fold {number})": dataset
        for number, fold in enumerate(data.folds, 1)
        for split, dataset in _others(fold).items()
    }
    streaming = {name: dataset.bytes_of(chunk) for name, dataset in others.items()}
    placed, notes = place_datasets({"train": data.train, **others}, run.backend, reserved, streaming)
    folds = [
        _with_others(fold, {split: placed[f"{split} (fold {number})"] for split in _others(fold)})
        for number, fold in enumerate(data.folds, 1)
    ]
    return with_train(replace(data, folds=folds, notes=notes), placed["train"])


def _others(fold: FoldData) -> dict[str, Dataset]:
    """The datasets of a fold that are not its training rows, or only a sample of them."""
    others = {split: dataset for split, dataset in fold.data.datasets.items() if split != "train"}
    evaluated = fold.data.evaluated
    sample = evaluated is not None and evaluated.rows < fold.data.batches.rows
    return {**others, SAMPLE: evaluated} if sample and evaluated is not None else others


def _with_others(fold: FoldData, placed: dict[str, Dataset]) -> FoldData:
    evaluated = placed.pop(SAMPLE, fold.data.evaluated)
    return replace(fold, data=replace(fold.data, datasets=placed, evaluated=evaluated))


# ----- orders -----


def joined_orders(parts: Sequence[TrainingRun], orders: Sequence[Index], rows: int) -> Index:
    """The rows (R, N) of an epoch in the table of all folds, from the orders (G, N') of each part's own rows.

    Orders of fewer than N `rows` are filled up with rows that no step takes.
    """
    sizes = [part.population.size * part.orders_per_member for part in parts]
    joint = np.zeros((sum(sizes), rows), np.intp)
    first = 0
    for part, order, size in zip(parts, orders, sizes, strict=True):
        each = np.broadcast_to(order, (part.population.size // part.order_count, *order.shape))
        joint[first : first + size, : order.shape[1]] = each.reshape(size, -1) + part.data.offset
        first += size
    return joint
