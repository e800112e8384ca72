"""Which networks can train as one population, whatever rows each of them trains on.

Members share all steps: an experiment that differs in numbers alone, one architecture, and epochs of equally
many steps. The rows may differ, as those of the folds of a cross-validation do.
"""

from collections.abc import Sequence

from nettrain.catalogue.members import grouping_key
from nettrain.data.prepare import Prepared
from nettrain.data.settings import DataSettings
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, targets_of
from nettrain.training.folds import of_any_fold
from nettrain.training.rows.planned_batches import batches_of

ANY_DATA = DataSettings(source="any")  # in place of where the rows come from, which the key leaves out


def populations(members: Sequence[tuple[Experiment, Prepared]]) -> list[list[int]]:
    """The positions of the members that can train together, each population in an order that `build` takes.

    Experiments are resolved with their data. Members with the same `Prepared` are next to each other, and
    otherwise the order is that given.
    """
    keys = [population_key(experiment, data) for experiment, data in members]
    return grouped(keys, [data for _, data in members])


def grouped(keys: Sequence[str], data: Sequence[Prepared]) -> list[list[int]]:
    """The positions with the same key, those with the same data next to each other."""
    groups: dict[str, dict[int, list[int]]] = {}
    for position, (key, own) in enumerate(zip(keys, data, strict=True)):
        groups.setdefault(key, {}).setdefault(id(own), []).append(position)
    return [[position for fold in by_data.values() for position in fold] for by_data in groups.values()]


def population_key(experiment: Experiment, data: Prepared) -> str:
    """The text that is equal for members that can share a population."""
    batches, network = batches_of(experiment, data.train), network_of(experiment, data)
    rows = batches.steps, batches.last_full if experiment.training.diagnostics else 0
    splits = data.validation is not None, data.test is not None
    columns = hash(network.columns)  # of which there may be thousands
    form = network.inputs, columns, network.outputs, targets_of(data.preprocessing)
    shared = of_any_fold(experiment, data).model_copy(update={"data": ANY_DATA})
    return f"{rows} {splits} {form} {grouping_key(shared)}"
