"""Over-confidence, and a temperature that takes it back."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import Line, Panel
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant

EPOCHS = np.array([10.0, 40.0, 160.0, 640.0])  # of the contestants


def by_epochs(contestants: "Sequence[Contestant]") -> list[Panel]:
    """Loss before and after calibration, and accuracy, on the test rows by the length of training."""

    def line(name: str, figure: str) -> Line:
        return Line(name, EPOCHS, np.stack([one.metric("test", figure) for one in contestants], axis=1))

    losses = [line("as predicted", "loss"), line("with a temperature", "log_loss")]
    return [
        Panel("epochs", "test loss", losses, log=False, log_x=True),
        Panel("epochs", "test accuracy", [line("both", "accuracy")], log=False, log_x=True),
    ]


@lesson(
    "Over-confidence, and the temperature that takes it back",
    rank=25,
    question="Why must the rows that fit the temperature be others than those that trained the network, and "
    "what would T become on the training rows?",
    answer="On rows that it knows by heart the network is right, and cannot be too sure: the loss falls for "
    "ever smaller T. Only rows that it has not seen tell how often it is right when it says 99 %. As they "
    "fit a single number, a few hundred are enough, and their own loss is hardly too low.",
    follow_ups=(
        (
            "nettrain train overconfidence/4_640_epochs.yaml calibration=isotonic",
            "a curve for each class: 300 rows are too few, and probabilities of 0 cost much",
        ),
        (
            "nettrain train overconfidence/2_40_epochs.yaml "
            "loss='{name: cross_entropy, label_smoothing: 0.1}'",
            "smoothed labels make it too cautious: T is below 1",
        ),
    ),
    panels=by_epochs,
)
def overconfidence(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Once all training rows are right, the loss can only fall further by larger outputs.

    Doubling all weights of the last layer changes no decision and makes each one surer, which lowers the loss
    of rows that are right and raises that of rows that are wrong. On the training rows none is wrong any
    more, so gradient descent goes on enlarging. On the test rows some are, and each costs the more the surer
    the network is. The order of the classes is as good as before: what is lost is only what probabilities
    mean, and dividing all outputs by one number gives it back (Guo et al. 2017). After ten epochs it is the
    other way round: the network is still too cautious, and T is below 1.
    """
    first, early, _, longest = contestants
    loss, calibrated = longest.metric("test", "loss"), longest.metric("test", "log_loss")
    yield observe(
        "from 40 to 640 epochs the test loss rises by more than half",
        loss > 1.5 * early.metric("test", "loss"),
        after_40_epochs=early.metric("test", "loss"),
        after_640_epochs=loss,
    )
    yield observe(
        "while the share of right rows changes by less than 0.015",
        np.abs(longest.metric("test", "accuracy") - early.metric("test", "accuracy")) < 0.015,
        after_40_epochs=early.metric("test", "accuracy"),
        after_640_epochs=longest.metric("test", "accuracy"),
    )
    yield observe(
        "a temperature takes that back: the loss is less than 1.25 times that after 40 epochs",
        calibrated < 1.25 * early.metric("test", "log_loss"),
        as_predicted=loss,
        with_a_temperature=calibrated,
        after_40_epochs=early.metric("test", "log_loss"),
    )
    yield observe(
        "after 10 epochs the network is too cautious, and a temperature lowers the test loss too",
        first.metric("test", "log_loss") < first.metric("test", "loss"),
        as_predicted=first.metric("test", "loss"),
        with_a_temperature=first.metric("test", "log_loss"),
    )
