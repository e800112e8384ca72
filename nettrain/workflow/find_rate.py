"""Range tests of an experiment: which learning rate, or other number, trains it best."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, get_args

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.range_test.json_report import Method, RangeTestJson, TriedValue
from nettrain.checks.range_test.measurement import Subject
from nettrain.checks.range_test.population import RangeTest, population_test
from nettrain.checks.range_test.ramp import ramp_test
from nettrain.checks.range_test.varied_number import (
    LEARNING_RATE,
    ValueRange,
    VariedNumber,
    value_range,
    varied_number,
)
from nettrain.data.prepare import Prepared
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError, nearest
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.overrides import Change
from nettrain.experiment.resolution import rate_is_auto, read_and_resolve, resolve
from nettrain.experiment.settings import Experiment
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.source import ExperimentSource, load_experiment

if TYPE_CHECKING:
    import polars as pl

RATES = 32
LEAST_RATES, LEAST_STEPS = 3, 10
REMEDIES = ("l1", "l2", "weight_decay", "dropout", "input_noise")  # of which less is nearer to none


@dataclass(frozen=True)
class RangeTestOptions:
    """What is tried: `low` to `high`, so many values, for so many steps; None: the usual."""

    parameter: str = LEARNING_RATE
    low: float | None = None
    high: float | None = None
    rates: int | None = None
    steps: int | None = None
    method: Method = "population"


@dataclass(frozen=True, eq=False, repr=False)
class RateFinding:
    """The losses of many learning rates after a short training, and the rate that they suggest.

    Attributes
    ----------
    experiment : str
        The name of the experiment.
    test : RangeTest
        What was measured.
    notes : tuple of str
        What to keep in mind, such as a schedule that was left out.
    seconds : float
        How long it took, with reading the data.

    Examples
    --------
    >>> import nettrain
    >>> found = nettrain.find_learning_rate({"data": {"source": "builtin:iris"}}, steps=50)
    >>> found.override.startswith("optimizer.learning_rate=")
    True
    """

    experiment: str
    test: RangeTest
    notes: tuple[str, ...]
    seconds: float = field(default=0.0)

    @property
    def suggestion(self) -> float | None:
        """The suggested rate; None when no rate lowers the loss."""
        return self.test.suggestion

    @property
    def override(self) -> str | None:
        """The suggestion as an override, such as "optimizer.learning_rate=0.003"."""
        return None if self.suggestion is None else f"{self.test.number.key}={self.suggestion:g}"

    @property
    def rates(self) -> Floats:
        """The tried values (V,), rising."""
        return self.test.values

    @property
    def losses(self) -> Floats:
        """The training loss of each value (V,), NaN where training diverged."""
        return self.test.losses.training

    @property
    def table(self) -> "pl.DataFrame":
        """A Polars frame with a row for each value: value, loss, val_loss, verdict."""
        import polars as pl

        schema = {"value": pl.Float64, "loss": pl.Float64, "val_loss": pl.Float64, "verdict": pl.String}
        return pl.DataFrame(list(self._tried()), schema=schema)

    @property
    def plain(self) -> RangeTestJson:
        """The result as the command prints it."""
        test = self.test
        return {
            "experiment": self.experiment,
            "parameter": test.number.key,
            "method": test.method,
            "judged_by": test.judged,
            "steps": test.steps,
            "networks": test.networks,
            "loss_before": _finite(test.losses.before),
            "suggestion": self.suggestion,
            "override": self.override,
            "values": list(self._tried()),
            "notes": list(self.notes),
            "seconds": self.seconds,
        }

    def _tried(self) -> Iterator[TriedValue]:
        losses = self.test.losses
        validation = np.full_like(losses.training, np.nan) if losses.validation is None else losses.validation
        columns = zip(self.rates, losses.training, validation, self.test.verdicts, strict=True)
        for value, loss, val_loss, verdict in columns:
            yield {
                "value": float(value),
                "loss": _finite(loss),
                "val_loss": _finite(val_loss),
                "verdict": verdict,
            }

    def __repr__(self) -> str:
        return f"<RateFinding {self.experiment}: {self.override or 'no suggestion'}>"


def find_learning_rate(
    experiment: ExperimentSource,
    *overrides: str,
    data: object = None,
    parameter: str = LEARNING_RATE,
    low: float | None = None,
    high: float | None = None,
    rates: int | None = None,
    steps: int | None = None,
    method: Method = "population",
) -> RateFinding:
    """Try many learning rates by short trainings side by side, and suggest one.

    Every rate trains the same network for the same steps at this constant rate: ten epochs and at least 300
    steps, but not longer than the run itself nor about half a minute in all. The suggestion is the middle of
    the rates whose training loss is within 5 % of the smallest.

    Parameters
    ----------
    experiment : str, path or mapping
        The experiment file, or its content.
    *overrides : str
        Changes as on the command line.
    data : array, frame, mapping or pair, optional
        As for `train`.
    parameter : str
        Another number to try, such as "training.weight_decay"; judged by the validation loss.
    low, high : float, optional
        The first and the last value; default: 1e-6 and 10 for a learning rate.
    rates : int, optional
        How many values are tried; default: 32.
    steps : int, optional
        Steps of each network, of which there is one for each value.
    method : {"population", "ramp"}
        `ramp` trains one network, whose rate grows with every step (Smith 2017).

    Returns
    -------
    RateFinding
        `suggestion` is the rate, `override` the text to pass to `train`, `table` has every rate.

    Raises
    ------
    SpecError
        When the experiment is wrong, or there is nothing of that name to be tried.
    DataError
        When the data cannot be read.

    Examples
    --------
    >>> import nettrain
    >>> spec = {"data": {"source": "builtin:iris"}, "model": {"hidden": [8]}}
    >>> found = nettrain.find_learning_rate(spec, rates=8, steps=60)
    >>> len(found.rates), found.table.columns
    (8, ['value', 'loss', 'val_loss', 'verdict'])
    """
    memory = None if data is None else MemoryTables.of(data)
    options = RangeTestOptions(parameter, low, high, rates, steps, method)
    loaded = load_experiment(experiment, overrides, memory)
    with arguments_named("parameter", "rates", "steps", "method", to="high", **{"from": "low"}):
        return find_rate(loaded, options, memory)


def find_rate(
    loaded: LoadedExperiment, options: RangeTestOptions, memory: MemoryTables | None = None
) -> RateFinding:
    """The range test of an experiment. Raises SpecError when it cannot be made with these options."""
    started = perf_counter()
    _check_options(options)
    with loaded.locating_errors():
        number = varied_number(loaded.experiment, options.parameter)
    tried = value_range(number, options.low, options.high, options.rates or RATES)
    _check_ends(loaded, number, tried)
    with loaded.locating_errors():
        subject = subject_of(*read_and_resolve(resolve(loaded.experiment), memory))
        run = ramp_test if options.method == "ramp" else population_test
        test = run(subject, number, tried, options.steps)
    notes = (*loaded.notes, *subject.data.notes, *_notes(subject.experiment, test))
    return RateFinding(subject.experiment.experiment, test, notes, perf_counter() - started)


def with_rate_found(experiment: Experiment, data: Prepared) -> tuple[Experiment, list[str]]:
    """A resolved experiment with a number in place of a learning rate that is left at auto, and a note.

    Raises SpecError when no rate lowers the loss.
    """
    if not rate_is_auto(experiment):
        return experiment, []
    number = varied_number(experiment, LEARNING_RATE)
    tried = value_range(number, count=RATES)
    test = population_test(subject_of(experiment, data), number, tried)
    rate, span = test.suggestion, f"of {RATES} rates from {tried.low:g} to {tried.high:g}"
    if rate is None:
        raise SpecError(f"{LEARNING_RATE}: auto found none, {span} none lowers the loss; write a number")
    note = f"{LEARNING_RATE}: auto is {rate:g}, the middle of the best {span}, {test.steps} steps each"
    return number.in_experiment(experiment, rate), [note]


def subject_of(experiment: Experiment, data: Prepared) -> Subject:
    """A resolved experiment with its data, on its backend.

    With one thread, as in a sweep: so that the result does not depend on how many processors there are.
    """
    settings = experiment.backend.model_copy(update={"threads": 1})
    return Subject(experiment.model_copy(update={"backend": settings}), data, named_backend(settings))


def _check_options(options: RangeTestOptions) -> None:
    """Raise SpecError when options are wrong, or do not go together."""
    methods = get_args(Method)
    if options.method not in methods:
        raise SpecError(f'--method: unknown "{options.method}"{nearest(options.method, methods)}')
    for name, count, least in (
        ("--rates", options.rates, LEAST_RATES),
        ("--steps", options.steps, LEAST_STEPS),
    ):
        if count is not None and count < least:
            raise SpecError(f"{name}: {count} is not at least {least}")
    if options.method == "ramp" and options.rates is not None:
        raise SpecError("--rates: does not go with --method ramp, which has a rate for each of its --steps")
    if options.method == "ramp" and options.parameter != LEARNING_RATE:
        raise SpecError(f"--method: ramp raises {LEARNING_RATE} alone, {options.parameter} needs population")


def _check_ends(loaded: LoadedExperiment, number: VariedNumber, tried: ValueRange) -> None:
    """Raise SpecError when the experiment may not have the first or the last value."""
    for option, value in (("--from", tried.low), ("--to", tried.high)):
        loaded.with_changes([Change(number.key, value, option)])


def _notes(experiment: Experiment, test: RangeTest) -> Iterator[str]:
    """What to keep in mind when reading the result."""
    schedule = experiment.schedule
    if test.number.is_learning_rate and (schedule.name != "constant" or schedule.warmup):
        what = "the warmup" if schedule.name == "constant" else f"the schedule {schedule.name}"
        yield f"rates are constant in the test, without {what}: the suggestion is where it starts from"
    if not test.number.is_learning_rate and test.judged == "training":
        yield "no validation rows, so that the training loss decides, which sees no overfitting"
    yield from _ends_note(test)


def _ends_note(test: RangeTest) -> Iterator[str]:
    """A note when the good values lie at an end of the range."""
    if set(test.verdicts) == {"good"}:
        yield "all values do equally well"
    elif test.verdicts[0] == "good" and test.number.name in REMEDIES:
        yield f"the smallest values do as well: in {test.steps} steps no {test.number.name} is needed"
    elif test.at_end:
        yield "the best values lie at an end of the range: --from and --to move it"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
