"""Dead rectifiers, and leaky ones."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import curves, diagnostic_curves, joined
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


LN_K = 1.098612  # ln 3: the loss of a guess among three classes


@lesson(
    "Dead rectifiers, and leaky ones",
    rank=3,
    question="The biases of this lesson are bad on purpose. What in an ordinary training can push the "
    "input of a rectifier below zero for every row?",
    answer="One step that is too long. A large gradient, of an outlier or of the first steps, times a "
    "large rate can move a bias or a weight vector so far that z < 0 for all rows; from then on "
    "nothing moves it back. Shorter first steps (warm-up), clipping, a smaller rate and "
    "normalization prevent it; leaky rectifiers, elu or gelu make it curable.",
    follow_ups=(
        (
            "nettrain train dead_rectifiers/3_relu_from_zero_biases.yaml --diagnostics "
            "optimizer.learning_rate=3",
            "a rate that is too large kills them too",
        ),
        ("nettrain list activation --figure", "activations with their slopes"),
    ),
    panels=joined(curves("train_loss"), diagnostic_curves("hidden 2", "dead", "dead share of layer 2")),
)
def dead_rectifiers(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """A rectifier has no slope on the negative side, and that is where it can be lost.

    As long as some row makes its input positive, its weights get a gradient. When no row does, the gradient
    is exactly 0 and stays so. If a whole layer is dead, nothing in front of it learns either: only the last
    biases can move, and the network learns how frequent the classes are. A leaky rectifier has a small slope
    there, so that a unit that has strayed is led back.
    """
    relu, leaky, healthy = contestants
    dead = relu.diagnostic("hidden 2", "dead")
    yield observe(
        "relu: all units of layer 2 are dead from first to last, and the loss ends within 1 % of ln 3",
        (dead == 1).all(axis=1) & (abs(relu.last("train_loss") / LN_K - 1) < 0.01),
        dead_share=dead[:, -1],
        loss=relu.last("train_loss"),
    )
    yield observe(
        "leaky: with the same weights at the start, the loss ends below three quarters of that",
        leaky.last("train_loss") < 0.75 * LN_K,
        loss=leaky.last("train_loss"),
    )
    yield observe(
        "relu whose biases begin at 0 ends below a tenth of it: not the rectifier is to blame, but the start",
        healthy.last("train_loss") < LN_K / 10,
        loss=healthy.last("train_loss"),
    )
