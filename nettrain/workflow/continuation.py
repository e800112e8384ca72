"""Whether a training ended too early, and how it can go on."""

from collections.abc import Mapping, Sequence

from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.store.summary import Ending, Improving, RunSummary
from nettrain.training.resumption.changes import check_changes
from nettrain.training.run import TrainingRun

NEARLY = 0.05  # of all epochs: a best epoch so near to the end is as good as the last one
FEW = 5  # epochs, of which only the last is near the end
LIMITS = {"epochs": "epochs", "max_seconds": "max_seconds"}  # by reason to stop: the setting that lifts it


def still_improving(ending: Ending, training: TrainingSettings) -> bool:
    """Whether epochs or time ran out while the monitored figure improved, with its best among the last.

    A single evaluation, as when there is one every 100 epochs of 100, says nothing, and neither does the best
    epoch where the last of equally good ones is taken.
    """
    if training.early_stopping is not None and training.early_stopping.ties == "last":
        return False
    best, epochs = ending["best_epoch"], ending["epochs_run"]
    ran_out = ending["status"] == "finished" and ending["stop_reason"] in LIMITS
    return (
        ran_out
        and epochs > max(1, training.evaluate_every)
        and best is not None
        and epochs - best <= max(epochs >= FEW, NEARLY * epochs)
    )


def improving(summary: RunSummary, run: TrainingRun, steps: int) -> Improving | None:
    """How many networks were still improving after so many `steps`, and how to go on; None when none were."""
    networks: Sequence[Ending] = summary.get("members") or [summary]
    training = run.experiment.training
    reasons = [one["stop_reason"] for one in networks if still_improving(one, training)]
    if not reasons:
        return None
    longer = {LIMITS[reason]: _twice(run.experiment, LIMITS[reason]) for reason in sorted({*reasons})}
    return {
        "networks": len(reasons),
        "overrides": [f"training.{key}={value:g}" for key, value in longer.items()],
        "resumable": _can_change(run, steps, longer),
    }


def _twice(experiment: Experiment, key: str) -> float:
    return 2 * float(getattr(experiment.training, key))


def _can_change(run: TrainingRun, steps: int, changes: Mapping[str, float]) -> bool:
    """Whether the training so far would have been the same with these changes of its limits."""
    before = run.experiment
    limits = {key: int(value) if key == "epochs" else value for key, value in changes.items()}
    after = before.model_copy(update={"training": before.training.model_copy(update=limits)})
    try:
        check_changes(before, after, steps, run.data.batches.steps)
    except SpecError:
        return False
    return True
