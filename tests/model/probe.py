"""Layers by themselves: one pass over a batch, forward and backward, for any number of members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.philox import key_words
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import shaped, stack
from nettrain.model.architecture import Architecture, Block, Node
from nettrain.model.blocks import stacked_layers
from nettrain.model.layers import Layer
from nettrain.model.layers.base import Context, DefinitionContext, DropoutState, StartData
from nettrain.model.network import Network
from nettrain.model.parameters import (
    initial_row,
    initial_statistics,
    parameter_layout,
    statistics_layout,
    views,
)
from nettrain.model.tape import Tape

Arrays = Mapping[str, np.ndarray]


@dataclass
class Probe:
    """Layers over inputs x (R, B, D), with the parameters (R, P) that they start with or are given."""

    architecture: Architecture
    parameters: np.ndarray
    x: np.ndarray
    training: bool = True
    fuse: bool = True
    given: Arrays = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        layers: Sequence[Layer],
        x: np.ndarray,
        arrays: Arrays | None = None,
        statistics: Arrays | None = None,
        **mode: bool,
    ) -> "Probe":
        """The same layers for every member of x; `arrays` by name are set in whichever layer has them.

        So are `statistics`, which else begin as those of the member's rows.
        """
        architecture = Architecture(x.shape[2], (Block("hidden 1", 0, tuple(layers)),))
        layout = parameter_layout(architecture)
        rows = np.stack([initial_row(architecture, layout, seed) for seed in range(len(x))]).astype(x.dtype)
        for slot in layout.slots:
            if arrays and slot.name in arrays:
                layout.view(rows, slot.layer, slot.name)[...] = np.asarray(arrays[slot.name])
        return cls(architecture, rows, x, given=statistics or {}, **mode)

    def run(self, delta: np.ndarray) -> "Probe":
        """One pass forward, and back from delta (R, B, W): `output`, `dx`, `gradient` and `statistics`."""
        backend, members = NumpyBackend(str(self.x.dtype)), len(self.x)
        layout = statistics_layout(self.architecture)
        starts = [StartData(x, np.zeros(len(x))) for x in self.x]
        rows = [initial_statistics(self.architecture, layout, start) for start in starts]
        self.statistics = np.stack(rows).astype(self.x.dtype)
        for slot in layout.slots:
            if slot.name in self.given:
                layout.view(self.statistics, slot.layer, slot.name)[...] = self.given[slot.name]
        net = Network(
            backend,
            self.architecture,
            self.parameters,
            self.statistics,
            stacked_layers([self.architecture] * members),
        )
        keys = np.array([key_words(40 + r) for r in range(members)], dtype=np.uint64)
        dropout_state = DropoutState(keys, np.zeros(1, np.uint64))
        tape, self.gradient = Tape(), np.zeros_like(self.parameters)
        signals = net.forward(
            tape, self.x, Pool(backend).prefixed("probe"), training=self.training, dropout_state=dropout_state
        )
        self._replay(tape, backend)
        self.contexts: dict[int, Context] = signals.contexts
        self.output = signals.output.copy()
        if self.training:
            for context in signals.contexts.values():
                context.gradient = self.gradient
            back = Tape()
            dx = signals.chain.backward(back, delta.copy(), needs_delta=True)
            self._replay(back, backend)
            self.dx = dx.copy()
        return self

    def _replay(self, tape: Tape, backend: NumpyBackend) -> None:
        for call in tape.bound(backend, fuse=self.fuse):
            call()

    def gradient_of(self, name: str) -> np.ndarray:
        """The gradient (R, m, n) of the array of this name, of which there is one."""
        (slot,) = (slot for slot in parameter_layout(self.architecture).slots if slot.name == name)
        return parameter_layout(self.architecture).view(self.gradient, slot.layer, slot.name)

    def defined(self, row: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The output (1, B, W) by the layers' definitions, for parameters (P,) and inputs x (B, D)."""
        return self._through(self.architecture.chain, row[None], x[None])

    def _through(self, nodes: Sequence[Node], row: np.ndarray, x: np.ndarray) -> np.ndarray:
        for node in nodes:
            names = node.layer.arrays(node.inputs)
            arrays = {
                name: parameter_layout(self.architecture).view(row, node.number, name) for name in names
            }
            drawn = {name: self.contexts[node.number].buffers[name][:1] for name in node.layer.drawn}
            fitted = views(self.statistics[:1], statistics_layout(self.architecture))[node.number]
            body = lambda x, body=node.body: self._through(body, row, x)  # noqa: E731
            ctx = DefinitionContext(arrays, drawn, body, fitted)
            x = shaped(stack([node.layer]), 2).definition(np, ctx, x)
        return x
