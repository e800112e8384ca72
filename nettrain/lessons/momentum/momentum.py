"""Momentum against gradient descent in a narrow valley."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Momentum in a narrow valley",
    rank=1,
    question="A constant gradient g is added up for a long time. What does the velocity v ← μ·v − α·g "
    "become, and how much larger is a step then than one of gradient descent?",
    answer="v settles where v = μ·v − α·g, which is −α·g/(1−μ). With μ = 0.8 the steps are five times as "
    "long, where the gradient keeps its direction. Across the valley it changes sign from step to"
    " step, and the sum stays small.",
    follow_ups=(
        (
            "nettrain train momentum/1_gradient_descent.yaml optimizer.learning_rate=1.1",
            "above 2/λ the loss explodes",
        ),
        ("nettrain lr-find momentum/2_momentum.yaml", "momentum stands rates up to nearly twice the limit"),
    ),
)
def momentum(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A valley that is steep across and flat along its floor is the hardest thing for gradient descent.

    The steep direction limits the rate: above 2/λ the path leaps from wall to wall, higher each time. The
    flat direction then gets a hundredth of the step that it needs. Momentum remembers. Gradients along the
    floor all point the same way and add up; those across it cancel.
    """
    descent, fast = contestants
    steps = {one.name: one.epochs_to(0.001, "train_loss") for one in contestants}
    yield observe(
        "momentum has the loss below 0.001 for good in less than half of the steps",
        fast.epochs_to(0.001, "train_loss") < descent.epochs_to(0.001, "train_loss") / 2,
        steps_of_gradient_descent=steps["gradient descent"],
        of_momentum=steps["momentum"],
    )
    yield observe(
        "gradient descent takes more than κ = 100 steps to get there",
        descent.epochs_to(0.001, "train_loss") > 100,
        loss_after_100_steps=descent.at(100, "train_loss"),
        with_momentum=fast.at(100, "train_loss"),
    )
