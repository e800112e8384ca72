"""Shuffled rows against rows sorted by class."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.backend.base import Floats
    from nettrain.lessons.contestant import Contestant

EARLY = 5  # epochs


@lesson(
    "Shuffled rows against sorted rows",
    rank=20,
    question="With `training.batch_size=full` it does not matter whether rows are shuffled. Why? And why "
    "does a smaller rate help the sorted rows?",
    answer="The gradient of all rows is a mean, and a mean has no order. With a small rate, the weights "
    "hardly move in an epoch, so that its steps add up to nearly one step on all rows. The larger the rate, "
    "the further a class carries the weights away before the next one is seen.",
    follow_ups=(
        (
            "nettrain train sorted_rows/2_sorted.yaml training.batch_size=full training.evaluate_every=1",
            "no difference from shuffled rows",
        ),
        ("nettrain train sorted_rows/2_sorted.yaml optimizer.learning_rate=0.03", "a rate that forgets less"),
    ),
    panels=curves("val_accuracy", "train_loss"),
)
def sorted_rows(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A batch stands for all rows only if it is drawn from all of them.

    Files are often sorted: by class, by day, by hospital. A step on five flowers of one species makes that
    species likelier for every flower, and seven such steps in a row do so at the expense of the other two.
    Then the next species is pulled up. At the end of an epoch the last one is in favour: after two epochs the
    network calls 30 of 45 flowers virginica, and none versicolor. It finds a compromise in the end, but takes
    longer.
    """
    shuffled, ordered = (_early(one, "val_accuracy") for one in contestants)
    yield observe(
        "in the first five epochs: the sorted rows are at least 10 points behind on average",
        shuffled - ordered >= 0.1,
        shuffled=shuffled,
        sorted=ordered,
    )
    low, high = (_early(one, "train_loss") for one in contestants)
    yield observe(
        "and their training loss, measured after each third of an epoch, is more than twice as high",
        high > 2 * low,
        shuffled=low,
        sorted=high,
    )


def _early(one: "Contestant", column: str) -> "Floats":
    """The mean of a column over the first epochs (S,)."""
    first = (one.epochs > 0) & (one.epochs <= EARLY)
    mean: Floats = one.curve(column)[:, first].mean(axis=1)
    return mean
