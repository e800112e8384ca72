"""Flat parameters: each member is one row, and the parameters of its layers are views of that row.

A row holds all weight matrices first, then all biases, gains, shifts and other parameters. Every view starts
at a multiple of 64 elements; the padding between views is 0 and stays 0. Adjacent arrays of one parameter
group form a range, to which rate factors, decay and penalties apply. Running statistics lie in rows of the
same form.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nettrain.backend.base import Array, HostArray
from nettrain.catalogue.members import shaped, stack
from nettrain.catalogue.optimizers.groups import WEIGHT
from nettrain.model.architecture import Architecture, Node
from nettrain.model.layers.base import DefinitionContext, LearnedArray, StartData

STRIDE = 64  # elements
WEIGHTS = 1  # purpose number of the draws below
ORDER = ("weight", "projection", "bias", "gain", "shift")  # of names in a row; all others follow


@dataclass(frozen=True)
class Slot:
    """The position of one array of one layer in a row; it may be several matrices, one on another."""

    layer: int
    name: str
    shape: tuple[int, ...]
    start: int
    group: str = WEIGHT
    blocks: int = 1

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def stop(self) -> int:
        """The offset at which the next array may begin."""
        return self.start + -(-self.size // STRIDE) * STRIDE


@dataclass(frozen=True)
class Range:
    """Adjacent arrays of one parameter group: the elements from `start` up to `stop` of a row."""

    group: str
    start: int
    stop: int


@dataclass(frozen=True)
class ParameterLayout:
    """The layout of a row: its slots, and the number of layers that they belong to."""

    slots: tuple[Slot, ...]
    layers: int

    @property
    def size(self) -> int:
        return self.slots[-1].stop if self.slots else 0

    @cached_property
    def ranges(self) -> tuple[Range, ...]:
        """The ranges in order; a group may have several."""
        ranges: list[Range] = []
        for slot in self.slots:
            if ranges and ranges[-1].group == slot.group:
                ranges[-1] = Range(slot.group, ranges[-1].start, slot.stop)
            else:
                ranges.append(Range(slot.group, slot.start, slot.stop))
        return tuple(ranges)

    @property
    def weights(self) -> int:
        """The length of the leading part that holds the weight matrices."""
        return self.ranges[0].stop

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups that occur, weights first."""
        return tuple(dict.fromkeys(part.group for part in self.ranges))

    @cached_property
    def _slots(self) -> dict[tuple[int, str], Slot]:
        return {(slot.layer, slot.name): slot for slot in self.slots}

    def has(self, layer: int, name: str) -> bool:
        """Whether a layer has an array of this name."""
        return (layer, name) in self._slots

    def start(self, layer: int, name: str) -> int:
        """The offset of this array in a row."""
        return self._slots[layer, name].start

    def view(self, buffer: Array, layer: int, name: str) -> Array:
        """This array (R, m, n) as a view of buffer (R, P)."""
        slot = self._slots[layer, name]
        part = buffer[:, slot.start : slot.start + slot.size]
        return part.reshape(buffer.shape[0], *slot.shape)


def parameter_layout(architecture: Architecture) -> ParameterLayout:
    """The layout of this architecture's parameters."""
    return _laid_out([node.layer.arrays(node.inputs) for node in architecture.nodes])


def statistics_layout(architecture: Architecture) -> ParameterLayout:
    """The layout of its running statistics."""
    return _laid_out([node.layer.statistics(node.inputs) for node in architecture.nodes])


def _laid_out(arrays: Sequence[Mapping[str, LearnedArray]]) -> ParameterLayout:
    """Slots ordered by name, then by layer; weights come first."""
    names = dict.fromkeys([*ORDER, *(name for layer in arrays for name in layer)])
    slots: list[Slot] = []
    for name in names:
        for number, layer in enumerate(arrays):
            if name in layer:
                start = slots[-1].stop if slots else 0
                array = layer[name]
                slots.append(Slot(number, name, array.shape, start, array.group, array.blocks))
    return ParameterLayout(tuple(slots), len(arrays))


def views(buffer: Array, layout: ParameterLayout) -> list[dict[str, Array]]:
    """Per layer its arrays by name, weight (R, m, n), bias (R, 1, n) and so on, as views of buffer (R, P)."""
    layers: list[dict[str, Array]] = [{} for _ in range(layout.layers)]
    for slot in layout.slots:
        layers[slot.layer][slot.name] = layout.view(buffer, slot.layer, slot.name)
    return layers


def initial_row(
    architecture: Architecture,
    layout: ParameterLayout,
    seed: int,
    rows: HostArray | None = None,
    statistics: HostArray | None = None,
) -> HostArray:
    """The initial parameters (P,) of one member in float64.

    What a layer draws depends on the seed and its position alone. Layers with `starts_from_rows` also read
    their input for `rows`, encoded training rows (B, D), which the layers before them pass on by the initial
    `statistics` (Q,).
    """
    row, fitted = np.zeros((1, layout.size)), statistics_layout(architecture)
    begun = np.zeros((1, fitted.size)) if statistics is None else np.asarray(statistics, np.float64)[None]
    starting = _Starting(views(row, layout), views(begun, fitted), seed)
    starting.run(architecture.chain, None if rows is None else np.asarray(rows, np.float64)[None])
    first: HostArray = row[0]
    return first


class _Starting:
    """Initializes layer by layer, passing the rows on where there are any."""

    def __init__(
        self, arrays: list[dict[str, HostArray]], statistics: list[dict[str, HostArray]], seed: int
    ) -> None:
        self._arrays, self._statistics, self._seed = arrays, statistics, seed

    def run(self, nodes: Sequence[Node], x: HostArray | None) -> HostArray | None:
        for node in nodes:
            inside = self.run(node.body, x)
            self._start(node, x)
            x = None if x is None else self._output(node, x, inside)
        return x

    def _output(self, node: Node, x: HostArray, inside: HostArray | None) -> HostArray:
        """The output of a layer that has been initialized."""
        layer = shaped(stack([node.layer]), 2)
        output: HostArray = layer.definition(
            np,
            DefinitionContext(self._arrays[node.number], {}, lambda _: inside, self._statistics[node.number]),
            x,
        )
        return output

    def _start(self, node: Node, x: HostArray | None) -> None:
        number = node.stream_number
        counter = [0, 0, number >> 20, number & 0xFFFFF]
        generator = np.random.Generator(np.random.Philox(key=[self._seed, WEIGHTS], counter=counter))
        rows = None if x is None else x[0]
        for name, start in node.layer.initial_values(node.inputs, generator, rows).items():
            self._arrays[node.number][name][...] = start


def initial_statistics(
    architecture: Architecture, layout: ParameterLayout, start: StartData | None = None
) -> HostArray:
    """Running statistics (Q,) before the first batch, in float64.

    `start` are all training rows, which layers with `statistics_from_rows` read.
    """
    row = np.zeros((1, layout.size))
    for node, arrays in zip(architecture.nodes, views(row, layout), strict=True):
        for name, values in node.layer.initial_statistics(node.inputs, start).items():
            arrays[name][...] = values
    first: HostArray = row[0]
    return first
