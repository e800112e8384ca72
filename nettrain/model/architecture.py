"""The architecture that the members of a population share: the layers of the network, block by block."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from nettrain.errors import StoredContentError
from nettrain.model.input_columns import InputKind, SourceColumn
from nettrain.model.layers import Layer
from nettrain.model.layers.stored import from_json, to_json

FORMAT = 3  # of the stored form; format 2 had a fixed sequence of layers in each block


class BlockJson(TypedDict):
    """A block in a model file; its layers are plain settings, see `model.layers.stored`."""

    name: str
    number: Annotated[int, Field(ge=0, lt=1 << 20)]
    layers: Annotated[list[dict[str, Any]], Field(min_length=1)]


class SourceColumnJson(TypedDict):
    """The fields of a SourceColumn."""

    kinds: list[InputKind]
    categories: Annotated[int, Field(ge=0)]


class ArchitectureJson(TypedDict):
    """An architecture in a model file, and its schema."""

    format: int
    inputs: Annotated[int, Field(ge=1, lt=1 << 31)]
    blocks: Annotated[list[BlockJson], Field(min_length=1)]
    columns: list[SourceColumnJson]


@dataclass(frozen=True)
class Block:
    """Layers that belong together, named `input`, `hidden 1`, …, `output`.

    `number` identifies the block in the counters of random numbers.
    """

    name: str
    number: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Node:
    """A layer at its position in a network.

    `number` counts all layers in the order of the forward pass, `stream_number` keeps the random numbers of
    layers of one stream apart. `body` are the layers inside it.
    """

    layer: Layer
    inputs: int
    number: int
    stream_number: int
    block: Block
    body: tuple["Node", ...] = ()

    @property
    def outputs(self) -> int:
        return self.layer.width(self.inputs)

    @property
    def parameters(self) -> int:
        """The number of parameters of the layer itself, for one member and without padding."""
        return sum(math.prod(array.shape) for array in self.layer.arrays(self.inputs).values())

    @property
    def learns(self) -> bool:
        """Whether the layer, or one inside it, has parameters."""
        return bool(self.layer.arrays(self.inputs)) or any(node.learns for node in self.body)


@dataclass(frozen=True)
class Architecture:
    """Blocks of layers for `inputs` columns; dropout rates are the largest of any member.

    `columns` are the columns of the data that the inputs come from; without any, every input is a number.
    """

    inputs: int
    blocks: tuple[Block, ...]
    columns: tuple[SourceColumn, ...] = ()

    @cached_property
    def chain(self) -> tuple[Node, ...]:
        """The layers in order, each with those inside it."""
        return _Counting().chain(
            [(layer, block) for block in self.blocks for layer in block.layers], self.inputs
        )

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All layers by number; those inside a layer come before it."""
        return tuple(sorted(_flat(self.chain), key=lambda node: node.number))

    @property
    def outputs(self) -> int:
        return self.chain[-1].outputs

    @cached_property
    def parameters(self) -> int:
        """The number of parameters of one member, without padding."""
        return sum(node.parameters for node in self.nodes)

    def parameters_of(self, block: Block) -> int:
        """The number of parameters of one member in a block."""
        return sum(node.parameters for node in self.nodes if node.block is block)

    def width_of(self, block: Block) -> int:
        """Columns of a block's output."""
        return self._outputs[id(block)]

    @cached_property
    def _outputs(self) -> dict[int, int]:
        """The columns of each block's output, of which there may be a thousand."""
        return {id(node.block): node.outputs for node in self.chain}

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The number of inputs and the width of each block."""
        return (self.inputs, *(self.width_of(block) for block in self.blocks if block.name != INPUT))

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each matrix that signals are multiplied by."""
        return tuple(shape for node in self.nodes for shape in node.layer.products(node.inputs))

    @property
    def sub_members(self) -> int:
        """How many networks in one share a batch, or have one each, in training: k, usually 1."""
        return math.prod(node.layer.batches for node in self.chain)

    @property
    def couples_rows(self) -> bool:
        """Whether a row's outputs depend on the batch that it is trained in."""
        return any(node.layer.couples_rows for node in self.nodes)

    def to_json(self) -> ArchitectureJson:
        """Plain data from which `from_json` rebuilds this architecture."""
        blocks: list[BlockJson] = [
            {"name": block.name, "number": block.number, "layers": [to_json(layer) for layer in block.layers]}
            for block in self.blocks
        ]
        columns: list[SourceColumnJson] = [
            {"kinds": list(column.kinds), "categories": column.categories} for column in self.columns
        ]
        return {"format": FORMAT, "inputs": self.inputs, "blocks": blocks, "columns": columns}

    @classmethod
    def from_json(cls, stored: ArchitectureJson) -> "Architecture":
        """The inverse of `to_json`. Raises StoredContentError for layers that cannot be built."""
        columns = tuple(SourceColumn(tuple(one["kinds"]), one["categories"]) for one in stored["columns"])
        if columns and sum(len(column.kinds) for column in columns) != stored["inputs"]:
            raise StoredContentError("columns", f"are not those of {stored['inputs']} inputs")
        blocks = tuple(_block(position, block) for position, block in enumerate(stored["blocks"]))
        return cls(stored["inputs"], blocks, columns)


INPUT, OUTPUT = "input", "output"  # names of blocks


def _block(position: int, stored: BlockJson) -> Block:
    layers = []
    for number, layer in enumerate(stored["layers"]):
        try:
            layers.append(from_json(layer))
        except ValueError as error:
            raise StoredContentError(f"blocks.{position}.layers.{number}", str(error)) from error
    return Block(stored["name"], stored["number"], tuple(layers))


class _Counting:
    """Numbers layers in the order of the forward pass, those inside a layer before it."""

    def __init__(self) -> None:
        self._count = 0
        self._drawn: dict[tuple[int, str], int] = {}

    def chain(self, layers: Sequence[tuple[Layer, Block]], inputs: int) -> tuple[Node, ...]:
        nodes = []
        for layer, block in layers:
            body = self.chain([(inner, block) for inner in layer.children()], inputs)
            nodes.append(Node(layer, inputs, self._count, self._stream_number(layer, block), block, body))
            self._count += 1
            inputs = nodes[-1].outputs
        return tuple(nodes)

    def _stream_number(self, layer: Layer, block: Block) -> int:
        """The block's number, and above 2^20 which of its layers of this stream it is."""
        key = (block.number, layer.stream)
        self._drawn[key] = self._drawn.get(key, -1) + 1
        return block.number + (self._drawn[key] << 20)


def _flat(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield from _flat(node.body)
        yield node
