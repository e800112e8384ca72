"""A device without room for a run, told as what was asked for, what is free and what to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

from nettrain.backend.device import describe_shortage, is_shortage
from nettrain.errors import DeviceMemoryError
from nettrain.experiment.settings import Experiment


@contextmanager
def shortage_told(experiment: Experiment) -> Iterator[None]:
    """Errors of a device that has no memory left become a DeviceMemoryError that says what to lower."""
    try:
        yield
    except Exception as error:
        if not is_shortage(error) or isinstance(error, DeviceMemoryError):
            raise
        told = describe_shortage(error, experiment.backend.device)
        raise DeviceMemoryError(f"backend.{told}; lower {to_lower(experiment)}") from error


def to_lower(experiment: Experiment) -> str:
    """The settings that a run's memory grows with, those that can be lowered, with their values."""
    training = experiment.training
    numbers = {"batch_size": training.batch_size, "repeat": training.repeat, "ensemble": training.ensemble}
    found = [f"training.{key} ({value})" for key, value in numbers.items() if value != 1]
    if experiment.backend.dtype == "float64":
        found.append("backend.dtype (float32)")
    return " or ".join(found or ["model.hidden"])
