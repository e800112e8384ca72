"""A device without enough memory for a run: an error that says how much was needed, and what to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

from nettrain.backend.device import describe_shortage, is_shortage
from nettrain.errors import DeviceMemoryError
from nettrain.experiment.settings import Experiment


@contextmanager
def explained_shortage(experiment: Experiment) -> Iterator[None]:
    """Turn errors of a device that has no memory left into a DeviceMemoryError that says what to lower."""
    try:
        yield
    except Exception as error:
        if not is_shortage(error) or isinstance(error, DeviceMemoryError):
            raise
        shortage = describe_shortage(error, experiment.backend.device)
        raise DeviceMemoryError(f"backend.{shortage}; lower {settings_to_lower(experiment)}") from error


def settings_to_lower(experiment: Experiment) -> str:
    """The settings on which the memory of a run depends and that can be lowered, with their values."""
    training = experiment.training
    numbers = {"batch_size": training.batch_size, "repeat": training.repeat, "ensemble": training.ensemble}
    settings = [f"training.{key} ({value})" for key, value in numbers.items() if value != 1]
    if experiment.backend.dtype == "float64":
        settings.append("backend.dtype (float32)")
    return " or ".join(settings or ["model.hidden"])
