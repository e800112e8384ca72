"""Batch normalization rescues a network whose weights begin too small or too large."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Batch normalization rescues a bad start",
    rank=50,
    question="With σ = 0.5 all weights are ten times as large as with 0.05, and batch normalization undoes "
    "that: the network computes the same. Why does it still learn more slowly at the same rate?",
    answer="If BN(c·Wx) = BN(Wx) for all c, the loss does not change along W, and its gradient at c·W is "
    "1/c of that at W. A step α·∇L therefore turns weights that are c times as large by an angle 1/c² as "
    "large. What counts is α/‖W‖², an effective rate, which the start still sets, and which falls while "
    "weights grow.",
    follow_ups=(
        ("nettrain train batch_norm/1_small.yaml optimizer=adam", "another optimizer is no help"),
        (
            "nettrain train batch_norm/1_small.yaml model.init=he_normal optimizer.learning_rate=0.1",
            "the other cure: a start that fits, and a smaller rate",
        ),
    ),
    panels=curves("val_accuracy"),
)
def batch_norm(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Each layer multiplies the spread of its signals by a factor that the spread of its weights sets.

    Below 1, nothing of the input arrives after eight layers, and no gradient on the way back; above 1, both
    explode. Batch normalization brings each unit to mean 0 and spread 1 over the batch before its activation,
    so that the factor is 1 for any weights, and lets the network learn a scale γ and a shift β where those
    are better (Ioffe & Szegedy 2015). The rescue is not for free: rows of a batch depend on each other, and a
    prediction needs averages that training has kept.

    In the picture, the large start ends where its numbers overflow, mostly in the first epoch.
    """
    for plain, normalized in (contestants[:2], contestants[2:]):
        before, after = (one.metric("test", "accuracy") for one in (plain, normalized))
        yield observe(
            f"{plain.name} weights: below 20 % right, above 85 % when normalized",
            (before < 0.2) & (after > 0.85),
            without=before,
            normalized=after,
        )
