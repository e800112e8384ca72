"""An ensemble against its members."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.backend.base import Floats
    from nettrain.lessons.contestant import Contestant

COUNTS = np.array([1.0, 2.0, 4.0, 16.0])  # networks of the contestants


def by_networks(contestants: "Sequence[Contestant]") -> list[Panel]:
    """Loss and accuracy on the test rows by the number of networks."""
    return [
        Panel(
            "networks whose mean predicts",
            f"test {words}",
            [Line("mean prediction", COUNTS, np.stack([_test(one, name) for one in contestants], axis=1))],
            log=False,
        )
        for name, words in (("log_loss", "loss"), ("accuracy", "accuracy"))
    ]


def _test(one: "Contestant", name: str) -> "Floats":
    return one.metric("test", name)


@lesson(
    "An ensemble against its members",
    rank=10,
    question="Networks that are all wrong about the same digits gain nothing by averaging. What makes these "
    "sixteen differ, and what would make them differ more?",
    answer="The seed draws the initial weights and the order of the rows, which lead to different minima. "
    "Other rows for each (bagging), other widths or activations, or a larger rate make them differ more. "
    "Each may become worse by that, and their mean better: its squared error is the mean of theirs minus "
    "the variance of their predictions (Krogh & Vedelsby 1995).",
    follow_ups=(
        (
            "nettrain train ensemble/4_sixteen_networks.yaml optimizer.learning_rate=0.03",
            "each member is worse, their mean is not",
        ),
        (
            "nettrain train ensemble/4_sixteen_networks.yaml training.vary=weights",
            "the same order of rows for all",
        ),
    ),
    panels=by_networks,
)
def ensemble(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Networks that begin elsewhere end elsewhere, and are wrong about different rows.

    The errors that they share stay in the mean; those that each makes alone are voted down by the others.
    With M networks of variance σ² and correlation ρ, the variance of the mean is ρσ² + (1 − ρ)σ²/M: the
    second term goes with the first few networks, the first one stays. By Jensen's inequality, the loss of the
    mean is never above the mean of the losses: that is a theorem. That it is mostly below the best of them,
    too, is what one sees.
    """
    sixteen = _test(contestants[3], "log_loss")
    members = contestants[3].member_metric("test", "log_loss")
    yield observe(
        "sixteen networks: a test loss at least 10 % below the mean of theirs",
        sixteen < 0.9 * members.mean(axis=1),
        their_mean=members.mean(axis=1),
        mean_prediction=sixteen,
    )
    worse = np.array([np.sum(row > mean, dtype=float) for row, mean in zip(members, sixteen, strict=True)])
    yield observe(
        "and below that of at least fourteen of them",
        worse >= 14,
        best_of_them=members.min(axis=1),
        mean_prediction=sixteen,
        of_how_many_below=worse,
    )
    single, accuracy = contestants[3].member_metric("test", "accuracy"), _test(contestants[3], "accuracy")
    yield observe(
        "more of the test rows right than its members on average",
        accuracy > single.mean(axis=1),
        their_mean=single.mean(axis=1),
        mean_prediction=accuracy,
    )
