"""Random search against grid search with one unimportant parameter."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.backend.base import Floats
    from nettrain.lessons.contestant import Contestant

RATE, PENALTY, LOSS = "optimizer.learning_rate", "regularization.l2", "val_loss"


def by_value(contestants: "Sequence[Contestant]") -> list[Panel]:
    """The trials, seen along each of the two numbers."""
    return [
        Panel(
            words,
            "validation loss",
            [Line(one.name, one.trials(key), one.trials(LOSS), points=True) for one in contestants],
            log_x=True,
        )
        for key, words in ((RATE, "learning rate"), (PENALTY, "penalty on large weights (l2)"))
    ]


@lesson(
    "Random search against a grid",
    rank=30,
    question="If both numbers were equally important, would a grid be better? And what if there were ten, "
    "of which two matter?",
    answer="With two that matter, a grid covers the square a little more evenly, and both find about the "
    "same. With ten numbers, a grid of two values each already has 1,024 trials and tries two values of "
    "everything. Random trials try a new value of each number every time, so that n of them search any two "
    "that matter as well as if one had known which.",
    follow_ups=(
        ("nettrain sweep random_search/1_grid.yaml", "in its table, the same figures stand four times each"),
        ("nettrain lr-find random_search/2_random.yaml", "one important number can be searched by itself"),
    ),
    panels=by_value,
)
def random_search(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Most problems have a few numbers that matter, and many that do not (Bergstra & Bengio 2012).

    A grid spends its trials on combinations. Where one of two numbers hardly matters, sixteen trials are four
    experiments, each done four times. Random trials are spread over each axis separately: seen along the
    learning rate alone, there are sixteen different ones. So the grid has to be lucky with where its four
    values lie. This one is neither lucky nor unlucky: it does as well as the median over all grids that are
    shifted by a part of their spacing.

    In the picture, large points are the first search, pale ones those with other seeds.
    """
    best = [_best(one) for one in contestants]
    ratio = _spread_at_best(contestants[0])
    yield observe(
        "grid: sixteen trials, of which four with the best rate differ by less than 5 %",
        ratio < 1.05,
        ratio_of_their_losses=ratio,
    )
    yield observe(
        "random: the best of its sixteen trials has a lower validation loss than the grid's best",
        best[1] < best[0],
        share=0.8,
        grid=best[0],
        random=best[1],
    )


def _best(one: "Contestant") -> "Floats":
    """The lowest loss of any trial (S,)."""
    best: Floats = np.nanmin(one.trials(LOSS), axis=1)
    return best


def _spread_at_best(grid: "Contestant") -> "Floats":
    """By how much the losses differ of the trials with the rate of the best one (S,)."""
    rates, losses = grid.trials(RATE), grid.trials(LOSS)
    best = rates[np.arange(len(rates)), np.nanargmin(losses, axis=1)]
    same = np.where(rates == best[:, None], losses, np.nan)
    ratio: Floats = np.nanmax(same, axis=1) / np.nanmin(same, axis=1)
    return ratio
