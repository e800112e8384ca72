"""The network: forward through its layers, backward in reverse order. It knows no kind of layer by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nettrain.backend.base import Array, Backend
from nettrain.backend.pool import Allocate
from nettrain.model.architecture import Architecture, Node
from nettrain.model.layers.base import Body, Context, DropoutState, Layer
from nettrain.model.parameters import parameter_layout, statistics_layout
from nettrain.model.tape import Tape


class Network:
    """An architecture with the arrays of its R members: parameters (R, P) and running statistics (R, Q).

    `layers` are the architecture's layers by number, with the stacked settings of all members.
    """

    def __init__(
        self,
        backend: Backend,
        architecture: Architecture,
        parameters: Array,
        statistics: Array,
        layers: Sequence[Layer],
    ) -> None:
        self.backend, self.architecture, self.layers = backend, architecture, layers
        self.parameters, self.statistics = parameters, statistics
        self.layout, self.statistics_layout = parameter_layout(architecture), statistics_layout(architecture)

    def forward(
        self,
        tape: Tape,
        x: Array,
        allocate: Allocate,
        *,
        training: bool = False,
        dropout_state: DropoutState | None = None,
        own_batches: bool = False,
    ) -> "Pass":
        """Append the forward pass of x (1|R, B, D), with buffers from `allocate`.

        In training, layers may use statistics of the batch, otherwise running statistics. Dropout is active
        if there is a `dropout_state`. With `own_batches`, x has a batch for each sub-member.
        """
        mode = {"training": training, "dropout_state": dropout_state, "own_batches": own_batches}
        contexts = {node.number: self._context(node, allocate, **mode) for node in self.architecture.nodes}
        chain = Sequential(self.architecture.chain, self.layers, contexts)
        return Pass(contexts, chain, x, chain.forward(tape, x))

    def _context(self, node: Node, allocate: Allocate, **mode: Any) -> Context:
        return Context(
            backend=self.backend,
            number=node.number,
            stream_number=node.stream_number,
            parameters=self.parameters,
            layout=self.layout,
            statistics=self.statistics,
            statistics_layout=self.statistics_layout,
            allocate=allocate,
            **mode,
        )


@dataclass(frozen=True)
class Pass:
    """A forward pass on a tape: the context of each layer by number, the input x and the output (R, B, K)."""

    contexts: dict[int, Context]
    chain: "Sequential"
    x: Array
    output: Array

    def backward(self, tape: Tape, delta: Array, gradient: Array) -> None:
        """Append the backward pass from delta (R, B, K) = ∂loss/∂output to the gradient (R, P)."""
        for context in self.contexts.values():
            context.gradient = gradient
        self.chain.backward(tape, delta, needs_delta=False)


class Sequential(Body):
    """Layers that are applied one after the other."""

    def __init__(self, nodes: Sequence[Node], layers: Sequence[Layer], contexts: dict[int, Context]) -> None:
        self._nodes, self._layers, self._contexts = nodes, layers, contexts
        for node in nodes:
            if node.body:
                contexts[node.number].body = Sequential(node.body, layers, contexts)

    def forward(self, tape: Tape, x: Array) -> Array:
        free = False  # the caller may still read x
        for node in self._nodes:
            context = self._contexts[node.number]
            context.may_overwrite = free
            tape.on_input(node, x)
            y = context.output = self._layers[node.number].forward(tape, context, x)
            tape.on_output(node, y)
            free = free if y is x else not node.layer.reads_output
            x = y
        return x

    def backward(self, tape: Tape, delta: Array, *, needs_delta: bool) -> Array:
        learning = [
            needs_delta or any(node.learns for node in self._nodes[:k]) for k in range(len(self._nodes))
        ]
        for node, needed in zip(reversed(self._nodes), reversed(learning), strict=True):
            context = self._contexts[node.number]
            context.needs_delta = needed
            if needed or node.learns:
                tape.on_delta(node, delta)
                delta = self._layers[node.number].backward(tape, context, delta)
        return delta
