"""The objective once more, in the words of the formulas: the definition that duals differentiate.

Written with NumPy's functions alone, never with a kernel or with anybody's derivative; activations and losses
take part by their `forward` and `training_rows`. Masks are those that training has drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nettrain.catalogue.activations import Activation
from nettrain.catalogue.losses import targets_for
from nettrain.catalogue.members import shaped
from nettrain.checks.backpropagation import Backpropagated
from nettrain.checks.dual import still
from nettrain.checks.problem import Numbers, Problem
from nettrain.model.architecture import Layer
from nettrain.model.batch_norm import normalised
from nettrain.model.numbers import layer_numbers

Tensors = Sequence[dict[str, Any]]  # by layer: weight (1, m, n), bias (1, 1, n), …; arrays or Duals


class Objective:
    """Data loss of the batch plus penalties, as a function of the network's tensors."""

    def __init__(self, problem: Problem, drawn: Backpropagated) -> None:
        train = problem.data.train
        members = problem.members
        self._layers, self._masks = problem.plan.layers, drawn.masks
        self._numbers = layer_numbers(problem.single.backend, members)
        self._loss = shaped(members.loss, 1)
        self._penalties = problem.experiment.regularization
        self._averages = problem.averages
        x = np.asarray(train.x[problem.rows], dtype=np.float64)[None]
        self._x = x if drawn.x is None else drawn.x
        self._y = targets_for(self._loss, train.y[problem.rows], problem.plan.outputs)[None]
        self._weight = np.asarray(train.weight[problem.rows], dtype=np.float64)[None]

    def __call__(self, tensors: Tensors) -> Any:
        """The objective (1,), a Dual where a tensor is one."""
        return self.data_loss(tensors) + self.penalty(tensors)

    def data_loss(self, tensors: Tensors) -> Any:
        """Σ weight·loss / Σ weight over the batch's rows, or the plain sum: (1,)."""
        output = self.output(tensors)
        rows = self._loss.training_rows(np, output, self._y)
        total = (rows * self._weight).sum(axis=-1)
        return total / self._weight.sum() if self._averages else total

    def output(self, tensors: Tensors) -> Any:
        """Layer by layer a = mask·f(batch_norm(a @ W + b)); the last a (1, B, K)."""
        a: Any = self._x
        for layer, own, numbers, mask in zip(self._layers, tensors, self._numbers, self._masks, strict=True):
            a = through(layer, own, numbers.activation, a)
            a = a if mask is None else a * mask
        return a

    def amplified(self, tensors: Tensors) -> Numbers:
        """By how much the batch norms of this layer and of those above multiply a delta, and its rounding.

        (L,), at least 1: the product of the layers' largest gain/√(variance + ε).
        """
        a, found = self._x, []
        for layer, own, numbers, mask in zip(self._layers, tensors, self._numbers, self._masks, strict=True):
            found.append(1.0)
            if layer.batch_norm is not None:
                variance = np.var(dense(layer, own, a), axis=1, keepdims=True)
                factor = np.abs(own["gain"]) / np.sqrt(variance + layer.batch_norm.epsilon)
                found[-1] = max(1.0, float(factor.max()))
            a = through(layer, own, numbers.activation, a)
            a = a if mask is None else a * mask
        return np.cumprod(np.array(found)[::-1])[::-1].astype(np.float64)

    def penalty(self, tensors: Tensors) -> Any:
        """l2/2·ΣW² + l1·Σ|W| over the weight matrices."""
        total: Any = 0.0
        for own in tensors:
            if self._penalties.l2:
                total = total + 0.5 * self._penalties.l2 * np.square(own["weight"]).sum()
            if self._penalties.l1:
                total = total + self._penalties.l1 * np.absolute(own["weight"]).sum()
        return total


def dense(layer: Layer, own: dict[str, Any], a: Any) -> Any:
    """a @ W + b."""
    z = a @ own["weight"]
    return z + own["bias"] if layer.bias else z


def through(layer: Layer, own: dict[str, Any], activation: Activation, a: Any) -> Any:
    """f(batch_norm(a @ W + b)) of one layer, whose activation has numbers (1, 1, 1)."""
    z = dense(layer, own, a)
    if layer.batch_norm is not None:
        z = normalised(np, z, own["gain"], own["shift"], layer.batch_norm.epsilon)
    learned = {name: own[name] for name in activation.learned}
    z = still(z, learned.values())
    out = z[..., : layer.units].copy()  # some activations make one unit of several columns
    activation.with_learned(learned).forward(np, z, out)
    return out
