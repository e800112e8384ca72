"""Three ways to write momentum, and the rates that make them the same."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Three conventions of momentum, one path",
    rank=2,
    question="A schedule halves the rate in the middle of training. Which of the forms takes smaller steps"
    " at once, and which keeps its old speed for a while?",
    answer="In the velocity and the average form the rate is applied when the step is made, so the next "
    "step is half as long. In the classical form the old rate is inside v already: what it has "
    "added up runs out only over the next 1/(1−μ) steps. With a constant rate they are the same, "
    "with a schedule they are not quite.",
    follow_ups=(
        (
            "nettrain compare momentum_conventions 'schedule={name: step, every: 5, factor: 0.1}'",
            "with a falling rate the classical form parts from the others",
        ),
        ("nettrain list optimizer", "which form is the default, and what the others are called"),
    ),
)
def momentum_conventions(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Lectures and libraries write momentum in three ways, and a rate from one is wrong in another.

    The classical form puts the rate into the velocity, the velocity form in front of it. The average form
    keeps a mean of the gradients, in which a new one counts only 1 − μ; what one gains is that v has the size
    of a gradient, what one pays is a rate ten times as large for μ = 0.9. A recipe that names a rate and not
    its convention is incomplete.
    """
    import numpy as np

    classical, velocity, translated, untranslated, descent = contestants
    reference = classical.curve("train_loss")
    apart = {
        one.name: np.nanmax(np.abs(one.curve("train_loss") / reference - 1), axis=1)
        for one in (velocity, translated)
    }
    yield observe(
        "with translated rates, the losses of all epochs agree to nine digits",
        np.max(list(apart.values()), axis=0) < 1e-9,
        largest_relative_difference_of_velocity=apart["velocity"],
        of_average_translated=apart["average translated"],
    )
    yield observe(
        "untranslated, the average form ends within 2 % of gradient descent, above the classical form",
        (np.abs(untranslated.last("train_loss") / descent.last("train_loss") - 1) < 0.02)
        & (untranslated.last("train_loss") > classical.last("train_loss")),
        average_untranslated=untranslated.last("train_loss"),
        gradient_descent=descent.last("train_loss"),
        classical=classical.last("train_loss"),
    )
