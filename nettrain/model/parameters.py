"""Flat parameters: a member is one row, its layers are views of that row.

A row holds all weight matrices first, then all biases, gains, shifts and learned numbers of activations, so
that penalties and decay touch a prefix. Every view starts at a multiple of 64 elements; the padding between
views is 0 and stays 0. The running statistics of batch normalisation lie in a second row of the same form.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.catalogue.initializers import Initializer
from nettrain.model.architecture import Architecture

STRIDE = 64  # elements
WEIGHTS = 1  # purpose number of the draws below
ORDER = ("weight", "bias", "gain", "shift")  # of kinds in a row; learned numbers of activations follow
START = {"gain": 1.0, "running_variance": 1.0}  # all else starts at 0, or as its activation says


@dataclass(frozen=True)
class Slot:
    """Where one array of one layer lies in a row."""

    layer: int
    name: str
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class ParameterLayout:
    """The row of one member: slots, its length `size`, and how much of it is weight matrices."""

    slots: tuple[Slot, ...]
    size: int
    weights: int
    layers: int

    def start(self, layer: int, name: str) -> int:
        """Where this array begins in a row."""
        return next(s.start for s in self.slots if (s.layer, s.name) == (layer, name))


def layout(plan: Architecture) -> ParameterLayout:
    """The layout of this architecture's parameters."""
    return _laid_out([layer.arrays for layer in plan.layers])


def statistics_layout(plan: Architecture) -> ParameterLayout:
    """The layout of its running statistics."""
    return _laid_out([layer.statistics for layer in plan.layers])


def _laid_out(shapes: Sequence[dict[str, tuple[int, int]]]) -> ParameterLayout:
    """Kind by kind, each kind layer by layer."""
    kinds = dict.fromkeys([*ORDER, *(name for layer in shapes for name in layer)])
    slots, start, weights = [], 0, 0
    for kind in kinds:
        for k, layer in enumerate(shapes):
            if kind in layer:
                slots.append(Slot(k, kind, layer[kind], start))
                start += -(-slots[-1].size // STRIDE) * STRIDE
        weights = start if kind == "weight" else weights
    return ParameterLayout(tuple(slots), start, weights, len(shapes))


def views(buffer: Array, plan: ParameterLayout) -> list[dict[str, Array]]:
    """Per layer its arrays by name, weight (R, m, n), bias (R, 1, n) and so on, as views of buffer (R, P)."""
    layers: list[dict[str, Array]] = [{} for _ in range(plan.layers)]
    for slot in plan.slots:
        part = buffer[:, slot.start : slot.start + slot.size]
        layers[slot.layer][slot.name] = part.reshape(buffer.shape[0], *slot.shape)
    return layers


def initial_row(
    plan: Architecture, place: ParameterLayout, inits: Sequence[Initializer], seed: int
) -> HostArray:
    """The initial parameters (P,) of one member in float64: weights and biases from each layer's init.

    A layer's draw depends on the seed and the layer alone.
    """
    row = np.zeros((1, place.size))
    for k, (layer, init, view) in enumerate(zip(plan.layers, inits, views(row, place), strict=True)):
        generator = np.random.Generator(np.random.Philox(key=[seed, WEIGHTS], counter=[0, 0, 0, k]))
        slope = layer.activation.left_slope
        view["weight"][0] = init.scale * init.draw(generator, layer.fan_in, layer.columns, slope)
        starts = {**START, "bias": init.bias_init, **layer.activation.learned}
        for name in view.keys() & starts.keys():
            view[name][...] = starts[name]
    first: HostArray = row[0]
    return first


def initial_statistics(place: ParameterLayout) -> HostArray:
    """Running means 0 and variances 1 (Q,) in float64."""
    row = np.zeros((1, place.size))
    for layer in views(row, place):
        for name, array in layer.items():
            array[...] = START.get(name, 0.0)
    first: HostArray = row[0]
    return first
