"""A saturated sigmoid: cross-entropy unlearns a mistake that squared error cannot leave."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Sure and wrong: cross-entropy against squared error",
    rank=10,
    question="Squared error would start as fast with a rate that is 1/σ′(6) = 405 times larger. What "
    "becomes of that rate once the neuron has left the plateau?",
    answer="σ′ grows from 0.0025 to 0.25 in the middle, so that steps become a hundred times larger just "
    "where they should become small: with the rate 120 the loss jumps from epoch to epoch. A constant rate "
    "cannot fit both ends of a plateau; cross-entropy has none, since its derivative (a − y)/(a·(1 − a)) "
    "cancels σ′(z) = a·(1 − a).",
    follow_ups=(
        (
            "nettrain train saturated_output/2_squared_error.yaml optimizer.learning_rate=120",
            "the rate times 400: off the plateau at once, and then restless",
        ),
        (
            "nettrain train saturated_output/2_squared_error.yaml model.init.bias_init=0",
            "without the bad start the two losses hardly differ",
        ),
    ),
    panels=curves("val_accuracy"),
)
def saturated_output(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """People learn fastest from mistakes that they were sure of. By squared error a sigmoid neuron does not.

    The output a = σ(z) hardly changes with z where it is close to 0 or 1, and the gradient of the squared
    error says just that: moving z a little makes no difference. It does not say how wrong the neuron is.
    Cross-entropy grows without bound as a sure answer is wrong, exactly as fast as σ becomes flat, and what
    remains of the gradient is the error itself: the greater the mistake, the greater the step (Nielsen 2015,
    chapter 3).
    """
    entropy, squared = (one.at(3, "val_accuracy") for one in contestants)
    yield observe(
        "after three epochs: above 80 % right by cross-entropy, 50 % by squared error",
        (entropy > 0.8) & (squared == 0.5),
        cross_entropy=entropy,
        squared_error=squared,
    )
    slow = contestants[1].curve("val_loss")
    yield observe(
        "after thirty epochs: squared error has lost less than 5 % of its loss, and is at 50 % still",
        (slow[:, -1] > 0.95 * slow[:, 0]) & (contestants[1].last("val_accuracy") == 0.5),
        first_loss=slow[:, 0],
        last_loss=slow[:, -1],
    )
