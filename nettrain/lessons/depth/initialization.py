"""Zeros, tiny, He's and too large initial weights."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nettrain.lessons.observation import Observation, observe
from nettrain.lessons.panel import by_layer, curves, joined
from nettrain.lessons.registry import lesson

if TYPE_CHECKING:
    from nettrain.lessons.contestant import Contestant


LN_K = 2.302585  # ln 10: the loss of a guess among ten classes


@lesson(
    "Initial weights: zero, tiny, He's, too large",
    rank=1,
    question="A unit sums m products of independent weights and inputs of mean square 1. With which "
    "variance of the weights is the sum's variance 1, and why does a network of rectifiers need "
    "twice that?",
    answer="The variances add up to m·var(w), so var(w) = 1/m. A rectifier sets the negative half of its"
    " inputs to 0, and with it half of the mean square of what the next layer gets; 2/m makes up "
    "for it. For tanh and sigmoid, which are nearly linear at 0, Glorot's 2/(m+n) is a compromise"
    " between the way forward (1/m) and the way back (1/n). Zeros are worse than tiny: all units "
    "of a layer stay equal for ever, even where a gradient arrives.",
    follow_ups=(
        (
            "nettrain train initialization/2_tiny.yaml model.norm=batch",
            "batch norm restores the spread in every layer",
        ),
        ("nettrain check initialization/2_tiny.yaml", "the signals, measured before training"),
    ),
    panels=joined(
        curves("train_loss"), by_layer("activation_spread", "spread of activations before training")
    ),
)
def initialization(contestants: "Sequence[Contestant]") -> Iterator[Observation]:
    """Every layer multiplies the signal by a factor, and eight layers by its eighth power.

    If weights are ten times too small, the activations of the eighth layer are a hundred million times too
    small, and so is the gradient on its way back. If they are twice too large, the outputs are hundreds of
    times too large before the first step, the loss with them, and only tiny rates do not explode. He's
    variance makes the factor 1.
    """
    zeros, tiny, he, large = contestants
    yield observe(
        "zeros and tiny weights: after all epochs the loss is within 1 % of ln 10 = 2.303",
        (abs(zeros.last("train_loss") / LN_K - 1) < 0.01) & (abs(tiny.last("train_loss") / LN_K - 1) < 0.01),
        zeros=zeros.last("train_loss"),
        tiny=tiny.last("train_loss"),
    )
    yield observe(
        "He's: the loss ends below half of that; too large: it begins at 100 times that, ends at twice He's",
        (he.last("train_loss") < LN_K / 2)
        & (large.at(0, "train_loss") > 100 * LN_K)
        & (large.last("train_loss") > 2 * he.last("train_loss")),
        he=he.last("train_loss"),
        too_large_before_training=large.at(0, "train_loss"),
        too_large=large.last("train_loss"),
    )
    spread = {one.name: one.by_layer("activation_spread", 0) for one in (tiny, he, large)}
    last = {name: values[:, -1] / values[:, 0] for name, values in spread.items()}
    yield observe(
        "layer 1 to 8: the spread of activations falls below a millionth with tiny weights, stays within a "
        "factor of 4 with He's, and grows more than 25 times with too large ones",
        (last["tiny"] < 1e-6) & (last["he"] > 1 / 4) & (last["he"] < 4) & (last["too large"] > 25),
        tiny=last["tiny"],
        he=last["he"],
        too_large=last["too large"],
    )
