"""Raw against standardized features."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Raw and standardized features",
    rank=1,
    question="In which unit would you have to give the body mass for the raw features to work about as "
    "well? And why is that no solution for a table with 40 columns?",
    answer="In something like kilograms or larger, so that its numbers are of the size of 1 like those "
    "of a standardized column. By hand this means a unit for each column, chosen anew for each "
    "table; subtracting the mean and dividing by the standard deviation does it for all of them, "
    "and centres them too.",
    follow_ups=(
        (
            "nettrain compare standardization optimizer=adam",
            "rates of their own do not rescue saturated units either",
        ),
        ("nettrain check standardization/1_raw.yaml", "the sanity checks notice it before training"),
    ),
)
def standardization(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A weight's gradient is proportional to the feature that it multiplies.

    With one feature around 4000 and another around 17, one rate cannot suit both: what is right for the bill
    is far too much for the mass. Worse, the mass alone decides the sum that a hidden unit sees, and pushes it
    to where tanh is flat and no gradient comes back. Standardized, all features speak equally loud, and one
    rate fits all weights.
    """
    raw, standardized = contestants
    yield observe(
        "standardized: more than 95 % of the validation rows are right",
        standardized.last("val_accuracy") > 0.95,
        accuracy=standardized.last("val_accuracy"),
    )
    yield observe(
        "raw: fewer than half of them, as if it always said the most frequent species",
        raw.last("val_accuracy") < 0.5,
        accuracy=raw.last("val_accuracy"),
    )
