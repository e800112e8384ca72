"""From a loaded experiment to a training that is ready to run."""

from dataclasses import dataclass

import numpy as np

from nettrain.backend.choose import choose_backend
from nettrain.backend.host_memory import return_freed_memory
from nettrain.data.prepare import Prepared
from nettrain.data.reading.memory import MemoryTables
from nettrain.experiment.evaluated_rows import evaluation_notes
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.replicas import replicas
from nettrain.experiment.resolution import batch_notes, rate_is_auto, read_and_resolve, resolve
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of
from nettrain.inference.dataset import dataset_of
from nettrain.training.build import build
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.diagnostics.profile import Profile
from nettrain.training.loop import TrainingLoop
from nettrain.training.rows.planned_batches import batches_of


@dataclass(frozen=True)
class PreparedTraining:
    """A training before its first step, the experiment of each member, and the data."""

    training: TrainingLoop
    members: list[Experiment]
    data: Prepared
    notes: tuple[str, ...] = ()  # on how the experiment was read
    backend_reason: str = ""  # why `auto` took this backend

    @property
    def experiment(self) -> Experiment:
        """What all members share."""
        return self.training.run.experiment


@np.errstate(all="ignore")  # what is not finite is reported in words
def prepare_training(
    loaded: LoadedExperiment, memory: MemoryTables | None = None, *, profile: bool = False
) -> PreparedTraining:
    """Read the data, resolve the experiment with them, and allocate everything the training needs.

    A learning rate that is left at auto is found by a range test, and becomes a number. `memory` has the
    tables of an experiment whose data are in memory. With `profile` the training measures how long each part
    takes. Errors name the line of the experiment file or the override that they come from: SpecError,
    DataError, or BackendError when the backend is not available.
    """
    with loaded.locating_errors():
        experiment, data = read_and_resolve(resolve(loaded.experiment), memory)
        return_freed_memory()
        found: list[str] = []
        if rate_is_auto(experiment):
            from nettrain.workflow.find_rate import with_rate_found

            experiment, found = with_rate_found(experiment, data)
        backend = named_backend(experiment.backend)
        members = replicas(experiment)
        with explained_shortage(experiment):
            run = build(members, data, backend, profile=Profile() if profile else None, recorded=True)
            training = TrainingLoop(run)
    asked = loaded.experiment.backend
    notes = (
        *loaded.notes,
        *found,
        *batch_notes(loaded.experiment, data),
        *evaluation_notes(loaded.experiment, experiment, len(data.train.x)),
    )
    return PreparedTraining(training, members, data, notes, choose_backend(asked.name, asked.device).reason)


def check_trainable(experiment: Experiment, data: Prepared) -> None:
    """Raise, before anything is trained or written, what building the training of this experiment would."""
    backend, outputs = named_backend(experiment.backend), network_of(experiment, data).outputs
    batches_of(experiment, data.train)
    for rows in (data.train, data.validation, data.test):
        if rows is not None:
            dataset_of(rows, experiment, backend.dtype, outputs)
