"""An experiment as it will run, with every key."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nettrain.errors import DataError
from nettrain.experiment.blending import BLEND, blend_entry, networks_of
from nettrain.experiment.load import load
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.experiment.settings import Experiment


@dataclass(frozen=True)
class ShownExperiment:
    """A resolved experiment, and notes on how it was read."""

    experiment: Experiment
    notes: tuple[str, ...]


def resolved_experiment(path: Path, overrides: Sequence[str] = ()) -> ShownExperiment:
    """The experiment in a file, resolved with its data.

    When the data cannot be read, what only they can tell (loss, kind of target, threads) stays at auto, and a
    note says so. Raises SpecError when the file is wrong.
    """
    loaded = load(path, overrides)
    _, *others = networks_of(loaded)
    experiment, notes = resolve(loaded.experiment), list(loaded.notes)
    blended = [resolve(one.experiment) for one in others]
    try:
        with loaded.locating_errors():
            experiment, _ = read_and_resolve(experiment)
        blended = [read_and_resolve(one)[0] for one in blended]
    except DataError as error:
        notes.append(f"the data cannot be read, so some keys stay at auto: {error}")
    experiment = experiment.model_copy(update={BLEND: [blend_entry(experiment, one) for one in blended]})
    return ShownExperiment(experiment, tuple(notes))
