"""Losses: each entry gives the loss of every row, and a fused pass of loss and gradient for training.

Conventions: output (R, B, K); labels (1|R, B) of whole numbers in [0, K), or targets (1|R, B, K);
weight (1|R, B). `rows(xp, s, output, target)` -> (R, B) is the definition, used when nothing is learned.
`train` is the kernel of a training step: it writes delta (R, B, K) = ∂(batch loss)/∂output and adds the
batch's weighted loss and its weight to total (R, 2). The batch loss is Σ weight·loss / Σ weight, or the
plain sum with `reduction: sum`; a batch without weight has loss and gradient 0. numbers (R, k) are the
values of `columns(s)`, of which the first says whether to divide. The function between the last layer and
the loss (its link: softmax, sigmoid or none) is part of the entry, so that its gradient is too.
"""

import math
from typing import Any, ClassVar, Literal

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.backend.kernel import Kernel, kernel, prange
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import number, option

losses: Registry["Loss"] = Registry("loss")


class Loss(Variant):
    """What is minimised. `link` names the output activation it brings, `fits` the targets it takes."""

    reduction: Literal["mean", "sum"] = option(
        "mean", "over the rows of a batch; sum gives the textbook delta rule"
    )
    link: ClassVar[str] = "linear"
    fits: ClassVar[tuple[str, ...]] = ()
    probabilities: ClassVar[bool] = True  # whether `respond` gives them for classes, or scores
    train: ClassVar[Kernel]

    @classmethod
    def columns(cls, s: Any) -> list[Any]:
        """What `train` needs to know of each member: (k) values, each a number or (R,)."""
        return [float(s.reduction == "mean")]

    @staticmethod
    def rows(xp: Any, s: Any, output: Array, target: Array) -> Array:
        """Loss of each row (R, B), without smoothing or weights."""
        raise NotImplementedError

    @staticmethod
    def respond(output: HostArray) -> HostArray:
        """Probabilities, or the numbers themselves, from outputs (…, K) on the host."""
        return output


class Smoothed(Loss):
    """A loss on classes that may pull its targets towards the uniform distribution."""

    label_smoothing: float = number(0.0, "share of each target that goes to all classes", ge=0, lt=1)

    @classmethod
    def columns(cls, s: Any) -> list[Any]:
        return [*super().columns(s), s.label_smoothing]


@kernel
def cross_entropy_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = logΣe^z - (1-s)·z_y - s/K·Σz; delta = (softmax - (1-s)·onehot - s/K)·weight."""
    members, batch, classes = output.shape
    for r in prange(members):
        g, h = r % target.shape[0], r % weight.shape[0]  # 0 where the axis is 1
        mass = total.dtype.type(0)
        for i in range(batch):
            mass += weight[h, i]
        divisor = output.dtype.type(mass) if numbers[r, 0] > 0 and mass > 0 else output.dtype.type(1)
        smoothing = numbers[r, 1]
        share = smoothing / output.dtype.type(classes)
        for i in range(batch):
            y = target[g, i]
            top = output[r, i, 0]
            for k in range(1, classes):
                top = max(top, output[r, i, k])
            norm = output.dtype.type(0)
            drift = output.dtype.type(0)
            for k in range(classes):
                z = output[r, i, k] - top
                drift += z
                e = math.exp(z)
                delta[r, i, k] = e
                norm += e
            factor = weight[h, i] / divisor
            for k in range(classes):
                delta[r, i, k] = (delta[r, i, k] / norm - share) * factor
            delta[r, i, y] -= (output.dtype.type(1) - smoothing) * factor
            hit = (output.dtype.type(1) - smoothing) * (output[r, i, y] - top)
            total[r, 0] += weight[h, i] * (math.log(norm) - hit - share * drift)
        total[r, 1] += mass


@losses.register("cross_entropy", source="Bishop 2006, section 4.3.4; smoothing: Szegedy 2016")
class CrossEntropy(Smoothed):
    """-log softmax(z)_y. The row maximum is subtracted first: logits of ±1e4 stay finite."""

    link = "softmax"
    fits = ("classes",)
    train = cross_entropy_step

    @staticmethod
    def rows(xp: Any, s: Any, output: Array, target: Array) -> Array:
        z = output - output.max(axis=-1, keepdims=True)
        labels = xp.broadcast_to(target, z.shape[:2])
        hit = xp.take_along_axis(z, labels[..., None], axis=-1)[..., 0]
        return xp.log(xp.exp(z).sum(axis=-1)) - hit

    @staticmethod
    def respond(output: HostArray) -> HostArray:
        """softmax(z)."""
        e: HostArray = np.exp(output - output.max(axis=-1, keepdims=True))
        total: HostArray = e.sum(axis=-1, keepdims=True)
        return e / total


@kernel
def binary_cross_entropy_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = Σ_k max(z,0) - z·y + log(1+e^-|z|), delta = (sigmoid(z) - y)·weight, y smoothed."""
    members, batch, labels = output.shape
    one = output.dtype.type(1)
    half = output.dtype.type(0.5)
    zero = output.dtype.type(0)
    for r in prange(members):
        g, h = r % target.shape[0], r % weight.shape[0]  # 0 where the axis is 1
        mass = total.dtype.type(0)
        for i in range(batch):
            mass += weight[h, i]
        divisor = output.dtype.type(mass) if numbers[r, 0] > 0 and mass > 0 else one
        smoothing = numbers[r, 1]
        for i in range(batch):
            factor = weight[h, i] / divisor
            loss = zero
            for k in range(labels):
                z = output[r, i, k]
                y = target[g, i, k] * (one - smoothing) + smoothing * half
                e = math.exp(-abs(z))
                sigmoid = (one if z >= zero else e) / (one + e)
                delta[r, i, k] = (sigmoid - y) * factor
                loss += max(z, zero) - z * y + math.log1p(e)
            total[r, 0] += weight[h, i] * loss
        total[r, 1] += mass


@losses.register("binary_cross_entropy", source="Bishop 2006, section 4.3.2")
class BinaryCrossEntropy(Smoothed):
    """-y·log σ(z) - (1-y)·log(1-σ(z)), summed over the outputs; stable for any z."""

    link = "sigmoid"
    fits = ("two classes", "labels")
    train = binary_cross_entropy_step

    @staticmethod
    def rows(xp: Any, s: Any, output: Array, target: Array) -> Array:
        z = output
        loss = xp.maximum(z, 0.0) - z * target + xp.log1p(xp.exp(-xp.absolute(z)))
        return loss.sum(axis=-1)

    @staticmethod
    def respond(output: HostArray) -> HostArray:
        """σ(z): the second of two classes', or each label's, probability."""
        p: HostArray = np.exp(np.minimum(output, 0)) / (1 + np.exp(-np.abs(output)))
        return p


@kernel
def mse_step(output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array) -> None:
    """loss = Σ_k (ŷ-y)²/K, delta = 2(ŷ-y)/K·weight."""
    members, batch, outputs = output.shape
    count = output.dtype.type(outputs)
    two = output.dtype.type(2)
    for r in prange(members):
        g, h = r % target.shape[0], r % weight.shape[0]  # 0 where the axis is 1
        mass = total.dtype.type(0)
        for i in range(batch):
            mass += weight[h, i]
        divisor = output.dtype.type(mass) if numbers[r, 0] > 0 and mass > 0 else output.dtype.type(1)
        for i in range(batch):
            factor = two * weight[h, i] / (divisor * count)
            loss = output.dtype.type(0)
            for k in range(outputs):
                error = output[r, i, k] - target[g, i, k]
                delta[r, i, k] = error * factor
                loss += error * error
            total[r, 0] += weight[h, i] * loss / count
        total[r, 1] += mass


@losses.register("mse")
class MeanSquaredError(Loss):
    """The mean over outputs of (ŷ-y)²."""

    fits = ("numbers",)
    train = mse_step

    @staticmethod
    def rows(xp: Any, s: Any, output: Array, target: Array) -> Array:
        return xp.square(output - target).mean(axis=-1)


def targets_for(loss: type[Loss], labels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Targets in the form a loss reads: labels (N,) for softmax, one column of 0 and 1 for two classes."""
    if "two classes" in loss.fits and labels.dtype.kind == "i":
        return labels[:, None].astype(np.float64)
    return labels
