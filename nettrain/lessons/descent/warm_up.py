"""A rate that is reached in small steps."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Warm-up",
    rank=4,
    question="The loss before training is about 150 here, that of a guess is 2.3. What does that say about"
    " the gradient of the last layer, and why do a few hundred short steps cure it?",
    answer="Outputs of size 100 make softmax certain, mostly of the wrong class, and the gradient of the"
    " last layer's weights is the error times activations that are dozens of times too large. "
    "Short steps first scale the outputs down, which lowers loss and gradients by a factor of a "
    "hundred; from there, the usual rate is a usual step. With He's variance there is little to "
    "cure, and warm-up hardly matters. In networks with attention or very large batches the first"
    " steps are always like this.",
    follow_ups=(
        ("nettrain compare warm_up model.init.scale=1", "weights of the right size need no warm-up"),
        (
            "nettrain train warm_up/3_large_after_warm_up.yaml schedule.warmup=1",
            "is one epoch enough?",
        ),
    ),
)
def warm_up(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """The first steps of a training are its most dangerous ones.

    Weights are random, outputs are wrong and sure of it, and gradients are larger than they will ever be
    again. A rate that suits the other thousand steps is too large for these: it kills units and pushes
    weights to where the loss is flat and high. Later steps do not fully repair that. Warm-up begins with a
    small rate and raises it in proportion to the steps, so that the network calms down first.
    """
    small, large, warm = contestants
    for one in (large, small):
        yield observe(
            f"with warm-up the loss ends below that of the {one.name} rate, on 4 of 5 seeds or more",
            warm.last("train_loss") < one.last("train_loss"),
            share=0.8,
            without=one.last("train_loss"),
            with_warm_up=warm.last("train_loss"),
        )
