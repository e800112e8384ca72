"""Flat parameters: a member is one row, its layers are views of that row.

A row holds all weight matrices first, then all biases, so that penalties and decay touch a prefix. Every
view starts at a multiple of 64 elements; the padding between views is 0 and stays 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.catalogue.initializers import Initializer
from nettrain.model.architecture import Architecture

STRIDE = 64  # elements
WEIGHTS = 1  # purpose number of the draws below


@dataclass(frozen=True)
class Slot:
    """Where one array of one layer lies in a row."""

    layer: int
    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Layout:
    """The row of one member: slots, its length `size`, and how much of it is weight matrices."""

    slots: tuple[Slot, ...]
    size: int
    weights: int

    def start(self, layer: int, name: str) -> int:
        """Where this array begins in a row."""
        return next(s.start for s in self.slots if (s.layer, s.name) == (layer, name))


def layout(plan: Architecture) -> Layout:
    """The layout of this architecture's parameters."""
    shapes = [(k, "weight", (layer.fan_in, layer.units)) for k, layer in enumerate(plan.layers)]
    biases = [(k, "bias", (1, layer.units)) for k, layer in enumerate(plan.layers)]
    slots, start = [], 0
    for k, name, shape in [*shapes, *biases]:
        slots.append(Slot(k, name, shape, start))
        start += -(-slots[-1].size // STRIDE) * STRIDE
    return Layout(tuple(slots), start, slots[len(shapes)].start)


def views(buffer: Array, plan: Layout) -> list[dict[str, Array]]:
    """Per layer the arrays weight (R, m, n) and bias (R, 1, n) as views of buffer (R, P)."""
    layers: list[dict[str, Array]] = [{} for _ in range(1 + max(slot.layer for slot in plan.slots))]
    for slot in plan.slots:
        part = buffer[:, slot.start : slot.start + slot.size]
        layers[slot.layer][slot.name] = part.reshape(buffer.shape[0], *slot.shape)
    return layers


def initial_row(plan: Architecture, place: Layout, inits: Sequence[Initializer], seed: int) -> HostArray:
    """The initial parameters (P,) of one member in float64: weights and biases from each layer's init.

    A layer's draw depends on the seed and the layer alone.
    """
    row = np.zeros((1, place.size))
    for k, (layer, init, view) in enumerate(zip(plan.layers, inits, views(row, place), strict=True)):
        generator = np.random.Generator(np.random.Philox(key=[seed, WEIGHTS], counter=[0, 0, 0, k]))
        slope = layer.activation.left_slope
        view["weight"][0] = init.scale * init.draw(init, generator, layer.fan_in, layer.units, slope)
        view["bias"][0] = init.bias_init
    first: HostArray = row[0]
    return first
