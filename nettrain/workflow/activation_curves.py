"""Activation functions and their derivatives as curves, computed by the layer that networks use."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.pool import Pool
from nettrain.catalogue.activations import Activation, activations
from nettrain.model.architecture import Architecture, Block
from nettrain.model.blocks import stacked_layers
from nettrain.model.layers.activation import ActivationLayer
from nettrain.model.network import Network
from nettrain.model.parameters import initial_row, parameter_layout
from nettrain.model.tape import Tape

REACH = 4.0  # curves go from -REACH to REACH, or BEYOND the last kink
BEYOND = 1.0
PLACES = 801  # of a curve
HALVINGS = 50  # of an interval in which a kink lies


@dataclass(frozen=True, eq=False)
class ActivationCurve:
    """One activation f along a line: places x (N,), values and derivatives (N,), cut at the kinks.

    `cuts` are the positions in x at which a new smooth piece begins, and `taken` is what the derivative is
    taken to be at each of the `kinks` between them. An activation of several columns goes
    along a line through them, which `line` describes; `companions` are its other columns, or other outputs.
    """

    name: str
    x: Floats
    values: Floats
    derivatives: Floats
    kinks: tuple[float, ...] = ()
    cuts: tuple[int, ...] = ()
    taken: tuple[float, ...] = ()
    line: str = ""
    companions: tuple[Floats, ...] = ()

    def pieces(self) -> list[slice]:
        """The smooth pieces, as parts of x."""
        edges = (0, *self.cuts, len(self.x))
        return [slice(first, last) for first, last in itertools.pairwise(edges)]


def activation_curves(names: Sequence[str] | None = None) -> list[ActivationCurve]:
    """The curves of these activations, by default of all, with their default settings."""
    return [activation_curve(activations[name]()) for name in names or activations]


def activation_curve(function: Activation) -> ActivationCurve:
    """The curve of one activation; what it learns has its initial value."""
    line = _Line.of(function)
    low = min([-REACH, *(kink - BEYOND for kink in function.kinks)])
    high = max([REACH, *(kink + BEYOND for kink in function.kinks)])
    kinks = _kinks(function, line, np.linspace(low, high, PLACES))
    x, cuts = _places(low, high, kinks)
    outputs, derivatives = _evaluate(function, line, x)
    taken = _evaluate(function, line, np.array(kinks))[1] if kinks else np.array([])
    return ActivationCurve(
        function.name,
        x,
        outputs[:, 0],
        derivatives,
        kinks,
        cuts,
        tuple(taken.tolist()),
        line.text,
        tuple(line.columns(x).T if len(line.slopes) > outputs.shape[1] else outputs[:, 1:].T),
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """Columns z = slope·x + offset (N, k), along which an activation is drawn."""

    slopes: Floats
    offsets: Floats
    text: str = ""

    @staticmethod
    def of(function: Activation) -> "_Line":
        pieces = function.columns_per_unit
        if pieces > 1:  # tangents of the parabola x²/2
            slopes = np.linspace(-1, 1, pieces)
            return _Line(slopes, -(slopes**2) / 2, f"the largest of {pieces} lines")
        if not function.elementwise:
            return _Line(
                np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]), "first of 3 outputs, z = (x, 1, 0)"
            )
        learned = ", ".join(f"{name} {start:g}" for name, start in function.learned.items())
        return _Line(np.ones(1), np.zeros(1), f"{learned} at the start, learned" if learned else "")

    def columns(self, x: Floats) -> Floats:
        z: Floats = x[:, None] * self.slopes + self.offsets
        return z


def _evaluate(function: Activation, line: _Line, x: Floats) -> tuple[Floats, Floats]:
    """The outputs (N, H), and the derivative (N,) of the first along the line."""
    z = line.columns(x)
    layer = ActivationLayer(function=function)
    architecture = Architecture(z.shape[1], (Block("activation", 0, (layer,)),))
    backend, layout = NumpyBackend(dtype="float64", threads=1), parameter_layout(architecture)
    parameters, gradient = initial_row(architecture, layout, 0)[None], np.zeros((1, layout.size))
    network = Network(backend, architecture, parameters, np.zeros((1, 0)), stacked_layers([architecture]))
    tape = Tape()
    signals = network.forward(tape, z[None].copy(), Pool(backend).prefixed("curve"), training=True)
    for call in tape.bound(backend):
        call()
    outputs = signals.output[0].copy()
    backward, delta = Tape(), np.zeros_like(signals.output)
    delta[..., 0] = 1.0
    for context in signals.contexts.values():
        context.gradient = gradient
    delta = signals.chain.backward(backward, delta, needs_delta=True)
    for call in backward.bound(backend):
        call()
    return outputs, delta[0] @ line.slopes


def _kinks(function: Activation, line: _Line, x: Floats) -> tuple[float, ...]:
    """Where the line passes from one smooth piece to the next, to the last bit or nearly."""
    sides = _sides(function, line, x)
    if sides is None:
        return ()
    found = []
    for k in np.flatnonzero(np.diff(sides)):
        low, high = x[k], x[k + 1]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            here = _sides(function, line, np.array([middle]))
            assert here is not None
            low, high = (middle, high) if here[0] == sides[k] else (low, middle)
        found.append(round(float(low), 9) + 0.0)
    return tuple(found)


def _sides(function: Activation, line: _Line, x: Floats) -> Floats | None:
    """Numbers (N,) of the smooth pieces on which places lie."""
    sides = function.sides(np, line.columns(x))
    return None if sides is None else sides.reshape(len(x), -1)[:, 0]


def _places(low: float, high: float, kinks: Sequence[float]) -> tuple[Floats, tuple[int, ...]]:
    """Places from low to high that end and begin anew beside each kink, and where they do."""
    edges = [low, *kinks, high]
    pieces = []
    for k, (left, right) in enumerate(itertools.pairwise(edges)):
        inner = np.linspace(left, right, max(2, round(PLACES * (right - left) / (high - low))))
        tiny = 1e-9 * max(1.0, abs(left), abs(right))
        inner[0] += tiny if k else 0.0
        inner[-1] -= tiny if k < len(kinks) else 0.0
        pieces.append(inner)
    cuts = np.cumsum([len(piece) for piece in pieces])[:-1]
    return np.concatenate(pieces), tuple(int(cut) for cut in cuts)
