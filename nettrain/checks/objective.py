"""The objective once more, in the words of the formulas: the definition that duals differentiate.

Written with NumPy's functions alone, never with a kernel or with anybody's derivative; layers and losses take
part by their `definition` and `training_rows`. Masks and noise are those that training has drawn.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from nettrain.catalogue.losses import targets_for
from nettrain.catalogue.members import shaped
from nettrain.checks.backpropagation import Backpropagated
from nettrain.checks.problem import Numbers, Problem
from nettrain.model.architecture import Node
from nettrain.model.layers.base import DefinitionContext

Tensors = Sequence[dict[str, Any]]  # by layer: weight (1, m, n), bias (1, 1, n), …; arrays or Duals
Visit = Callable[[Node, DefinitionContext, Any], None]


class Objective:
    """Data loss of the batch plus penalties, as a function of the network's tensors."""

    def __init__(self, problem: Problem, drawn: Backpropagated) -> None:
        train = problem.data.train
        self._problem, self._drawn = problem, drawn.drawn
        self._layers = [shaped(layer, 2) for layer in problem.single.population.layers]
        self._loss = shaped(problem.members.loss, 1)
        self._averages = problem.averages
        self._x = np.asarray(train.x[problem.rows], dtype=np.float64)[None]
        self._y = targets_for(self._loss, train.y[problem.rows], problem.architecture.outputs)[None]
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

    def output(self, tensors: Tensors, visit: Visit | None = None) -> Any:
        """Layer by layer, as each defines itself: the last output (1, B, K).

        `visit` is called with every layer, what it works with and its input.
        """
        return self._through(self._problem.architecture.chain, tensors, visit, self._x)

    def _through(self, nodes: Sequence[Node], tensors: Tensors, visit: Visit | None, x: Any) -> Any:
        for node in nodes:
            layer, body = self._layers[node.number], partial(self._through, node.body, tensors, visit)
            at = DefinitionContext(tensors[node.number], self._drawn[node.number], body)
            if visit is not None:
                visit(node, at, x)
            x = layer.definition(np, at, x)
        return x

    def amplified(self, tensors: Tensors) -> Numbers:
        """By how much the norms of this layer and of those behind it multiply a delta, and its rounding.

        (L,), at least 1, by the number of the layer.
        """
        factors = np.ones(len(self._layers))

        def visit(node: Node, at: DefinitionContext, x: Any) -> None:
            factors[node.number] = max(1.0, self._layers[node.number].amplification(at, x))

        self.output(tensors, visit)
        return np.cumprod(factors[::-1])[::-1].astype(np.float64)

    def penalty(self, tensors: Tensors) -> Any:
        """l2/2·Σw² + l1·Σ|w| over the arrays whose group has a penalty."""
        total: Any = 0.0
        for slot in self._problem.layout.slots:
            l1, l2 = (self._problem.penalty(name, slot.group) for name in ("l1", "l2"))
            array = tensors[slot.layer][slot.name]
            if l2:
                total = total + 0.5 * l2 * np.square(array).sum()
            if l1:
                total = total + l1 * np.absolute(array).sum()
        return total
