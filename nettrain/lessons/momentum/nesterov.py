"""Nesterov's momentum against the ordinary one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Nesterov's momentum: the gradient at the point ahead",
    rank=3,
    question="Along a direction of curvature λ, momentum shrinks the error by √μ per step once it swings. "
    "Nesterov's shrinks it by √(μ(1 − αλ)). In which directions does that help, and in which does it "
    "change nothing?",
    answer="In steep ones: where αλ is near 1 the swinging is gone after a few steps. Along the flat "
    "floor αλ is nearly 0, and both are equally fast. Nesterov's momentum also bears less: it "
    "needs αλ < 2(1+μ)/(1+2μ), about 4/3, where momentum is stable up to αλ < 2(1+μ), nearly 4. "
    "With the best α and μ for each, momentum is even a little faster on a quadratic; Nesterov's "
    "gain is that it forgives a large μ.",
    follow_ups=(
        ("nettrain compare nesterov optimizer.momentum=0.95", "the larger μ, the larger the difference"),
        (
            "nettrain compare nesterov optimizer.learning_rate=0.7",
            "beyond its limit Nesterov's momentum diverges",
        ),
    ),
)
def nesterov(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Momentum only notices that it has overshot when it is on the other wall. Nesterov's looks ahead.

    The velocity will carry the weights to w + μv whatever the gradient says, so the gradient is taken there.
    If that point is beyond the floor of the valley, its gradient points back, and corrects the step before it
    is made. Rate and μ are the same on both sides.
    """
    plain, ahead = contestants
    yield observe(
        "Nesterov's momentum has the loss below 0.01 for good in less than two thirds of the steps",
        ahead.epochs_to(0.01, "train_loss") < plain.epochs_to(0.01, "train_loss") * 2 / 3,
        steps_of_momentum=plain.epochs_to(0.01, "train_loss"),
        of_Nesterov=ahead.epochs_to(0.01, "train_loss"),
    )
    yield observe(
        "its loss rises in less than two thirds as many steps",
        ahead.rises("train_loss") < plain.rises("train_loss") * 2 / 3,
        rises_of_momentum=plain.rises("train_loss"),
        of_Nesterov=ahead.rises("train_loss"),
    )
