"""Constant learning rates against one that falls."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


def _distances(contestants: "Sequence[Contestant]") -> list[Panel]:
    """How far the loss is above its minimum, by epoch."""
    *trained, minimum = contestants
    least = minimum.least("train_loss")[:, None]
    lines = [Line(one.name, one.epochs, one.curve("train_loss") - least) for one in trained]
    return [Panel("epoch", "training loss above its minimum", lines, log=True)]


@lesson(
    "A rate that falls",
    rank=3,
    question="Near the minimum a step on one row is α times a gradient that is mostly noise. Why does the "
    "loss then stay above its minimum by an amount proportional to α, and what does half the rate"
    " cost?",
    answer="The pull back to the minimum takes away a share proportional to α of the distance in each "
    "step, the noise adds a variance proportional to α². In balance the mean square of the "
    "distance, and with it the loss, is proportional to α²/α = α. Half the rate halves that, and "
    "takes twice as many steps to arrive. A falling rate does not have to choose.",
    follow_ups=(
        (
            "nettrain compare decay/4_falling.yaml decay/1_constant_large.yaml training.batch_size=32",
            "with little noise a falling rate only loses time",
        ),
        (
            "nettrain train decay/4_falling.yaml 'schedule={name: inverse_time, decay: 1}'",
            "Robbins and Monro's 1/t",
        ),
        ("nettrain list schedule --figure", "schedules as curves"),
    ),
    panels=_distances,
)
def decay(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """The gradient of a single row does not vanish at the minimum of all rows.

    It vanishes on average, while each row still pulls its own way. So a constant rate does not arrive: it
    ends in a cloud around the minimum, whose size goes with the rate. A falling rate shrinks the cloud. It
    has to fall slowly enough to get everywhere and fast enough for the noise to die out. The network here is
    linear, so that its loss has one minimum, which L-BFGS finds exactly and from which we measure.
    """
    *constant, falling, minimum = contestants
    least = minimum.least("train_loss")
    distance = falling.mean_of_last(2, "train_loss") - least
    for one in (constant[0], constant[2]):
        other = one.mean_of_last(2, "train_loss") - least
        yield observe(
            f"the falling rate ends at less than a third of the distance of the {one.name.split()[1]} rate",
            distance < other / 3,
            with_a_constant_rate=other,
            with_a_falling_one=distance,
        )
    best = constant[1].mean_of_last(2, "train_loss") - least
    yield observe(
        "it ends nearer to it than the best constant rate, on 4 of 5 seeds or more",
        distance < best,
        share=0.8,
        with_the_best_constant_rate=best,
        with_a_falling_one=distance,
    )
