"""Snapshots of one run against its last weights."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


FIRST = 13.0  # epoch of the first snapshot


def validation_loss(contestants: "Sequence[Contestant]") -> list[Panel]:
    """The validation loss of the weights by epoch, and of the mean prediction over the snapshots' epochs."""
    last, mean, falling = contestants
    of_mean = np.stack([mean.metric("val", "log_loss")] * 2, axis=1)
    lines = [Line(one.name, one.epochs[1:], one.curve("val_loss")[:, 1:]) for one in (last, falling)]
    level = Line("mean of snapshots", np.array([FIRST, last.epochs[-1]]), of_mean)
    return [Panel("epoch", "validation loss", [*lines, level], log=False)]


@lesson(
    "Snapshots against the last weights",
    rank=20,
    question="A falling rate brings the weights to rest, and so has a good end too. What do snapshots offer "
    "that it does not, and what do they cost?",
    answer="Twelve networks at the price of one training, which need twelve predictions for every row. They "
    "need no plan for when training ends: a falling rate has to reach 0 in the last epoch. And the spread "
    "of their predictions says how sure the network is of a row.",
    follow_ups=(
        ("nettrain train snapshots/2_snapshots.yaml training.snapshots=3", "three are worse than twelve"),
        (
            "nettrain train snapshots/3_falling_rate.yaml training.snapshots=12",
            "at rest, there is less to average",
        ),
    ),
    panels=validation_loss,
)
def snapshots(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Stochastic gradient descent at a constant rate ends where the last batches happened to push it.

    It moves around in a region of good weights without coming closer to its middle. The weights of different
    epochs are wrong about different rows, as the members of an ensemble are, and their mean is better than
    the last of them (Huang et al. 2017). A rate that falls to 0 takes the noise out in another way: both cure
    the same illness.
    """
    last, mean, falling = (one.metric("test", "log_loss") for one in contestants)
    yield observe(
        "snapshots: a test loss at least a tenth below that of the last weights",
        mean < 0.9 * last,
        last_weights=last,
        snapshots=mean,
    )
    yield observe(
        "a falling rate: also below the last weights at a constant one",
        falling < last,
        share=0.8,
        last_weights=last,
        falling_rate=falling,
    )
