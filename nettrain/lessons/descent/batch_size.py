"""Batches of one row, of 32, and of all rows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "The batch: one row, 32 rows, all rows",
    rank=2,
    question="The mean gradient of B rows has a standard error that falls with 1/√B, and costs B times the "
    "arithmetic. Why does a batch of 32 still make so much better use of a processor than 32 single rows?",
    answer="Thirty-two rows are one product of matrices instead of 32 products with vectors: weights are"
    " read once, and the arithmetic of a step runs at full speed. So a step with 32 rows takes "
    "little longer than one with a single row (look at the seconds that nettrain compare prints),"
    " and its gradient is nearly six times as precise. Beyond some size, twice the rows take "
    "twice the time, and the gain of √2 in precision is no longer worth it.",
    follow_ups=(
        ("nettrain compare batch_size", "the same with figures on validation rows and seconds"),
        (
            "nettrain train batch_size/1_one_row.yaml schedule=cosine",
            "the noise dies out, and the last epochs get little further",
        ),
    ),
)
def batch_size(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """The gradient of a few rows is a noisy estimate of the gradient of all of them.

    It points roughly the right way, and that is enough for a small step. Whoever takes all rows for one step
    spends a whole pass on it; with single rows a pass is 800 steps. The price is noise: close to the minimum
    the true gradient is small, the noise is not, and the loss bounces. Batches of some tens of rows are the
    usual compromise.
    """
    one, some, full = contestants
    loss = full.last("train_loss")
    yield observe(
        "after 30 passes, batches of 1 and of 32 rows end below half the loss of the full batch",
        (one.last("train_loss") < loss / 2) & (some.last("train_loss") < loss / 2),
        one_row=one.last("train_loss"),
        thirty_two_rows=some.last("train_loss"),
        all_rows=loss,
    )
    yield observe(
        "the loss of the full batch falls in every epoch, that of single rows rises in some",
        (full.rises("train_loss") == 0) & (one.rises("train_loss") >= 1),
        epochs_with_a_rise_of_one_row=one.rises("train_loss"),
        of_all_rows=full.rises("train_loss"),
    )
    yield observe(
        "a pass is 800 steps with single rows, 25 with batches of 32, and 1 with all rows",
        (one.at(1, "step") == 800) & (some.at(1, "step") == 25) & (full.at(1, "step") == 1),
        steps_in_an_epoch_of_one_row=one.at(1, "step"),
        of_32_rows=some.at(1, "step"),
        of_all_rows=full.at(1, "step"),
    )
