"""What a cross-validation will train: the experiment of each fold, resolved with the fold's own data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nettrain.backend.choose import choose_backend
from nettrain.data.fold_errors import naming_fold
from nettrain.data.fold_notes import joint_notes
from nettrain.data.giveaways import giveaway_notes
from nettrain.data.prepare import Prepared
from nettrain.data.prepared_folds import PreparedFold, prepare_folds
from nettrain.data.reading.memory import MemoryTables
from nettrain.experiment.evaluated_rows import evaluation_notes
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.replicas import replicas
from nettrain.experiment.resolution import batch_notes, data_settings_of, remarks, resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of
from nettrain.model.architecture import Architecture
from nettrain.workflow.description import TrainingDescription
from nettrain.workflow.find_rate import with_rate_found
from nettrain.workflow.loss_parts import floor_notes
from nettrain.workflow.postprocessing_notes import postprocessing_notes
from nettrain.workflow.preparation import check_trainable


@dataclass(frozen=True, eq=False)
class PlannedFold:
    """A fold before its training: its experiment, which takes it and is resolved with its data, and the data.

    `number` counts from 1 over all repeats; `rows` (M,) are the numbers of its validation rows in the source,
    as `predict` numbers rows.
    """

    number: int
    repeat: int
    experiment: Experiment
    data: Prepared
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def members(self) -> list[Experiment]:
        """The experiment of each of its networks: one, or those of a repeat or an ensemble."""
        return replicas(self.experiment)

    @property
    def sizes(self) -> dict[str, int]:
        """How many rows each split has, by the names of figures: train, val, test."""
        splits = {"train": self.data.train, "val": self.data.validation, "test": self.data.test}
        return {name: len(rows.y) for name, rows in splits.items() if rows is not None}


@dataclass(frozen=True, eq=False)
class PlannedCrossValidation:
    """The folds of a cross-validation before training.

    `experiment` is what all of them share, with every key: training from it repeats the run. Keys in which
    folds differ are left as they were before the data were known.
    """

    experiment: Experiment
    folds: tuple[PlannedFold, ...]
    notes: tuple[str, ...]
    backend_reason: str = ""  # why `auto` took this backend
    memory: MemoryTables | None = field(default=None, repr=False)

    @property
    def architecture(self) -> Architecture:
        """The layers of the first fold's network; others may have more or fewer inputs."""
        first = self.folds[0]
        return network_of(first.experiment, first.data)

    @property
    def description(self) -> TrainingDescription:
        """What is trained on what, with the rows of the first fold."""
        first = self.folds[0]
        network, settings = self.architecture, first.experiment.backend
        preprocessing, training = first.data.preprocessing, first.experiment.training
        splits = {
            "train": first.data.train,
            "validation": first.data.validation,
            "test": first.data.test,
        }
        threads = settings.threads
        assert threads != "auto", "threads are resolved with the data"
        return TrainingDescription(
            experiment=self.experiment.experiment,
            recipe=self.experiment.recipe_name,
            rows={split: len(rows.y) for split, rows in splits.items() if rows is not None},
            inputs=network.inputs,
            targets=tuple(preprocessing.target_names),
            classes=len(preprocessing.classes),
            positive=preprocessing.classes[1] if len(preprocessing.classes) == 2 else "",
            widths=tuple(network.widths),
            parameters=network.parameters,
            members=len(first.members),
            ensemble=training.ensemble > 1,
            own_orders=training.vary != "weights",
            backend=settings.name,
            dtype=settings.dtype,
            threads=threads,
            backend_reason=self.backend_reason,
        )


@np.errstate(all="ignore")  # what is not finite is reported in words
def plan_cross_validation(
    loaded: LoadedExperiment, memory: MemoryTables | None = None
) -> PlannedCrossValidation:
    """Read the data once, and resolve the experiment with those of each fold.

    `memory` has the tables of an experiment whose data are in memory. Raises what `prepare_training` raises,
    with the number of the fold where it is not of all.
    """
    with loaded.locating_errors():
        machine = resolve(loaded.experiment)
        settings, dtype = data_settings_of(machine), machine.backend.dtype
        prepared = prepare_folds(settings, seed=settings.seed or 0, dtype=dtype, memory=memory)
        each = [_planned(loaded, machine, one) for one in prepared]
    folds, notes = [fold for fold, _ in each], [some for _, some in each]
    experiment = common_experiment(machine, [fold.experiment for fold in folds])
    asked, backend = loaded.experiment.backend, named_backend(folds[0].experiment.backend)
    return PlannedCrossValidation(
        experiment,
        tuple(folds),
        (*loaded.notes, *getattr(backend, "notes", ()), *joint_notes(notes)),
        choose_backend(asked.name, asked.device).reason,
        memory,
    )


def _planned(
    loaded: LoadedExperiment, machine: Experiment, fold: PreparedFold
) -> tuple[PlannedFold, list[str]]:
    """A fold with its experiment, and notes on it."""
    data = fold.data
    with naming_fold(fold.number):
        experiment = resolve_with_data(machine, data)
        check_trainable(experiment, data)
        experiment, found = with_rate_found(experiment, data)
    planned = PlannedFold(fold.number, fold.repeat, experiment, data, fold.rows)
    return planned, [
        *found,
        *batch_notes(loaded.experiment, data),
        *evaluation_notes(loaded.experiment, experiment, len(data.train.x)),
        *data.notes,
        *giveaway_notes(data.preprocessing, data.train),
        *remarks(experiment),
        *postprocessing_notes(experiment, data),
        *floor_notes(planned.members, data, network_of(experiment, data).outputs),
    ]


def common_experiment(before: Experiment, each: Sequence[Experiment]) -> Experiment:
    """The experiment that all of these are, with the value `before` of every key in which they differ."""
    dumps = [one.model_dump() for one in each]
    return Experiment.model_validate(_common(before.model_dump(), dumps))


def _common(before: object, each: Sequence[object]) -> object:
    first = each[0]
    if all(one == first for one in each):
        return first
    blocks = [one for one in each if isinstance(one, Mapping)]
    if not isinstance(before, Mapping) or len(blocks) < len(each):
        return before
    return {key: _common(before.get(key), [one.get(key) for one in blocks]) for key in blocks[0]}
