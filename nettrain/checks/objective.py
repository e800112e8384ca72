"""The objective as its formulas define it, which the dual numbers differentiate.

It is computed with NumPy's functions alone, without a kernel and without any hand-written derivative: by the
`definition` of every layer and the `training_rows` of the loss. Masks and noise are those of training's step.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.losses import targets_for
from nettrain.catalogue.members import shaped
from nettrain.checks.backpropagation import StepGradient
from nettrain.checks.dual import Dual
from nettrain.checks.problem import GradientProblem
from nettrain.experiment.task import loss_of
from nettrain.model.architecture import Node
from nettrain.model.layers.base import DefinitionContext

Signal: TypeAlias = Floats | Dual
Tensors = Sequence[Mapping[str, Signal]]  # by layer: weight (1, m, n), bias (1, 1, n), …
Visit = Callable[[Node, DefinitionContext, Signal], None]


class Objective:
    """Data loss of the batch plus penalties, as a function of the network's tensors."""

    def __init__(self, problem: GradientProblem, step: StepGradient) -> None:
        train = problem.data.train
        self._problem, self._random_buffers = problem, step.random_buffers
        self._layers = [shaped(layer, 2) for layer in problem.single_run.population.layers]
        self._statistics = problem.statistics
        self._loss = shaped(loss_of(problem.stacked), 1)
        self._x = np.asarray(train.x[problem.rows], dtype=np.float64)[None]
        rows = np.tile(problem.rows, problem.architecture.sub_members)  # each has a loss of its own
        self._y = targets_for(self._loss, train.y[rows], problem.architecture.outputs)[None]
        self._weight = np.asarray(train.weight[rows], dtype=np.float64)[None]

    def __call__(self, tensors: Tensors) -> Signal:
        """The objective (1,), a Dual where a tensor is one."""
        objective: Signal = self.data_loss(tensors) + self.penalty(tensors)
        return objective

    def data_loss(self, tensors: Tensors) -> Signal:
        """Σ weight·loss / Σ weight over the batch's rows, or the plain sum: (1,)."""
        output = self.output(tensors)
        rows: Signal = self._loss.training_rows(np, output, self._y)
        total: Signal = (rows * self._weight).sum(axis=-1)
        return total / (self._weight.sum() or 1.0) if self._problem.averages else total

    def output(self, tensors: Tensors, visit: Visit | None = None) -> Signal:
        """The last output (1, B, K), by the definition of one layer after the other.

        `visit` is called with every layer, what its definition reads, and its input.
        """
        return self._through(self._problem.architecture.chain, tensors, visit, self._x)

    def _through(self, nodes: Sequence[Node], tensors: Tensors, visit: Visit | None, x: Signal) -> Signal:
        for node in nodes:
            layer, body = self._layers[node.number], partial(self._through, node.body, tensors, visit)
            drawn, fitted = self._random_buffers[node.number], self._statistics[node.number]
            at = DefinitionContext(tensors[node.number], drawn, body, fitted)
            if visit is not None:
                visit(node, at, x)
            x = layer.definition(np, at, x)
        return x

    def amplification(self, tensors: Tensors) -> Floats:
        """By how much the norms of a layer and of those behind it multiply a delta, and its rounding error.

        (L,), at least 1, one for each layer; the tensors are plain arrays.
        """
        factors = np.ones(len(self._layers))

        def visit(node: Node, at: DefinitionContext, x: Signal) -> None:
            assert not isinstance(x, Dual), "the tensors are plain arrays"
            factors[node.number] = max(1.0, self._layers[node.number].amplification(at, x))

        self.output(tensors, visit)
        return np.cumprod(factors[::-1])[::-1].astype(np.float64)

    def penalty(self, tensors: Tensors) -> Signal | float:
        """l2/2·Σw² + l1·Σ|w| over the arrays whose group has a penalty."""
        total: Signal | float = 0.0
        for slot in self._problem.layout.slots:
            l1, l2 = (self._problem.penalty(name, slot.group) for name in ("l1", "l2"))
            array = tensors[slot.layer][slot.name]
            if l2:
                total = total + 0.5 * l2 * np.square(array).sum()
            if l1:
                total = total + l1 * np.absolute(array).sum()
        return total
