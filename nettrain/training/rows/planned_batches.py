"""From the settings of an experiment to batches of its training rows."""

from nettrain.data.prepare import Rows
from nettrain.errors import DataError, SpecError
from nettrain.experiment.settings import Experiment
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.training.rows.batches import BatchPlan


def batches_of(experiment: Experiment, train: Rows) -> BatchPlan:
    """How the training rows are cut into batches. Raises DataError when one is larger than all of them."""
    rows = len(train.x)
    size = experiment.training.batch_rows(rows)
    min_rows = 2 if experiment.model.couples_rows else 1
    if rows < min_rows:
        raise DataError("model.batch_norm: one training row has no spread, it needs two")
    if size > rows:
        raise DataError(f"training.batch_size: {size} is more than the {rows} training rows; write full")
    full = experiment.training.batch_size == "full"
    batches = BatchPlan(rows, size, not full and experiment.training.drop_last, min_rows)
    _check_evaluations(experiment.training, batches.steps)
    return batches


def _check_evaluations(settings: TrainingSettings, steps: int) -> None:
    """Raise SpecError when there would be several evaluations after one step."""
    parts = settings.evaluations_per_epoch
    if parts > steps:
        has = "one step" if steps == 1 else f"{steps} steps"
        least = "1 is the least" if steps == 1 else f"{1 / steps:.3g} evaluates after each"
        text = f"{settings.evaluate_every:g} is {parts} evaluations in an epoch, which has {has}; {least}"
        raise SpecError(f"training.evaluate_every: {text}")
