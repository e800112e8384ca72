"""Whether changed settings leave the learning rates of the steps so far as they were, and how they can."""

from collections.abc import Iterator, Mapping

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.members import stack
from nettrain.catalogue.schedules import Calendar
from nettrain.experiment.settings import Experiment
from nettrain.training.population import Population
from nettrain.training.step.coefficients import TABLE_STEPS
from nettrain.training.step.optimizer_schedule import OptimizerSchedule

SCHEDULE, MOMENTUM_SCHEDULE = "schedule", "optimizer.momentum_schedule"
Numbers = Mapping[str, Mapping[str, float]]  # by block of the experiment and key


def same_rates(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> bool:
    """Whether rates and momenta of the steps so far are the same in both experiments."""
    pairs = zip(_rates(before, done, steps_per_epoch), _rates(after, done, steps_per_epoch), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def _rates(experiment: Experiment, done: int, steps_per_epoch: int) -> Iterator[Floats]:
    """Rates and momenta of the steps so far, without cuts on a plateau."""
    population = Population(stack([experiment]), 1)
    population.register("cut", np.ones(1))
    schedule = OptimizerSchedule(population, Calendar(steps_per_epoch, experiment.training.epochs))
    for first in range(0, done, TABLE_STEPS):
        steps = np.arange(first, min(first + TABLE_STEPS, done), dtype=float)
        yield schedule.rates(steps)
        for value in vars(schedule.optimizer(steps)).values():
            if isinstance(value, np.ndarray):
                yield np.broadcast_to(value, (1, len(steps)))


def way_to_keep_rates(before: Experiment, after: Experiment, done: int, steps_per_epoch: int) -> str | None:
    """What depends on the number of epochs, and the overrides that keep the rates; None if none do."""
    reasons, numbers = _fixed_schedules(before, after, steps_per_epoch)
    if not reasons or not same_rates(before, _with(after, numbers), done, steps_per_epoch):
        return None
    overrides = [f"{block}.{key}={value}" for block, keys in numbers.items() for key, value in keys.items()]
    keep = "keeps" if len(overrides) == 1 else "keep"
    return f"{' and '.join(reasons)}; {' '.join(overrides)} {keep} it"


def _fixed_schedules(
    before: Experiment, after: Experiment, steps_per_epoch: int
) -> tuple[list[str], Numbers]:
    """What depends on the number of epochs, and the numbers that fix it as it was before."""
    reasons: list[str] = []
    numbers: dict[str, dict[str, float]] = {SCHEDULE: {}, MOMENTUM_SCHEDULE: {}}
    old, new = (Calendar(steps_per_epoch, one.training.epochs) for one in (before, after))
    schedule, momentum = before.schedule, getattr(before.optimizer, "momentum_schedule", None)
    if getattr(schedule, "duration", 0) is None:
        reasons.append(f"{schedule.name} lasts as long as the run")
        numbers[SCHEDULE]["duration"] = _without_fraction(schedule.length(old))
    if 0 < schedule.warmup < 1:
        reasons.append("warmup is a share of the run")
        numbers[SCHEDULE]["warmup"] = _warmup(schedule.warmup_steps(old), new)
    if momentum is not None and getattr(momentum, "duration", 0) is None:
        reasons.append(f"{momentum.name} momentum lasts as long as the run")
        numbers[MOMENTUM_SCHEDULE]["duration"] = old.steps
    return reasons, numbers


def _with(experiment: Experiment, numbers: Numbers) -> Experiment:
    """The experiment with these numbers in its schedules."""
    optimizer, momentum = experiment.optimizer, getattr(experiment.optimizer, "momentum_schedule", None)
    if numbers[MOMENTUM_SCHEDULE] and momentum is not None:
        momentum = momentum.model_copy(update=numbers[MOMENTUM_SCHEDULE])
        optimizer = optimizer.model_copy(update={"momentum_schedule": momentum})
    schedule = experiment.schedule.model_copy(update=numbers[SCHEDULE])
    return experiment.model_copy(update={"schedule": schedule, "optimizer": optimizer})


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
