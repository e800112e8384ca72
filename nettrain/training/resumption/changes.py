"""What may change when a run goes on, and who trains again then.

The future may change: more epochs, another patience, monitor, time limit or target. What would have made the
past different is refused by name: the learning rates so far are compared, not the settings they come from.
Data may have moved, for they are known by their fingerprint.
"""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from nettrain.catalogue.members import stack
from nettrain.catalogue.schedules import Calendar
from nettrain.data.settings import is_path
from nettrain.errors import SpecError
from nettrain.experiment.changes import Difference, differences
from nettrain.experiment.settings import Experiment
from nettrain.training.control.snapshots import snapshot_epochs
from nettrain.training.population import Population
from nettrain.training.step.coefficients import TABLE_STEPS, rates_at, settings_at

FUTURE = (
    "training.epochs",
    "training.early_stopping",
    "training.max_seconds",
    "training.target",
    "training.convergence",
    "training.checkpoint",
)
ELSEWHERE = ("data.source", "backend.name", "backend.device", "backend.tf32")
MAY_MOVE = ("data.test", "data.validation")  # where they are sources, not shares
CLOCKED = ("schedule", "optimizer.momentum_schedule", "training.epochs")
COUNTED = ("best", "best_epoch", "waited", "best_parameters", "best_statistics")
LIFTED = {
    "training.epochs": "epochs",
    "training.early_stopping": "early_stopping",
    "training.max_seconds": "max_seconds",
    "training.target": "target",
    "training.convergence": "converged",
}


def changed(before: Experiment, after: Experiment) -> list[Difference]:
    """The keys in which a run's experiment and the one it shall go on with differ."""
    return differences(before.model_dump(), after.model_dump())


def refuse_another_past(
    before: Experiment, after: Experiment, done: int, steps_per_epoch: int
) -> list[Difference]:
    """The changes, when all of them are the future's after `done` steps; else SpecError names the others."""
    changes = changed(before, after)
    _refuse(
        [one for one in changes if not _among(one.key, (*FUTURE, *ELSEWHERE, *CLOCKED)) and not _moved(one)]
    )
    _refuse_other_snapshots(before, after, done // steps_per_epoch)
    epochs = -(-done // steps_per_epoch)
    if after.training.epochs < epochs:
        raise SpecError(f"training.epochs: {after.training.epochs} is less than the {epochs} that are begun")
    clocked = [one for one in changes if _among(one.key, CLOCKED)]
    if clocked and not _same_course(before, after, done, steps_per_epoch):
        way_out = _way_out(before, after, done, steps_per_epoch)
        raise SpecError([_out_of_step(one, done, way_out) for one in clocked])
    return changes


def refuse_other_data_settings(before: Experiment, after: Experiment) -> None:
    """Raises SpecError naming what else is to be made of the data, when they cannot even be prepared so."""
    changes = [one for one in changed(before, after) if _among(one.key, ["data"])]
    _refuse([one for one in changes if not _among(one.key, ELSEWHERE) and not _moved(one)])


def _refuse(changes: Sequence[Difference]) -> None:
    if changes:
        raise SpecError([f"{one} would have made another past; train anew for that" for one in changes])


def _moved(one: Difference) -> bool:
    """Whether it is where test or validation rows lie; what they are, their fingerprint says."""
    return one.key in MAY_MOVE and is_path(one.before) and is_path(one.after)


def reopened(changes: Sequence[Difference]) -> set[str]:
    """The reasons to have stopped that these changes lift."""
    lifted = {reason for key, reason in LIFTED.items() if any(_among(one.key, [key]) for one in changes)}
    return {"interrupted", *lifted}


def counted_anew(changes: Sequence[Difference]) -> tuple[str, ...]:
    """Rows of a state that mean nothing any more: the best so far, under another monitor."""
    keys = ("training.early_stopping", "training.early_stopping.monitor")
    return COUNTED if any(one.key in keys for one in changes) else ()


def cannot_help(changes: Sequence[Difference]) -> bool:
    """Whether these changes leave the steps as they are, so that what has diverged would do so again."""
    return all(
        _among(one.key, ("training.epochs", "training.checkpoint", *ELSEWHERE, *MAY_MOVE)) for one in changes
    )


def evaluated_more(before: Experiment, after: Experiment, done: int) -> list[str]:
    """A note when the last epoch of a shorter run was evaluated, though it is not one of the longer run's."""
    last, every = before.training.epochs, after.training.evaluate_every
    if done < last or after.training.epochs == last or last % every == 0:
        return []
    return [f"epoch {last} was evaluated too, being the last; a run of more epochs would not have done so"]


def _refuse_other_snapshots(before: Experiment, after: Experiment, done: int) -> None:
    """Raises SpecError when the snapshots of the epochs so far would have been taken at other epochs."""
    count = before.training.snapshots
    was, is_now = (snapshot_epochs(count, one.training.epochs) for one in (before, after))
    if count > 1 and [e for e in was if e <= done] != [e for e in is_now if e <= done]:
        raise SpecError(
            f"training.epochs: {before.training.epochs} → {after.training.epochs} would have taken"
            f" training.snapshots after epochs {_listed(is_now)}, not {_listed(was)}; train anew for that"
        )


def _listed(epochs: Sequence[int]) -> str:
    return ", ".join(map(str, epochs))


def _out_of_step(one: Difference, done: int, way_out: str | None) -> str:
    text = f"{one} would have given the {done} steps so far other rates"
    return f"{text}, for {way_out}" if way_out else f"{text}; train anew for that"


def _way_out(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> str | None:
    """What follows the epochs, and the overrides under which rates stay as they were; None without any."""
    reasons: list[str] = []
    kept: dict[str, dict[str, float]] = {"schedule": {}, "optimizer.momentum_schedule": {}}
    was, is_now = (Calendar(steps_per_epoch, one.training.epochs) for one in (before, after))
    schedule, momentum = before.schedule, getattr(before.optimizer, "momentum_schedule", None)
    if getattr(schedule, "duration", 0) is None:
        reasons.append(f"{schedule.name} lasts as long as the run")
        kept["schedule"]["duration"] = _short(schedule.length(was))
    if 0 < schedule.warmup < 1:
        reasons.append("warmup is a share of the run")
        kept["schedule"]["warmup"] = _warmup(schedule.warmup_steps(was), is_now)
    if momentum is not None and getattr(momentum, "duration", 0) is None:
        reasons.append(f"{momentum.name} momentum lasts as long as the run")
        kept["optimizer.momentum_schedule"]["duration"] = was.steps
    if not reasons or not _same_course(before, _with(after, kept), done, steps_per_epoch):
        return None
    overrides = [f"{block}.{key}={value}" for block, keys in kept.items() for key, value in keys.items()]
    keep = "keeps" if len(overrides) == 1 else "keep"
    return f"{' and '.join(reasons)}; {' '.join(overrides)} {keep} it"


def _with(experiment: Experiment, kept: dict[str, dict[str, float]]) -> Experiment:
    """The experiment with other numbers in its schedules, where it has them."""
    schedule = experiment.schedule.model_copy(update=kept["schedule"])
    optimizer: Any = experiment.optimizer
    numbers = kept["optimizer.momentum_schedule"]
    if numbers:
        plan = optimizer.momentum_schedule.model_copy(update=numbers)
        optimizer = optimizer.model_copy(update={"momentum_schedule": plan})
    return experiment.model_copy(update={"schedule": schedule, "optimizer": optimizer})


def _warmup(steps: int, calendar: Calendar) -> float:
    """The shortest warmup that lasts so many steps: epochs if it can be, else a share."""
    if steps % calendar.steps_per_epoch == 0:
        return steps // calendar.steps_per_epoch
    share = steps / calendar.steps
    rounded = (float(f"{share:.{digits}g}") for digits in range(1, 17))
    return next((one for one in rounded if round(one * calendar.steps) == steps), share)


def _short(number: float) -> float:
    return int(number) if number == int(number) else number


def _same_course(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> bool:
    """Whether the rates and momenta of the steps so far are the same."""
    courses = zip(_course(before, done, steps_per_epoch), _course(after, done, steps_per_epoch), strict=True)
    return all(np.array_equal(one, other) for one, other in courses)


def _course(experiment: Experiment, done: int, steps_per_epoch: int) -> Iterator[Any]:
    """Rates and momenta of the first steps, before any cut for want of improvement."""
    population = Population(stack([experiment]), 1)
    population.register("cut", np.ones(1))
    calendar = Calendar(steps_per_epoch, experiment.training.epochs)
    run: Any = SimpleNamespace(experiment=experiment, population=population, calendar=calendar)
    for first in range(0, done, TABLE_STEPS):
        steps = np.arange(first, min(first + TABLE_STEPS, done), dtype=float)
        yield rates_at(run, steps)
        for value in vars(settings_at(run, steps)).values():
            if isinstance(value, np.ndarray):
                yield np.broadcast_to(value, (1, len(steps)))


def _among(key: str, prefixes: Sequence[str]) -> bool:
    return any(key == prefix or key.startswith(f"{prefix}.") for prefix in prefixes)
