"""Without biases a network is stuck at the origin."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "No biases: stuck at the origin",
    rank=30,
    question="A network without biases may have many layers and thousands of rectifiers. What shape have "
    "the regions between which it decides? Would a column that is 1 in every row help?",
    answer="Cones with their tips in the origin, since f(c·x) = c·f(x) holds layer by layer. A column of "
    "ones does help: its weights are the biases of the first layer. In the old textbooks that is how the "
    "bias is introduced, as w₀ with x₀ = 1.",
    follow_ups=(
        (
            "nettrain compare no_bias",
            "boundary.png shows both: a ring, and one class everywhere, unsure at the origin",
        ),
        (
            "nettrain train no_bias/2_without_biases.yaml model.hidden=[64,64,64]",
            "more layers do not help",
        ),
    ),
    panels=curves("train_loss", "val_accuracy"),
)
def no_bias(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A weight turns and stretches what a unit computes, a bias shifts it.

    Without biases each unit of the first layer is a fold through the origin. Sums and rectifiers of functions
    that are proportional along each ray are proportional along each ray, so the whole network is, with any
    number of layers. Every ray meets both rings, the inner one at half the distance, so that both get the
    same class there, and one of them wrongly.
    """
    with_biases, without = (one.metric("test", "accuracy") for one in contestants)
    yield observe(
        "without biases: 60 % right at most, with them more than 97 %",
        (without <= 0.6) & (with_biases > 0.97),
        with_biases=with_biases,
        without=without,
    )
    loss = contestants[1].last("train_loss")
    yield observe(
        "without biases: the training loss stays above 0.6, where a coin has ln 2 = 0.69",
        loss > 0.6,
        without=loss,
        with_biases=contestants[0].last("train_loss"),
    )
