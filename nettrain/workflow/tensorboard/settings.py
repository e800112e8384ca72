"""The settings of an experiment as TensorBoard's page HPARAMS compares them."""

from collections.abc import Mapping

from nettrain.experiment.changes import flatten
from nettrain.experiment.settings import Experiment
from nettrain.export.tensorboard.hparams import SettingValue
from nettrain.sweep.values import as_text

COMPARED = (  # of runs that are no trials of a search
    *("seed", "model.hidden", "model.activation.name", "model.norm.name", "model.dropout", "loss.name"),
    *("optimizer.name", "optimizer.learning_rate", "schedule.name", "regularization.l2"),
    *("training.epochs", "training.batch_size", "training.weight_decay"),
)


def setting_value(value: object) -> SettingValue:
    """A value as it is, or if it is neither number, flag nor text, as it stands in a file."""
    return value if isinstance(value, str | bool | int | float) else as_text(value)


def compared_settings(experiment: Experiment) -> Mapping[str, SettingValue]:
    """The settings by which runs are told from each other, by dotted key."""
    settings = dict(flatten(experiment.model_dump()))
    return {key.removesuffix(".name"): setting_value(settings[key]) for key in COMPARED if key in settings}
