"""Whether changed settings leave rates and factors of the steps so far as they were, and how they can."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.members import stack
from nettrain.catalogue.schedules import Calendar
from nettrain.catalogue.settings import Settings
from nettrain.experiment.document import KeyPath
from nettrain.experiment.scheduled_numbers import SCHEDULED_NUMBERS, all_schedules
from nettrain.experiment.settings import Experiment
from nettrain.training.population import Population
from nettrain.training.rows.batches import TABLE_STEPS
from nettrain.training.step.optimizer_schedule import OptimizerSchedule

S = TypeVar("S", bound=Settings)
RATE_SETTINGS = (  # on which what changes over time depends
    *("schedule", "optimizer.momentum_schedule", "training.epochs"),
    *(number.dotted_key for number in SCHEDULED_NUMBERS),
)
MOMENTUM_SCHEDULE = ("optimizer", "momentum_schedule")
Numbers = Mapping[KeyPath, Mapping[str, float]]  # by schedule and key


def changed_rates(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> list[str]:
    """What would have been otherwise in the steps so far with the second experiment, in words."""
    pairs = zip(_rates(before, done, steps_per_epoch), _rates(after, done, steps_per_epoch), strict=True)
    changed = (words for old, new in pairs for words in old if not np.array_equal(old[words], new[words]))
    return list(dict.fromkeys(changed))


def _rates(experiment: Experiment, done: int, steps_per_epoch: int) -> Iterator[dict[str, Floats]]:
    """Rates, momenta and factors of the steps so far, by the words of messages; without cuts on a plateau."""
    population = Population(stack([experiment]), 1)
    population.register("cut", np.ones(1))
    schedule = OptimizerSchedule(population, Calendar(steps_per_epoch, experiment.training.epochs))
    for first in range(0, done, TABLE_STEPS):
        steps = np.arange(first, min(first + TABLE_STEPS, done), dtype=float)
        settings = vars(schedule.optimizer(steps)).values()
        momenta = [value for value in settings if isinstance(value, np.ndarray)]
        factors = {number.words: schedule.factor(number, steps) for number in SCHEDULED_NUMBERS}
        yield {
            "learning rates": schedule.rates(steps),
            "momenta": np.array([np.broadcast_to(value, (1, len(steps))) for value in momenta]),
            **{words: np.broadcast_to(factor, (1, len(steps))) for words, factor in factors.items()},
        }


def way_to_keep_rates(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> str | None:
    """What depends on the number of epochs, and the overrides that keep the rates; None if none do."""
    reasons, numbers = _fixed_schedules(before, steps_per_epoch, after.training.epochs)
    if not reasons or changed_rates(before, _with(after, numbers), done, steps_per_epoch):
        return None
    overrides = [
        f"{'.'.join(map(str, path))}.{key}={value}"
        for path, keys in numbers.items()
        for key, value in keys.items()
    ]
    keep = "keeps" if len(overrides) == 1 else "keep"
    return f"{' and '.join(dict.fromkeys(reasons))}; {' '.join(overrides)} {keep} it"


def _fixed_schedules(before: Experiment, steps_per_epoch: int, epochs: int) -> tuple[list[str], Numbers]:
    """What depends on the number of epochs, and the numbers that fix it as it was before."""
    reasons: list[str] = []
    numbers: dict[KeyPath, dict[str, float]] = {}
    old, new = (Calendar(steps_per_epoch, number) for number in (before.training.epochs, epochs))
    for path, schedule in all_schedules(before):
        fixed = numbers[path] = {}
        if getattr(schedule, "duration", 0) is None:
            reasons.append(f"{schedule.name} lasts as long as the run")
            fixed["duration"] = _without_fraction(schedule.length(old))
        if 0 < schedule.warmup < 1:
            reasons.append("warmup is a share of the run")
            fixed["warmup"] = _warmup(schedule.warmup_steps(old), new)
    momentum = getattr(before.optimizer, "momentum_schedule", None)
    if momentum is not None and getattr(momentum, "duration", 0) is None:
        reasons.append(f"{momentum.name} momentum lasts as long as the run")
        numbers[MOMENTUM_SCHEDULE] = {"duration": old.steps}
    return reasons, numbers


def _with(experiment: Experiment, numbers: Numbers) -> Experiment:
    """The experiment with these numbers in those of its schedules that it still has."""
    for path, changes in numbers.items():
        experiment = _changed(experiment, path, changes)
    return experiment


def _changed(settings: S, path: KeyPath, changes: Mapping[str, float]) -> S:
    """The settings with changes in the block at this path."""
    if not path:
        return settings.model_copy(update=changes)
    key = str(path[0])
    inner = getattr(settings, key, None)
    if not isinstance(inner, Settings):
        return settings
    return settings.model_copy(update={key: _changed(inner, path[1:], changes)})


def _warmup(steps: int, calendar: Calendar) -> float:
    """The shortest number for a warmup of so many steps: epochs if possible, otherwise a share."""
    if steps % calendar.steps_per_epoch == 0:
        return steps // calendar.steps_per_epoch
    share = steps / calendar.steps
    rounded = (float(f"{share:.{digits}g}") for digits in range(1, 17))
    return next((one for one in rounded if round(one * calendar.steps) == steps), share)


def _without_fraction(number: float) -> float:
    """A whole number as int, so that it is written without a point."""
    return int(number) if number == int(number) else number
