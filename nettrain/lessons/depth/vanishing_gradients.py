"""Vanishing gradients: sigmoids against rectifiers, ten layers deep."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import by_layer, curves, joined
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


LN_K = 2.302585  # ln 10: the loss of a guess among ten classes


@lesson(
    "Vanishing gradients: ten layers of sigmoids",
    rank=2,
    question="Where is the slope of the sigmoid largest, and what is left of a gradient after ten layers "
    "even there, if the weights neither shrink nor stretch it?",
    answer="At z = 0, where a = ½ and a(1−a) = ¼; everywhere else it is smaller. Ten factors of ¼ are "
    "4⁻¹⁰, about a millionth. Larger weights do not help: they push z away from 0, where the "
    "slope falls faster than the weight grows. tanh has the slope 1 at 0 and does better, a "
    "rectifier has it for every positive z.",
    follow_ups=(
        (
            "nettrain train vanishing_gradients/1_sigmoid.yaml model.activation=tanh",
            "tanh has the slope 1 at 0",
        ),
        (
            "nettrain train vanishing_gradients/1_sigmoid.yaml model.norm=batch",
            "batch norm keeps z where sigmoids have a slope",
        ),
        (
            "nettrain train vanishing_gradients/1_sigmoid.yaml model.residual=true",
            "skip connections lead around the layers",
        ),
    ),
    panels=joined(curves("train_loss"), by_layer("gradient_norm", "gradient norm before training")),
)
def vanishing_gradients(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Backpropagation multiplies by the slope of every activation that it passes.

    A sigmoid's slope is at most a quarter. Ten layers take the gradient down by many powers of ten, so that
    the first layers keep their random weights, and what they pass on is noise to the last ones. This kept
    deep networks from learning for twenty years. Diagnostics show it before the first step: the gradient's
    norm by layer.
    """
    sigmoid, relu = contestants
    norms = {one.name: one.by_layer("gradient_norm", 0) for one in contestants}
    share = {name: values[:, 0] / values[:, -1] for name, values in norms.items()}
    yield observe(
        "sigmoid: the gradient of the first layer is less than a ten-thousandth of that of the tenth",
        share["sigmoid"] < 1e-4,
        gradient_of_layer_1=norms["sigmoid"][:, 0],
        of_layer_10=norms["sigmoid"][:, -1],
    )
    yield observe(
        "relu: they are within a factor of 10",
        (share["relu"] > 0.1) & (share["relu"] < 10),
        gradient_of_layer_1=norms["relu"][:, 0],
        of_layer_10=norms["relu"][:, -1],
    )
    yield observe(
        "sigmoid: the loss ends within 2 % of ln 10 = 2.303; relu: it ends below half of that",
        (abs(sigmoid.last("train_loss") / LN_K - 1) < 0.02) & (relu.last("train_loss") < LN_K / 2),
        sigmoid=sigmoid.last("train_loss"),
        relu=relu.last("train_loss"),
    )
