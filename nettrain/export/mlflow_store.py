"""Runs in a store of MLflow, which its client writes: a folder, a database or a server."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from nettrain.errors import NettrainError, SpecError
from nettrain.files import create_folder

INSTALL = 'MLflow\'s client is not installed: pip install "nettrain[mlflow]"'
MOST_FIGURES, MOST_PARAMETERS = 1000, 100  # in one request
DEFAULTS = {
    "MLFLOW_ALLOW_FILE_STORE": "true",  # without it the client writes no folders
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # where --json prints one object
    "MLFLOW_DISABLE_TELEMETRY": "true",  # what is exported concerns nobody but the store
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # of a server that does not answer; its own 7 take minutes
}
PARENT = "mlflow.parentRunId"  # a tag that MLflow knows

TrackingStatus = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class TrackedFigure:
    """The value of a figure at a step, and when it was measured (seconds since 1970)."""

    name: str
    value: float
    step: int
    when: float


class TrackingStore:
    """A store of runs. `place` is a folder, which is created if need be, or an address with `://`.

    Raises SpecError when the client is not installed, or the folder is a file; this and what it returns raise
    NettrainError when the store refuses.
    """

    def __init__(self, place: str) -> None:
        if find_spec("mlflow") is None:
            raise SpecError(f"--mlflow: {INSTALL}")
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        if "://" not in place:
            create_folder(Path(place))
        self.place = place
        self.uri = place if "://" in place else Path(place).resolve().as_uri()
        with refusals(place):
            tracking, self._entities = import_module("mlflow.tracking"), import_module("mlflow.entities")
            self._client: Any = tracking.MlflowClient(tracking_uri=self.uri)

    def experiment(self, name: str) -> str:
        """The identifier of the experiment of this name, which is created if need be."""
        with refusals(self.place):
            found = self._client.get_experiment_by_name(name)
            return str(found.experiment_id if found else self._client.create_experiment(name))

    def begin(
        self,
        experiment: str,
        name: str,
        began: float,
        tags: Mapping[str, str],
        parent: "TrackedRun | None" = None,
    ) -> "TrackedRun":
        """A new run of an experiment, by its identifier, that began at a time, below the `parent` if any."""
        nested = {} if parent is None else {PARENT: parent.identifier}
        with refusals(self.place):
            created = self._client.create_run(
                experiment, start_time=_milliseconds(began), tags={**tags, **nested}, run_name=name
            )
        return TrackedRun(self.place, self._client, self._entities, str(created.info.run_id))


@dataclass(frozen=True)
class TrackedRun:
    """A run in a store."""

    place: str
    client: Any
    entities: Any
    identifier: str

    def add_parameters(self, values: Mapping[str, str]) -> None:
        """Add settings."""
        parameters = [self.entities.Param(name, value) for name, value in values.items()]
        for some in _chunks(parameters, MOST_PARAMETERS):
            with refusals(self.place):
                self.client.log_batch(self.identifier, params=some)

    def add_figures(self, figures: Sequence[TrackedFigure]) -> None:
        """Add figures; there may be many of one name, at different steps."""
        metrics = [
            self.entities.Metric(one.name, one.value, _milliseconds(one.when), one.step) for one in figures
        ]
        for some in _chunks(metrics, MOST_FIGURES):
            with refusals(self.place):
                self.client.log_batch(self.identifier, metrics=some)

    def add_file(self, path: Path, folder: str) -> None:
        """Copy a file into a folder of the run's artifacts."""
        with refusals(self.place):
            self.client.log_artifact(self.identifier, str(path), folder)

    def end(self, status: TrackingStatus, ended: float) -> None:
        """Say how it ended, and when (seconds since 1970)."""
        with refusals(self.place):
            self.client.set_terminated(self.identifier, status, _milliseconds(ended))


@contextmanager
def refusals(place: str) -> Iterator[None]:
    """Turn errors of the client into one line."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("mlflow") and not isinstance(error, OSError | ImportError):
            raise
        raise NettrainError(f"--mlflow: {place}: {_reason(place, error)}") from error


def _reason(place: str, error: Exception) -> str:
    """Why the client refused, in one line."""
    text = " ".join(str(error).split())
    if place.startswith("http") and "HTTPConnectionPool" in text:
        return "no server answers there"
    if "unsupported URI" in text or isinstance(error, ImportError):
        return (
            "mlflow-skinny writes folders and to servers alone; databases need all of it: pip install mlflow"
        )
    return text


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)


def _chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
