"""Whether probabilities can be calibrated, and decisions made by a threshold, with these data."""

from collections.abc import Callable

from nettrain.catalogue.metrics import Task
from nettrain.data.prepare import Prepared, Rows
from nettrain.errors import DataError, SpecError
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of, task_of

CALIBRATION, THRESHOLD = "calibration", "threshold"
LACKS: dict[str, Callable[[bool, bool], str]] = {  # of rows with positives, and with negatives
    "f1": lambda positive, negative: "" if positive else "positive rows",
    "youden": lambda positive, negative: "" if positive and negative else "rows of both classes",
}


def check_calibration(experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError when there is nothing to calibrate, or no validation rows to do it by."""
    name, task = experiment.calibration.name, task_of(data.preprocessing, experiment)
    if name == "none":
        return
    fits, loss = experiment.calibration.targets, loss_of(experiment).name
    if task.targets not in fits:
        meant = "numbers" if "numbers" in fits else "classes and labels"
        raise SpecError(f"{CALIBRATION}: {name} is for {meant}, the targets are {task.targets}")
    if loss_of(experiment).outputs_per_target > 1:
        raise SpecError(f"{CALIBRATION}: {name} does nothing for {loss}, which predicts intervals itself")
    if task.targets != "numbers" and not task.probabilities:
        raise SpecError(
            f"{CALIBRATION}: {name} needs probabilities, {loss} gives scores;"
            " cross_entropy and binary_cross_entropy give probabilities"
        )
    _check_validation_rows(CALIBRATION, name, experiment, data.validation)


def check_threshold(experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError or DataError when there is nothing to decide, or nothing to choose a threshold by."""
    threshold, task = experiment.threshold, task_of(data.preprocessing, experiment)
    if threshold == "none":
        return
    shown = threshold if isinstance(threshold, str) else f"{threshold:g}"
    if task.targets == "numbers":
        raise SpecError(f"{THRESHOLD}: {shown} is for two classes and labels, the targets are numbers")
    if task.targets == "classes":
        raise SpecError(
            f"{THRESHOLD}: {shown} is for two classes and labels,"
            f' "{task.names[0]}" has {len(task.classes)} classes'
        )
    if not isinstance(threshold, str):
        if task.probabilities and not 0 <= threshold <= 1:
            raise SpecError(f"{THRESHOLD}: {shown} is no probability, which is from 0 to 1")
        return
    _check_validation_rows(THRESHOLD, threshold, experiment, data.validation)
    assert data.validation is not None
    lacking = [LACKS[threshold](*both) for both in _occurring(task, data.validation)]
    if all(lacking):
        raise DataError(f"{THRESHOLD}: {threshold} needs {lacking[0]} among the validation rows")


def _check_validation_rows(key: str, name: str, experiment: Experiment, rows: Rows | None) -> None:
    if rows is not None:
        return
    share = experiment.data.validation
    why = f"{share} of so few rows is none" if share else "is 0"
    raise SpecError(f"{key}: {name} needs validation rows, but data.validation {why}")


def _occurring(task: Task, rows: Rows) -> list[tuple[bool, bool]]:
    """Whether there are positive rows, and negative ones, for each target."""
    y = rows.y[rows.weight > 0]
    columns = y.T if task.targets == "labels" else [y]
    return [(bool((one == 1).any()), bool((one == 0).any())) for one in columns]
