"""Which settings may change when a run is resumed, and which members train again then.

Settings of the future may change: more epochs, another patience, monitor, time limit or target. Settings that
would have changed the steps so far are refused by name; for schedules the learning rates and factors
themselves are compared. The location of data may change, since data are recognized by their fingerprint.
"""

from collections.abc import Sequence

from nettrain.data.settings import is_path
from nettrain.errors import SpecError
from nettrain.experiment.changes import Difference, differences
from nettrain.experiment.settings import Experiment
from nettrain.training.control.snapshots import snapshot_epochs
from nettrain.training.resumption.rates import RATE_SETTINGS, changed_rates, way_to_keep_rates

FUTURE = (  # settings that do not affect the steps so far
    "training.epochs",
    "training.early_stopping",
    "training.max_seconds",
    "training.target",
    "training.convergence",
    "training.checkpoint",
    "training.diagnostics",
    "training.history",
    "calibration",
    "threshold",
)
LOCATIONS = ("data.source", "data.storage", "backend.name", "backend.device", "backend.tf32")
SPLIT_LOCATIONS = ("data.test", "data.validation")  # where they are sources, not shares
READ_FROM_FILES = ("data.header", "data.separator")
EVALUATE_TRAIN = "training.evaluate_train"
BEST = ("best", "best_epoch", "waited", "best_parameters", "best_statistics")  # arrays of the population
LIFTED = {  # by setting: the reason to stop that another value lifts
    "training.epochs": "epochs",
    "training.early_stopping": "early_stopping",
    "training.max_seconds": "max_seconds",
    "training.target": "target",
    "training.convergence": "converged",
}


def changed_settings(before: Experiment, after: Experiment) -> list[Difference]:
    """The keys in which the experiment of a run and the one to resume it with differ."""
    return differences(before.model_dump(), after.model_dump())


def check_changes(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> list[Difference]:
    """The changes, of which none may affect the `done` steps so far. Raises SpecError for those that do."""
    changes = changed_settings(before, after)
    allowed = (*FUTURE, *LOCATIONS, *RATE_SETTINGS, *_free_evaluation(after))
    _refuse([one for one in changes if not _is_below(one.key, allowed) and not _moved(one)])
    _check_snapshots(before, after, done // steps_per_epoch)
    epochs = -(-done // steps_per_epoch)
    if after.training.epochs < epochs:
        raise SpecError(f"training.epochs: {after.training.epochs} is less than the {epochs} that are begun")
    of_rates = [one for one in changes if _is_below(one.key, RATE_SETTINGS)]
    changed = changed_rates(before, after, done, steps_per_epoch) if of_rates else []
    if changed:
        way = way_to_keep_rates(before, after, done, steps_per_epoch)
        raise SpecError([_refused_rates(one, changed, done, way) for one in of_rates])
    return changes


def check_data_settings(before: Experiment, after: Experiment) -> None:
    """Raises SpecError for changes of data settings, when the data cannot even be prepared with them."""
    changes = [one for one in changed_settings(before, after) if _is_below(one.key, ["data"])]
    _refuse([one for one in changes if not _is_below(one.key, LOCATIONS) and not _moved(one)])


def reasons_lifted(changes: Sequence[Difference]) -> set[str]:
    """The reasons to have stopped that these changes lift."""
    lifted = {reason for key, reason in LIFTED.items() if any(_is_below(one.key, [key]) for one in changes)}
    return {"interrupted", *lifted}


def arrays_to_reset(changes: Sequence[Difference], after: Experiment, monitored: str) -> tuple[str, ...]:
    """The arrays of a state that start anew: those of the best epoch, if another figure is monitored."""
    keys = ["training.early_stopping", "training.early_stopping.monitor"]
    if after.training.early_stopping is None and not monitored.startswith("val_"):
        keys.append(EVALUATE_TRAIN)  # the best epoch is that of the evaluated rows, or of the steps
    return BEST if any(one.key in keys for one in changes) else ()


def would_diverge_again(changes: Sequence[Difference]) -> bool:
    """Whether these changes leave the steps as they are, so that a run that diverged would do so again."""
    harmless = (
        "training.epochs",
        "training.checkpoint",
        "training.diagnostics",
        "training.history",
        "calibration",
        "threshold",
        EVALUATE_TRAIN,
        *LOCATIONS,
        *SPLIT_LOCATIONS,
    )
    return all(_is_below(one.key, harmless) for one in changes)


def extra_evaluation_notes(before: Experiment, after: Experiment, done: int) -> list[str]:
    """A note when the last epoch of a shorter run was evaluated, which a longer run would not have done."""
    last, every = before.training.epochs, after.training.evaluate_every
    if done < last or after.training.epochs == last or every < 1 or last % every == 0:
        return []
    return [f"epoch {last} was evaluated too, being the last; a run of more epochs would not have done so"]


def _free_evaluation(experiment: Experiment) -> list[str]:
    """The setting of the evaluated training rows, unless figures of these rows control the training."""
    controls = any(name.startswith("train_") for name in experiment.watched.values())
    return [] if controls else [EVALUATE_TRAIN]


def _refuse(changes: Sequence[Difference]) -> None:
    if changes:
        raise SpecError(
            [f"{one} would have changed the steps so far; train anew for that" for one in changes]
        )


def _moved(one: Difference) -> bool:
    """Whether rows lie elsewhere, in another file or now in a file: their fingerprint identifies them."""
    if one.key in READ_FROM_FILES:
        return one.before == "auto"  # which reading a file resolves
    return one.key in SPLIT_LOCATIONS and is_path(one.before) and is_path(one.after)


def _check_snapshots(before: Experiment, after: Experiment, done: int) -> None:
    """Raises SpecError when the snapshots of the epochs so far would have been taken at other epochs."""
    count = before.training.snapshots
    old, new = (snapshot_epochs(count, one.training.epochs) for one in (before, after))
    if count > 1 and [e for e in old if e <= done] != [e for e in new if e <= done]:
        raise SpecError(
            f"training.epochs: {before.training.epochs} → {after.training.epochs} would have taken"
            f" training.snapshots after epochs {_listed(new)}, not {_listed(old)}; train anew for that"
        )


def _listed(epochs: Sequence[int]) -> str:
    return ", ".join(map(str, epochs))


def _refused_rates(one: Difference, changed: Sequence[str], done: int, way_to_keep: str | None) -> str:
    text = f"{one} would have changed the {' and '.join(changed)} of the {done} steps so far"
    return f"{text}: {way_to_keep}" if way_to_keep else f"{text}; train anew for that"


def _is_below(key: str, prefixes: Sequence[str]) -> bool:
    """Whether a dotted key is one of these, or below one of them."""
    return any(key == prefix or key.startswith(f"{prefix}.") for prefix in prefixes)
