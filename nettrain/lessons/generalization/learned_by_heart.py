"""Twenty examples learned by heart: a network can fit anything, coin flips too."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Twenty examples learned by heart",
    rank=10,
    question="Your network for a difficult problem does not learn. Why is it worth while to train it on "
    "twenty rows alone, for an hour if need be?",
    answer="Any network that is large enough, and whose gradient, rate and data are right, reaches a loss "
    "near 0 on twenty rows, even if their labels are nonsense. If yours does not, there is a mistake in it, "
    "and you have found that out in seconds, not after a night. If it does, the difficulty is another one: "
    "too little time, too few rows, or nothing to learn. `nettrain check` does this test, among others.",
    follow_ups=(
        (
            "nettrain train learned_by_heart/1_twenty_digits.yaml model.hidden=[1]",
            "one hidden unit is too few: a network that fails the test",
        ),
        (
            "nettrain check learned_by_heart/2_twenty_coins.yaml",
            "all is well: no check of a few rows can tell that there is nothing to learn",
        ),
    ),
    panels=curves("train_loss", "val_accuracy"),
)
def learned_by_heart(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Low training loss is no achievement: a network with thousands of weights can store twenty rows.

    On twenty rows with coin flips for classes there is nothing to find out, and yet the training loss goes to
    0 as it does on twenty digits. So the training loss cannot tell knowledge from memory; new rows can.
    Digits are alike, hence something of the twenty carries over to others, of coins nothing does. With 2,000
    digits it is easier to learn what a digit is than to remember each one (Zhang et al. 2017).
    """
    twenty, coins, many = contestants
    for one in (twenty, coins):
        yield observe(
            f"{one.name}: no error on the training rows, and a loss below 0.01",
            (one.metric("train", "accuracy") == 1) & (one.metric("train", "loss") < 0.01),
            training_loss=one.metric("train", "loss"),
        )
    digits, flips, all_of_them = (one.metric("val", "accuracy") for one in contestants)
    yield observe(
        "on new rows: 50 to 90 % of the digits right, and 50 ± 8 % of the coins",
        (digits > 0.5) & (digits < 0.9) & (abs(flips - 0.5) < 0.08),
        digits=digits,
        coins=flips,
    )
    yield observe(
        "2,000 digits: more than 93 % right on new ones too",
        all_of_them > 0.93,
        training=many.metric("train", "accuracy"),
        new=all_of_them,
    )
