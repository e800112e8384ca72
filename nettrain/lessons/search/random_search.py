"""Random search against grid search with one unimportant parameter."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant

RATE, PENALTY, LOSS = "optimizer.learning_rate", "regularization.l2", "val_loss"


def trials(contestants: "Sequence[Contestant]") -> list[Panel]:
    return []


@lesson(
    "Random search against a grid",
    rank=30,
    question="If both numbers were equally important, would a grid be better? And what if there were ten, of which two "
    "matter?",
    answer="With two that matter, a grid covers the square a little more evenly, and both find about the same. With "
    "ten numbers, a grid of two values each already has 1,024 trials and tries two values of everything. Random trials "
    "try a new value of each number every time, so that n of them search any two that matter as well as if one "
    "had known which.",
    follow_ups=(
        ("nettrain sweep random_search/2_random.yaml", "its report says which parameter had influence"),
        ("nettrain lr-find random_search/2_random.yaml", "one important number can be searched by itself"),
    ),
    panels=trials,
)
def random_search(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Most problems have a few numbers that matter, and many that do not (Bergstra & Bengio 2012).

    A grid spends its trials on combinations. Where one of two numbers hardly matters, sixteen trials are four
    experiments, each done four times. Random trials are spread over each axis separately: seen along the
    learning rate alone, there are sixteen different ones. So the grid has to be lucky with where its four
    values lie. This one is neither lucky nor unlucky: it does as well as the median over all
    grids that are shifted by a part of their spacing.
    """
    grid, random = contestants
    best = [_best(one) for one in contestants]
    yield observe(
        "grid: sixteen trials, of which four with the best rate differ by less than 5 %",
        _spread_at_best(grid) < 1.05,
        ratio_of_their_losses=_spread_at_best(grid),
    )
    yield observe(
        "random: the best of sixteen trials has a validation loss below three quarters of the grid's",
        best[1] < 0.75 * best[0],
        share=0.8,
        grid=best[0],
        random=best[1],
    )


def _best(one: "Contestant") -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.nanmin(one.trials(LOSS), axis=1)


def _spread_at_best(grid: "Contestant") -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """By how much the losses differ of the trials with the rate of the best one (S,)."""
    rates, losses = grid.trials(RATE), grid.trials(LOSS)
    best = rates[np.arange(len(rates)), np.nanargmin(losses, axis=1)]
    same = np.where(rates == best[:, None], losses, np.nan)
    return np.nanmax(same, axis=1) / np.nanmin(same, axis=1)
