"""The learning rate: too small, right, too large."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "The learning rate: too small, right, too large",
    rank=1,
    question="Along a direction in which the loss is ½λx², what does one step make of x? "
    "For which rates does x shrink, and for which does it grow?",
    answer="The gradient is λx, so that x becomes (1 − αλ)·x. It shrinks while 0 < α < 2/λ, fastest at α"
    " = 1/λ, and grows with changing sign above 2/λ. A network has many directions: the steepest "
    "one, with the largest λ, limits the rate, and the flattest one then needs the most steps.",
    follow_ups=(
        ("nettrain lr-find learning_rate/2_right.yaml", "the loss at 32 rates: a slope, a valley, a cliff"),
        ("nettrain train learning_rate/2_right.yaml optimizer.learning_rate=10", "nearly too large"),
    ),
)
def learning_rate(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A step of gradient descent goes against the gradient, and the learning rate says how far.

    The gradient only describes the neighbourhood of the weights. A small step stays in it: the loss falls as
    promised, but it takes many steps to get anywhere. A large step leaves it, lands on the other side of the
    valley, higher up than before, and the next one comes back. No other number of an experiment is worth more
    care: the best rate is often within a factor of ten of one that fails.
    """
    small, right, large = contestants
    low = right.last("train_loss")
    yield observe(
        "too small: the loss falls in every epoch, and ends more than 10 times above that of the right rate",
        (small.rises("train_loss") == 0) & (small.last("train_loss") > 10 * low),
        too_small=small.last("train_loss"),
        right=low,
    )
    yield observe(
        "too large: the loss rises again in some epochs, and ends more than 10 times above it",
        (large.rises("train_loss") >= 1) & (large.last("train_loss") > 10 * low),
        too_large=large.last("train_loss"),
        right=low,
        epochs_with_a_rise=large.rises("train_loss"),
    )
