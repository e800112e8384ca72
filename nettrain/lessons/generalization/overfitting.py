"""Overfitting, and three ways to prevent it: a penalty, dropout, early stopping."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Overfitting: l2, dropout and early stopping",
    rank=20,
    question="Which of the three needs validation rows to work at all, and which two only need them to "
    "choose a number? Why does the training loss say nothing about which of the four networks is best?",
    answer="Early stopping watches the validation rows in every epoch, and so uses them up as a fair "
    "measure. Penalty and dropout train without them, but λ and p are best chosen with them. The training "
    "loss falls further the less a network is held back, whether it learns what is true of all penguins or "
    "of these 100: only rows that it has not seen tell the two apart. The final figure needs a third set, "
    "the test rows.",
    follow_ups=(
        (
            "nettrain train overfitting/3_dropout.yaml model.dropout=0.5",
            "leaving out fewer units holds it back less",
        ),
        (
            "nettrain train overfitting/2_l2.yaml regularization.l2=1",
            "too much: a network that learns nothing",
        ),
    ),
    panels=curves("train_loss", "val_loss"),
)
def overfitting(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A network can learn what is true of all rows, and what is true of the training rows alone.

    First it finds what most rows share, since that lowers the loss fastest. Then it bends around single rows:
    the training loss goes on falling, while the loss of rows that it has not seen turns and rises. It becomes
    sure of its mistakes. The sex of a penguin cannot always be told from its sizes, so a network that makes
    no error on its training rows has learned some of them by heart.

    A penalty keeps the weights small, and with them the steepness of the function. Dropout lets no unit rely
    on another one that may be missing. Early stopping takes the weights from the turning point.
    """
    unchecked, *held_back = contestants
    worst = unchecked.metric("test", "loss")
    yield observe(
        "unchecked: no error on the training rows, and a validation loss that ends at twice its lowest value",
        (unchecked.metric("train", "accuracy") == 1)
        & (unchecked.last("val_loss") > 2 * unchecked.least("val_loss")),
        training_accuracy=unchecked.metric("train", "accuracy"),
        lowest_validation_loss=unchecked.least("val_loss"),
        at_the_end=unchecked.last("val_loss"),
    )
    for one in held_back:
        loss = one.metric("test", "loss")
        yield observe(
            f"{one.name}: the test loss is more than a fifth lower",
            loss < 0.8 * worst,
            unchecked=worst,
            held_back=loss,
        )
