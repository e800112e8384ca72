"""AdaGrad, Adadelta, RMSProp and Adam on features of different scale."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "AdaGrad, Adadelta, RMSProp and Adam on badly scaled features",
    rank=2,
    question="Divide every gradient by its own size, and what is left is roughly its sign. What happens to"
    " the path when a feature is given in grams instead of kilograms, with gradient descent and "
    "with AdaGrad?",
    answer="Grams make the feature, and so the gradient of its weight, 1000 times as large, while the "
    "right weight is 1000 times as small. Gradient descent then takes steps 1000 times as long "
    "where they should be 1000 times as short: a million times off. AdaGrad divides by √G, which "
    "has grown by 1000 as well, so that its step stays the same: only the last factor of 1000 "
    "remains. Standardized features remove it too, and then gradient descent needs no help.",
    follow_ups=(
        (
            "nettrain compare adaptive_rates data.scaling=standard optimizer.learning_rate=0.1",
            "standardized, one rate for all: who still needs rates of its own?",
        ),
        ("nettrain lr-find adaptive_rates/5_adam.yaml", "how forgiving Adam is about its rate"),
    ),
)
def adaptive_rates(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """One number, the rate, has to suit the weight of the body mass in grams and that of the bill in
    millimetres.

    The mass has gradients a hundred times as large and sets the limit, as the steep direction of a valley
    does. Adaptive methods measure the size of each weight's own gradient and divide by it: AdaGrad by the
    root of all squares so far, so that its steps become ever shorter; RMSProp by that of a moving mean, which
    forgets; Adadelta gives the quotient the unit of a weight and needs no rate; Adam adds momentum. Features
    are centred here but not scaled, and each method has the best of several rates.
    """
    descent, *adaptive = contestants
    reference = descent.last("train_loss")
    for one in adaptive:
        yield observe(
            f"{one.name}: the loss ends below half of that of gradient descent",
            one.last("train_loss") < reference / 2,
            gradient_descent=reference,
            with_rates_of_their_own=one.last("train_loss"),
        )
