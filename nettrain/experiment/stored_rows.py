"""What a training on rows that stay on disk comes to, and what it cannot do."""

from nettrain.backend.scratch_file import block_rows
from nettrain.data.prepare import Prepared
from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of
from nettrain.experiment.training_settings import TrainingSettings

ON_DISK = "rows on disk (data.storage: disk)"


def with_window(training: TrainingSettings, data: Prepared) -> TrainingSettings:
    """The settings with a window in which rows on disk are mixed: whole batches, of about a block's size.

    It becomes a number, on which the order of the rows depends, so that a run repeats on any machine.
    """
    x = data.train.x
    mixes = training.shuffle and training.sampling == "permutation"
    if data.settings.storage != "disk" or training.shuffle_window is not None or not mixes:
        return training
    batch = training.batch_rows(len(x))
    window = max(1, block_rows(x.shape[1] * x.itemsize) // batch) * batch
    return training if window >= len(x) else training.model_copy(update={"shuffle_window": window})


def check_storage(experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError for what needs all rows in memory, when they stay on disk."""
    if data.settings.storage != "disk":
        return
    training = experiment.training
    if training.batch_size == "full":
        raise SpecError(f"training.batch_size: full takes all {ON_DISK} at once; give a number")
    if training.sampling == "replacement":
        raise SpecError(f"training.sampling: replacement draws from all {ON_DISK} at once; write permutation")
    layers = [node.layer for node in network_of(experiment, data).nodes]
    if any(layer.statistics_from_rows for layer in layers):
        raise SpecError(f"model.embeddings: this one is fitted on all {ON_DISK} at once; choose another")
