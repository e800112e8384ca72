"""Losses on probabilities: of one class among several, of yes or no, and of whole distributions."""

import math

import numpy as np

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.exponential import exp_below_zero
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.losses.base import Loss, batch_weight, losses
from nettrain.catalogue.settings import Number, number

NEAR_ONE = 1e-5  # how far the sum of a distribution may be from 1, for those printed with six digits


class Smoothed(Loss):
    """A loss on probabilities that may move its targets towards the uniform distribution."""

    label_smoothing: float = number(0.0, "share of each target that goes to all classes", ge=0, lt=1)

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), self.label_smoothing]


def minus_p_log_p(p: HostArray) -> HostArray:
    """-p·log p, and 0 for p = 0."""
    values: HostArray = -p * np.log(np.where(p > 0, p, 1.0))
    return values


def log_softmax(xp: ArrayModule, output: Array) -> Array:
    """z - log Σe^z along the last axis; the maximum is subtracted first: outputs of ±1e4 stay finite."""
    z = output - output.max(axis=-1, keepdims=True)
    return z - xp.log(xp.exp(z).sum(axis=-1, keepdims=True))


def softmax(xp: ArrayModule, output: Array) -> Array:
    """e^z / Σe^z along the last axis."""
    e = xp.exp(output - output.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def of_label(xp: ArrayModule, values: Array, label: Array) -> Array:
    """The value (R, B) in values (R, B, K) that each label (1|R, B) names."""
    first = xp.arange(0, values.size, values.shape[2]).reshape(values.shape[:2])  # of each row
    return xp.take(values.reshape(-1), first + label, axis=0)


def negative_log_likelihood(xp: ArrayModule, output: Array, target: Array) -> Array:
    """-log softmax(z)_y (R, B) of labels y, or -Σp·log softmax(z) of targets that are distributions p."""
    log_q = log_softmax(xp, output)
    return -of_label(xp, log_q, target) if target.ndim == 2 else -(log_q * target).sum(axis=-1)


def one_hot(xp: ArrayModule, output: Array, label: Array) -> Array:
    """Labels (1|R, B) one-hot (1|R, B, K): 1 at the label, 0 elsewhere."""
    return (xp.arange(output.shape[-1]) == label[..., None]).astype(output.dtype)


def shares_of_sum(predictions: Array) -> Array:
    """Each class's share (…, K) of the sum of predictions from 0 on; equal shares where all are 0."""
    total = predictions.sum(axis=-1, keepdims=True)
    return np.where(total > 0, predictions, 1.0) / np.where(total > 0, total, predictions.shape[-1])


def not_a_distribution(target: HostArray) -> str:
    """What targets must be, and the first row (K,) that is not; "" when all rows are distributions."""
    if target.ndim == 1:
        return ""
    wrong = (target < 0).any(axis=1) | (np.abs(target.sum(axis=1) - 1) > NEAR_ONE)
    if not wrong.any():
        return ""
    row = target[int(np.argmax(wrong))]
    return f"targets from 0 on whose sum is 1, not {', '.join(f'{value:g}' for value in row)}"


@kernel
def cross_entropy_labels(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = logΣe^z - (1-s)·z_y - s/K·Σz; delta = (softmax - (1-s)·onehot - s/K)·weight."""
    members, batch, classes = output.shape
    one = output.dtype.type(1)
    for r in prange(members):
        labels, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        smoothing = numbers[r, 1]
        share = smoothing / output.dtype.type(classes)
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, y = output[r, i], delta[r, i], labels[i]
            top = z[0]
            for k in range(1, z.size):
                top = max(top, z[k])
            drift = output.dtype.type(0)
            for k in range(z.size):
                d[k] = z[k] - top
                drift += d[k]
            lost -= weights[i] * ((one - smoothing) * d[y] + share * drift)
        exp_below_zero(delta[r].reshape(batch * classes))
        for i in range(batch):
            d, y = delta[r, i], labels[i]
            norm = output.dtype.type(0)
            for k in range(d.size):
                norm += d[k]
            factor = weights[i] / divisor
            slope, pull = factor / norm, share * factor
            for k in range(d.size):
                d[k] = d[k] * slope - pull
            d[y] -= (one - smoothing) * factor
            lost += weights[i] * math.log(norm)
        total[r, 0] += lost
        total[r, 1] += mass


@kernel
def cross_entropy_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = Σp·logΣe^z - Σpz, plus Σp·log p where numbers[r, 2] is 1; delta = (Σp·softmax - p)·weight.

    p are the targets after smoothing.
    """
    members, batch, classes = output.shape
    one, zero = output.dtype.type(1), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        keep, share = one - numbers[r, 1], numbers[r, 1] / output.dtype.type(classes)
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, p = output[r, i], delta[r, i], targets[i]
            top = z[0]
            for k in range(1, z.size):
                top = max(top, z[k])
            norm, sure, hit = zero, zero, zero
            for k in range(z.size):
                d[k] = math.exp(z[k] - top)
                norm += d[k]
                sure += keep * p[k] + share
                hit += (keep * p[k] + share) * (z[k] - top)
            loss = sure * math.log(norm) - hit
            if numbers[r, 2] > 0:
                for k in range(z.size):
                    loss += p[k] * math.log(p[k]) if p[k] > zero else zero
            factor = weights[i] / divisor
            for k in range(z.size):
                d[k] = (sure * d[k] / norm - (keep * p[k] + share)) * factor
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("cross_entropy", source="Bishop 2006, section 4.3.4; smoothing: Szegedy 2016")
class CrossEntropy(Smoothed):
    """-log softmax(z)_y, or -Σp·log softmax(z) of a target that is a distribution p.

    The loss for classes that exclude each other. delta = softmax(z) - onehot. Label smoothing s replaces the
    target by (1-s)·onehot + s/K, which keeps probabilities away from 0 and 1. As torch.nn.CrossEntropyLoss.
    """

    output_activation = "softmax"
    fits = ("classes", "distributions")
    train = cross_entropy_step
    train_labels = cross_entropy_labels

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 0.0]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        return negative_log_likelihood(xp, output, target)

    def training_rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        even = -log_softmax(xp, output).mean(axis=-1)
        return (1.0 - self.label_smoothing) * self.rows(xp, output, target) + self.label_smoothing * even

    def target_entropies(self, target: HostArray, outputs: int, *, smoothed: bool) -> HostArray | None:
        """-Σp·log p; classes have some only when they are smoothed, and then all the same."""
        share = float(self.label_smoothing) / outputs if smoothed else 0.0
        if target.ndim == 2:
            p = np.asarray(target, np.float64)
            return np.asarray(minus_p_log_p(p * (1 - share * outputs) + share).sum(axis=-1))
        both = minus_p_log_p(np.array([1 - share * (outputs - 1), share]))
        return np.full(len(target), both[0] + (outputs - 1) * both[1])

    @staticmethod
    def predictions(xp: ArrayModule, output: Array) -> Array:
        """softmax(z)."""
        return softmax(xp, output)

    @staticmethod
    def outputs_for(predictions: HostArray) -> HostArray:
        """log p."""
        return np.log(predictions)

    @staticmethod
    def objection(target: HostArray) -> str:
        return not_a_distribution(target)


@losses.register("kl_divergence", source="Kullback & Leibler 1951")
class KullbackLeibler(Loss):
    """D(p‖q) = Σp·log(p/q) with q = softmax(z): cross-entropy minus the entropy of the target.

    For targets that are distributions: the gradient is that of cross_entropy, but 0 is a perfect fit. Of a
    single class, whose entropy is 0, it is cross_entropy itself. As torch.nn.KLDivLoss on log softmax(z).
    """

    output_activation = "softmax"
    fits = ("classes", "distributions")
    train = cross_entropy_step
    train_labels = cross_entropy_labels

    def kernel_numbers(self) -> list[Number]:
        return [*super().kernel_numbers(), 0.0, 1.0]

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        """0·log 0 is 0."""
        if target.ndim == 2:
            return negative_log_likelihood(xp, output, target)
        log_p = xp.log(xp.where(target > 0, target, 1.0))
        return (target * (log_p - log_softmax(xp, output))).sum(axis=-1)

    @staticmethod
    def predictions(xp: ArrayModule, output: Array) -> Array:
        """softmax(z)."""
        return softmax(xp, output)

    @staticmethod
    def outputs_for(predictions: HostArray) -> HostArray:
        """log p."""
        return np.log(predictions)

    @staticmethod
    def objection(target: HostArray) -> str:
        return not_a_distribution(target)


@kernel
def binary_cross_entropy_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """loss = Σ_k max(z,0) - z·y + log(1+e^-|z|), delta = (sigmoid(z) - y)·weight, y smoothed."""
    members, batch, _ = output.shape
    one, half, zero = output.dtype.type(1), output.dtype.type(0.5), output.dtype.type(0)
    for r in prange(members):
        targets, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        smoothing = numbers[r, 1]
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d, t = output[r, i], delta[r, i], targets[i]
            factor = weights[i] / divisor
            loss = zero
            for k in range(z.size):
                y = t[k] * (one - smoothing) + smoothing * half
                e = math.exp(-abs(z[k]))
                sigmoid = (one if z[k] >= zero else e) / (one + e)
                d[k] = (sigmoid - y) * factor
                loss += max(z[k], zero) - z[k] * y + math.log1p(e)
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


@kernel
def one_against_all_step(
    output: Array, target: Array, weight: Array, numbers: Array, delta: Array, total: Array
) -> None:
    """As binary_cross_entropy_step for labels: y of the label's own output is 1, of all others 0."""
    members, batch, _ = output.shape
    one, half, zero = output.dtype.type(1), output.dtype.type(0.5), output.dtype.type(0)
    for r in prange(members):
        labels, weights = target[r % target.shape[0]], weight[r % weight.shape[0]]  # 0 where the axis is 1
        mass, divisor = batch_weight(weights, numbers[r, 0])
        no = numbers[r, 1] * half
        yes = one - no
        lost = total.dtype.type(0)
        for i in range(batch):
            z, d = output[r, i], delta[r, i]
            factor = weights[i] / divisor
            loss = zero
            for k in range(z.size):
                y = yes if k == labels[i] else no
                e = math.exp(-abs(z[k]))
                sigmoid = (one if z[k] >= zero else e) / (one + e)
                d[k] = (sigmoid - y) * factor
                loss += max(z[k], zero) - z[k] * y + math.log1p(e)
            lost += weights[i] * loss
        total[r, 0] += lost
        total[r, 1] += mass


@losses.register("binary_cross_entropy", source="Bishop 2006, section 4.3.2")
class BinaryCrossEntropy(Smoothed):
    """-y·log σ(z) - (1-y)·log(1-σ(z)), summed over the outputs; stable for any z.

    For two classes with one output, and for labels, any number of which may be 1. Of several classes each
    gets an output that tells it from all others: one against all. As torch.nn.BCEWithLogitsLoss, but summed
    over the outputs.
    """

    output_activation = "sigmoid"
    fits = ("classes", "two classes", "labels")
    train = binary_cross_entropy_step
    train_labels = one_against_all_step

    def rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        z = output
        if target.ndim == 2:
            target = one_hot(xp, output, target)
        loss = xp.maximum(z, 0.0) - z * target + xp.log1p(xp.exp(-xp.absolute(z)))
        return loss.sum(axis=-1)

    def training_rows(self, xp: ArrayModule, output: Array, target: Array) -> Array:
        if target.ndim == 2:
            target = one_hot(xp, output, target)
        smoothing = xp.asarray(self.label_smoothing)[..., None]
        return self.rows(xp, output, target * (1.0 - smoothing) + smoothing * 0.5)

    def target_entropies(self, target: HostArray, outputs: int, *, smoothed: bool) -> HostArray | None:
        """Σ_k of the entropy of yes and no, of each output."""
        smoothing = float(self.label_smoothing) if smoothed else 0.0
        if target.ndim == 1:  # the label's own output is as sure of yes as all others are of no
            target = np.zeros((len(target), outputs))
        y = np.asarray(target, np.float64) * (1 - smoothing) + smoothing / 2
        return np.asarray((minus_p_log_p(y) + minus_p_log_p(1 - y)).sum(axis=-1))

    @staticmethod
    def predictions(xp: ArrayModule, output: Array) -> Array:
        """σ(z): the probability of the second of two classes, or of each label."""
        return xp.exp(xp.minimum(output, 0)) / (1 + xp.exp(-xp.absolute(output)))

    @staticmethod
    def outputs_for(predictions: HostArray) -> HostArray:
        """The log odds."""
        return np.log(predictions) - np.log1p(-predictions)

    @staticmethod
    def class_probabilities(predictions: Array) -> Array:
        """Each class's share of their sum; equal shares where all are 0."""
        return shares_of_sum(predictions)
