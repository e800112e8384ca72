"""Thirty layers with and without skip connections."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


@lesson(
    "Skip connections in a network of thirty layers",
    rank=60,
    question="Thirty layers can represent whatever three can: let 27 of them pass on what they get. Why is "
    "that no help to the plain network, and what must a layer with a skip connection learn to do it?",
    answer="A plain layer has to find F(x) = x among all functions, and 26 others have to find it at the "
    "same time, while none of them passes anything on yet. With a skip connection F(x) = 0 is enough, which "
    "small weights give. The trouble is not what thirty layers can represent, but what gradient descent "
    "finds.",
    follow_ups=(
        (
            "nettrain train skip_connections/2_thirty_layers.yaml training.epochs=60",
            "four times as long, and still far from three layers",
        ),
        (
            "nettrain train skip_connections/3_thirty_with_skips.yaml model.norm=none",
            "without normalization each skip doubles the variance, and thirty of them are too many",
        ),
    ),
    panels=curves("train_accuracy", "val_accuracy"),
)
def skip_connections(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Deeper networks are not overfitting when they do worse: they do worse on their training rows already.

    Batch normalization keeps the signals of thirty random layers alive, but they no longer say anything.
    Behind the first layer the nearest neighbour of a digit shows the same digit in 89 of 100 cases, behind
    the tenth in 25, and behind the thirtieth in 9, which is chance: all rows have become equally unlike each
    other. What goes back through the same layers is as much like noise (Balduzzi et al. 2017). A skip
    connection adds an unchanged copy, so that 60 of 100 still lie beside their like behind the thirtieth
    layer, the gradient of the last layer reaches the first one, and each layer only has to learn a correction
    (He et al. 2016).
    """
    three, plain, skips = (one.metric("train", "accuracy") for one in contestants)
    yield observe(
        "thirty plain layers: below 70 % of their training rows right, where three layers have 98 %",
        (plain < 0.7) & (three > 0.98),
        three_layers=three,
        thirty=plain,
    )
    yield observe(
        "with skip connections: above 90 %, on new rows above 85 %",
        (skips > 0.9) & (contestants[2].metric("test", "accuracy") > 0.85),
        training=skips,
        new=contestants[2].metric("test", "accuracy"),
    )
