"""Adam's first steps with and without bias correction."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves, diagnostic_curves, joined
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Adam's first steps without bias correction",
    rank=3,
    question="With a rate of 0.01 instead of 0.1, Adam without bias correction is the faster one of the "
    "two (try it). Why, and why is that no point in its favour?",
    answer="Its first steps are three to six times as long, which at a small rate is a gain. But it is "
    "only a larger rate in disguise, for the first hundreds of steps, and one that nobody chose: "
    "with correction, a rate of 0.03 to 0.06 does the same, and says so. Correction makes α mean "
    "the same from the first step to the last.",
    follow_ups=(
        (
            "nettrain compare bias_correction optimizer.learning_rate=0.01",
            "a small rate, where long first steps do no harm",
        ),
        (
            "nettrain compare bias_correction optimizer.beta2=0.9",
            "with β₂ = β₁ the first steps are too short instead",
        ),
    ),
    panels=joined(
        curves("train_loss"), diagnostic_curves("hidden 1", "update_ratio", "update / weights, layer 1")
    ),
)
def bias_correction(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A moving mean that begins at 0 needs time to arrive: about 10 steps with β₁ = 0.9, 1000 with β₂ =
    0.999.

    After the first step m is a tenth of the gradient and √v a thirtieth of its size, so that their quotient
    is √10 instead of 1. It grows to 6.6 in step 12, and only after a thousand steps is it near 1. Dividing
    both means by 1−βᵗ, the share that has arrived, makes each a fair mean from the first step on. The batch
    is the whole data here: nothing else is random in these steps.
    """
    corrected, uncorrected = contestants
    step = {one.name: one.diagnostic("hidden 1", "update_ratio")[:, 1] for one in contestants}
    ratio = step["uncorrected"] / step["corrected"]
    yield observe(
        "without correction the first step is √10 = 3.16 times as long, to 1 %",
        abs(ratio / 10**0.5 - 1) < 0.01,
        times_as_long=ratio,
    )
    yield observe(
        "the loss never exceeds its start with correction; without, it rises to more than twice that",
        (corrected.curve("train_loss").max(axis=1) == corrected.at(0, "train_loss"))
        & (uncorrected.curve("train_loss").max(axis=1) > 2 * uncorrected.at(0, "train_loss")),
        loss_before_training=corrected.at(0, "train_loss"),
        highest_with_correction=corrected.curve("train_loss").max(axis=1),
        without=uncorrected.curve("train_loss").max(axis=1),
    )
