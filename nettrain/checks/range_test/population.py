"""A range test by a population: every value is tried by its own networks, side by side."""

from dataclasses import dataclass
from typing import Literal

from nettrain.backend.base import Floats
from nettrain.checks.range_test.json_report import Method, RateVerdict
from nettrain.checks.range_test.measurement import Losses, Subject, measure
from nettrain.checks.range_test.suggestion import Valley, valley, verdicts
from nettrain.checks.range_test.varied_number import ValueRange, VariedNumber


@dataclass(frozen=True, eq=False)
class RangeTest:
    """The loss of each value (V,), rising, its verdict, and the value that is suggested, if any.

    Each of `networks` per value was trained for so many `steps`; a ramp trains one network for one step at
    each value. `judged` says which losses decide. `at_end` says that the best values lie at an end of the
    range.
    """

    number: VariedNumber
    method: Method
    values: Floats
    losses: Losses
    verdicts: tuple[RateVerdict, ...]
    suggestion: float | None
    steps: int
    networks: int = 1
    judged: Literal["training", "validation"] = "training"
    logarithmic: bool = True
    at_end: bool = False


def population_test(
    subject: Subject, number: VariedNumber, tried: ValueRange, steps: int | None = None
) -> RangeTest:
    """Train networks with each value of a range for the same steps, by default as many as time allows.

    The learning rate is judged by the training loss; any other number, as it may be there to keep networks
    from overfitting, by the validation loss where there are validation rows.
    """
    values = tried.values
    budget = subject.budget(len(values), steps)
    losses = measure(subject, number, values, budget)
    by_validation = losses.validation is not None and not number.is_learning_rate
    deciding = losses.validation if by_validation and losses.validation is not None else losses.training
    found = valley(deciding, losses.before)
    return RangeTest(
        number=number,
        method="population",
        values=values,
        losses=losses,
        verdicts=tuple(verdicts(deciding, losses.before, found)),
        suggestion=None if found is None else found.middle(values, logarithmic=tried.is_logarithmic),
        steps=budget.steps,
        networks=budget.networks,
        judged="validation" if by_validation else "training",
        logarithmic=tried.is_logarithmic,
        at_end=_at_end(found, len(values)),
    )


def _at_end(found: Valley | None, values: int) -> bool:
    return found is not None and (found.first == 0 or found.last == values - 1)
