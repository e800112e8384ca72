"""Training resolved experiments, as few populations as possible, for estimators."""

from collections.abc import Sequence

from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.sklearn.fitting import _prepared, _trained
from nettrain.workflow.in_memory import MemoryRun


def train_all(trainees: Sequence[tuple[Experiment, Prepared]]) -> list[MemoryRun | None]:
    """Train the network of each experiment on its data; None for those that diverge."""
    runs = [_trained(_prepared(experiment, data), lambda event: False) for experiment, data in trainees]
    return [None if run.summary["status"] == "diverged" else run for run in runs]
