"""Which number of an experiment a range test varies, and the values that it tries."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.optimizers import Rule, optimizers
from nettrain.catalogue.settings import Settings, varies
from nettrain.checks.short_training import for_epochs
from nettrain.errors import SpecError, nearest
from nettrain.experiment.settings import Experiment

LEARNING_RATE = "optimizer.learning_rate"
PENALTY = (1e-6, 1.0)
RANGES = {  # that are usually worth a look, by the last part of a key
    "learning_rate": (1e-6, 10.0),
    "weight_decay": PENALTY,
    "l1": PENALTY,
    "l2": PENALTY,
    "clip_norm": (0.01, 100.0),
    "clip_value": (0.001, 10.0),
    "max_norm": (0.1, 100.0),
    "dropout": (0.0, 0.8),
    "input_noise": (0.0, 1.0),
    "momentum": (0.0, 0.99),
    "beta1": (0.0, 0.99),
}
ORDERS = 10.0  # of the last value to the first, from which values are spaced evenly on a logarithmic scale
SIGNIFICANT = 3  # digits of a value, or of the distance to the next one
ENDING = ("seed", "max_seconds")  # keys that are no matter of more or less, or that end a run


@dataclass(frozen=True)
class ValueRange:
    """So many values from `low` to `high`, on a logarithmic scale where they span orders of magnitude."""

    low: float
    high: float
    count: int = 32

    @property
    def is_logarithmic(self) -> bool:
        """Whether neighbours differ by a factor instead of a difference."""
        return self.low > 0 and self.high / self.low >= ORDERS

    @property
    def values(self) -> Floats:
        """The values (V,), rising, with few digits; the ends are exact."""
        if self.is_logarithmic:
            inner = np.geomspace(self.low, self.high, self.count)[1:-1]
            short = [float(f"{value:.{SIGNIFICANT}g}") for value in inner]
        else:
            inner, step = np.linspace(self.low, self.high, self.count, retstep=True)
            short = np.round(inner[1:-1], SIGNIFICANT - 1 - math.floor(math.log10(step))).tolist()
        return np.unique([self.low, *short, self.high])


@dataclass(frozen=True)
class VariedNumber:
    """A number that members of one population may differ in, by its dotted key."""

    key: str
    present: object = None  # its value in the experiment

    @property
    def is_learning_rate(self) -> bool:
        """Whether it is the learning rate, which is tested at a constant rate."""
        return self.key == LEARNING_RATE

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    def in_experiment(self, experiment: Experiment, value: float) -> Experiment:
        """The experiment with this value."""
        return cast("Experiment", _replaced(experiment, self.key.split("."), value))


def varied_number(experiment: Experiment, key: str) -> VariedNumber:
    """The number of an experiment that a key names. Raises SpecError when there is none to be tested."""
    name = experiment.optimizer.name
    if key == LEARNING_RATE and not issubclass(optimizers[name], Rule):
        raise SpecError(f"{LEARNING_RATE}: {name} has none, its line search finds the length of each step")
    if key.startswith("loss."):
        raise SpecError(f"--parameter: {key} changes what a loss is, so that losses cannot be compared")
    numbers = varied_numbers(experiment)
    if key not in numbers:
        text = f"{key} is no number that networks trained side by side may differ in"
        raise SpecError(f"--parameter: {text}{_hint(key, numbers)}")
    return VariedNumber(key, numbers[key])


def value_range(
    number: VariedNumber, low: float | None = None, high: float | None = None, count: int = 32
) -> ValueRange:
    """The range that is asked for, or else the usual one. Raises SpecError where there is neither."""
    first, last = RANGES.get(number.name, (low, high))
    first, last = first if low is None else low, last if high is None else high
    if first is None or last is None:
        raise SpecError(f"--from, --to: {number.key} has no usual range, name both ends")
    if not first < last:
        raise SpecError(f"--to: {last:g} is not above {first:g}")
    return ValueRange(first, last, count)


def varied_numbers(experiment: Experiment) -> dict[str, object]:
    """The numbers that short trainings can differ in, by dotted key: neither seeds, nor what ends a run.

    Nor numbers of the loss, with which losses could not be compared.
    """
    short = for_epochs(experiment, 1)
    return {key: value for key, value in _numbers(short, ()) if _is_comparable(key)}


def _is_comparable(key: str) -> bool:
    return not key.endswith(ENDING) and not key.startswith("loss.")


def _numbers(settings: Settings, path: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    for name in type(settings).model_fields:
        value, here = getattr(settings, name), (*path, name)
        if varies(type(settings), name):
            yield ".".join(here), value
        for part, block in _blocks(value):
            yield from _numbers(block, (*here, *part))


def _blocks(value: object) -> Iterator[tuple[tuple[str, ...], Settings]]:
    """A block, or the blocks of a list with their positions."""
    if isinstance(value, Settings):
        yield (), value
    elif isinstance(value, list):
        yield from (((str(k),), item) for k, item in enumerate(value) if isinstance(item, Settings))


def _replaced(block: object, parts: Sequence[str], value: float) -> object:
    """The block with another value at the end of these parts of a key."""
    if not parts:
        return value
    part, *rest = parts
    if isinstance(block, list):
        position = int(part)
        return [*block[:position], _replaced(block[position], rest, value), *block[position + 1 :]]
    inner = _replaced(getattr(block, part), rest, value)
    return cast("Settings", block).model_copy(update={part: inner})


def _hint(key: str, numbers: dict[str, object]) -> str:
    """The number that is meant by a key, or by its last part."""
    last = key.rpartition(".")[2]
    meant = next((number for number in numbers if number.rpartition(".")[2] == last), None)
    return f', did you mean "{meant}"?' if meant else nearest(key, numbers)
