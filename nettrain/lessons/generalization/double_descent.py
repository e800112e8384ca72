"""Double descent: the test loss over the width of a network falls, rises, and falls again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant

WIDTHS = np.array([3.0, 8.0, 24.0, 64.0, 512.0])  # of the contestants' hidden layer


def by_width(contestants: "Sequence[Contestant]") -> list[Panel]:
    """The final loss on test and training rows by the width of the hidden layer."""
    lines = [
        Line(words, WIDTHS, np.stack([one.metric(split, "loss") for one in contestants], axis=1))
        for split, words in (("test", "test rows"), ("train", "training rows"))
    ]
    return [Panel("units of the hidden layer", "squared error", lines, log=False, log_x=True)]


@lesson(
    "Double descent",
    rank=30,
    question="The narrow network is still the best of these. Why then are wide ones used, and why is the "
    "middle of this curve rarely seen in practice?",
    answer="Nobody knows beforehand how narrow is right, and where rows have little noise or are many, the "
    "second descent goes below the first. The middle is rarely seen since hardly anyone trains to the end "
    "without any restraint: penalty, dropout and early stopping, chosen with validation rows, take the peak "
    "away, and make the width nearly indifferent.",
    follow_ups=(
        (
            "nettrain train double_descent/3_twenty_four_units.yaml regularization.l2=0.01",
            "a penalty, and the peak is gone",
        ),
        (
            "nettrain train double_descent/3_twenty_four_units.yaml training.epochs=20",
            "stopped early, it does well",
        ),
    ),
    panels=by_width,
)
def double_descent(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """By the textbook, more weights than the rows can determine mean overfitting, and ever more of it.

    The first half of the curve is that: as the training loss falls towards 0 with the width, the test loss
    rises. At the width that just suffices, there is hardly more than one way through all rows, mistakes and
    chance included, and it needs large weights that swing between them. Least squares shows it most purely:
    of normal inputs its variance is infinite at p = n, and falls on both sides. Far beyond, there are many
    ways. Training begins with small weights, moves no further than it has to, and so ends at one that is
    nearly as smooth as can be (Belkin et al. 2019; Nakkiran et al. 2020).
    """
    narrow, _, some, more, wide = (one.metric("test", "loss") for one in contestants)
    fitted = [one.metric("train", "loss") for one in contestants]
    peak = np.maximum(some, more)
    yield observe(
        "24 or 64 units, which fit the training rows: a test loss 1.5 times that of three units",
        (peak > 1.5 * narrow) & (fitted[3] < 0.01),
        share=0.8,
        three_units=narrow,
        the_worse_of_the_two=peak,
    )
    yield observe(
        "512 units, which fit them as well: below that of the worse of the two",
        (wide < peak) & (fitted[4] < 0.01),
        share=0.8,
        the_worse_of_the_two=peak,
        many_units=wide,
        their_training_loss=fitted[4],
    )
